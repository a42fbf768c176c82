"""TRAK and TracIn on one network, against the authors' package and captum: the same scores, and how long they take.

Also how the time of our scores grows with the networks and with the training images. The network has the shape of the
replication's and random weights: neither agreement nor time depends on training.
"""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from captum.influence import TracInCP
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from trak import TRAKer
from trak.projectors import AbstractProjector, BasicProjector, ProjectionType
from trak.utils import vectorize

from benchmarks.limits import count_limit
from benchmarks.timing import Comparison, Growth, compare_in_turn, time_median
from replications.trak.data import Images
from replications.trak.method import Projection, output_gradients, trak_kernel, trak_scores
from replications.trak.networks import Network, build_network, log_odds, standardise
from replications.trak.similarity import tracin

TRAIN, TARGETS, CLASSES, DIMENSION, CHUNK = 500, 50, 10, 128, 100
MANY_MODELS, MANY_IMAGES = (1, 3, 9), (250, 1000, 4000)
AGREEMENT = 0.99  # Pearson correlation, over all scores
ROUGH_AGREEMENT = 0.9  # the same between inner products before and after a projection
TRACIN = (
    "Both sides do the same: every image's gradient, which takes nearly all of the time, and one product of matrices."
)


class SharedProjector(AbstractProjector):
    """Our projection behind the package's interface, so that both sides project alike."""

    def __init__(self, size: int) -> None:
        super().__init__(size, DIMENSION, 0, ProjectionType.rademacher, "cpu")
        self.projection = Projection(size, DIMENSION, 0)

    def project(self, grads: Tensor | dict[str, Tensor], model_id: int) -> Tensor:
        """Returns the projected gradients."""
        return self.projection(vectorize(grads, device="cpu") if isinstance(grads, dict) else grads)


def compare() -> Iterator[Comparison | Growth]:
    """Yields the comparisons, each after a check that both sides agree; then how the time of our scores grows."""
    network, weights, data = draw_network(TRAIN)
    network.module.requires_grad_(True).load_state_dict(network.named(weights)[0])
    for compare_pair in (_compare_scores, _compare_projections, _compare_tracin):
        yield compare_pair(network, weights, data)
    what = f"TRAK scores, {TARGETS} targets, {DIMENSION} dimensions"
    yield Growth(
        f"{what}, {TRAIN} images", "models",
        {n: time_median(partial(score_with_trak, network, [weights] * n, data), 3) for n in MANY_MODELS},
        "Each network has gradients, a projection and a kernel of its own; their mean costs next to nothing.",
    )  # fmt: skip
    yield Growth(
        f"{what}, one network", "examples", dict(map(_time_images, MANY_IMAGES)),
        "Gradients, projection and both products of the kernel go once through the images; only the inverse, which is "
        "of the projected dimension, and the targets' gradients do not grow with them.",
    )  # fmt: skip


def _time_images(count: int) -> tuple[int, float]:
    network, weights, data = draw_network(count)
    return count, time_median(partial(score_with_trak, network, [weights], data), 3)


def draw_network(train_images: int) -> tuple[Network, Tensor, list[tuple[Tensor, Tensor]]]:
    """Returns a network, random weights, and random images with their classes: targets, then training images."""
    rng = np.random.default_rng(0)
    shapes = ((train_images, 1, 28, 28), (TARGETS, 1, 28, 28))
    train, test = (rng.integers(256, size=shape).astype(np.uint8) for shape in shapes)
    labels = [rng.integers(CLASSES, size=len(part)) for part in (train, test)]
    images = Images(train, labels[0], test, labels[1], tuple("0123456789"), 255)
    network = build_network("convolutional", images)
    data = [
        (standardise(images, part), torch.from_numpy(classes))
        for part, classes in (("test", labels[1]), ("train", labels[0]))
    ]
    return network, network.start(rng), data


def _compare_scores(network: Network, weights: Tensor, data: list[tuple[Tensor, Tensor]]) -> Comparison:
    def ours() -> Tensor:
        return score_with_trak(network, [weights], data)

    def theirs() -> Tensor:
        own = BasicProjector(network.size, DIMENSION, 0, ProjectionType.rademacher, torch.device("cpu"))
        return score_with_traker(network.module, data, own)

    shared = SharedProjector(network.size)
    _refuse_disagreement("traker", ours(), score_with_traker(network.module, data, shared))
    what = f"TRAK scores, one network, {TRAIN} images, {TARGETS} targets, {DIMENSION} dimensions"
    return compare_in_turn(what, "traker", ours, theirs, limit=count_limit(ours))


def _compare_projections(network: Network, weights: Tensor, data: list[tuple[Tensor, Tensor]]) -> Comparison:
    gradients = output_gradients(network, weights, *data[1], CHUNK)
    projection = Projection(network.size, DIMENSION, 0)
    peer = BasicProjector(network.size, DIMENSION, 0, ProjectionType.rademacher, torch.device("cpu"))

    def ours() -> Tensor:
        return projection(gradients)

    def theirs() -> Tensor:
        return peer.project(gradients, 0)

    for side in (ours, theirs):  # the signs differ, so what can be compared are the inner products that they keep
        _refuse_disagreement("whole gradients", side() @ side().T, gradients @ gradients.T, ROUGH_AGREEMENT)
    what = f"projection of {TRAIN} gradients of {network.size} parameters to {DIMENSION} dimensions"
    return compare_in_turn(what, "traker", ours, theirs, limit=count_limit(ours))


def _compare_tracin(network: Network, weights: Tensor, data: list[tuple[Tensor, Tensor]]) -> Comparison:
    def ours() -> Tensor:
        gradients = [output_gradients(network, weights, x, y, CHUNK) for x, y in data]
        pulls = [torch.sigmoid(-log_odds(network(weights, x), y)).detach() for x, y in data]
        return tracin(*gradients, *pulls)

    def theirs() -> Tensor:
        peer = TracInCP(
            network.module, TensorDataset(*data[1]), checkpoints=["only"], checkpoints_load_func=lambda *_: 1.0,
            loss_fn=nn.CrossEntropyLoss(reduction="sum"), batch_size=CHUNK, sample_wise_grads_per_batch=True,
        )  # fmt: skip
        return peer.influence(data[0]).detach()

    _refuse_disagreement("captum", ours(), theirs())
    what = f"TracIn scores, one checkpoint, {TRAIN} images, {TARGETS} targets"
    return compare_in_turn(what, "captum", ours, theirs, why=TRACIN, limit=count_limit(ours))


def score_with_trak(network: Network, models: list[Tensor], data: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Returns our scores (target, image), given the weights of each network."""
    kernels, pulls = [], []
    for number, weights in enumerate(models):
        projection = Projection(network.size, DIMENSION, number)
        target, train = (output_gradients(network, weights, x, y, CHUNK, projection) for x, y in data)
        kernels.append(trak_kernel(target, train))
        with torch.no_grad():
            pulls.append(torch.sigmoid(-log_odds(network(weights, data[1][0]), data[1][1])))
    return trak_scores(kernels, pulls)


def score_with_traker(module: nn.Module, data: list[tuple[Tensor, Tensor]], projector: AbstractProjector) -> Tensor:
    """Returns the package's scores (target, image) of one network."""
    with tempfile.TemporaryDirectory() as folder:
        traker = TRAKer(
            model=module, task="image_classification", train_set_size=TRAIN, save_dir=str(Path(folder) / "scores"),
            device="cpu", projector=projector, use_half_precision=False, logging_level=100,
        )  # fmt: skip
        state = module.state_dict()
        traker.load_checkpoint(state, model_id=0)
        for x, y in zip(data[1][0].split(CHUNK), data[1][1].split(CHUNK), strict=True):
            traker.featurize((x, y), num_samples=len(x))
        traker.finalize_features()
        traker.start_scoring_checkpoint("benchmark", state, model_id=0, num_targets=TARGETS)
        for x, y in zip(data[0][0].split(CHUNK), data[0][1].split(CHUNK), strict=True):
            traker.score((x, y), num_samples=len(x))
        scores = traker.finalize_scores("benchmark")
    return torch.from_numpy(np.array(scores)).T


def _refuse_disagreement(peer: str, ours: Tensor, theirs: Tensor, least: float = AGREEMENT) -> None:
    agreement = float(np.corrcoef(ours.numpy().ravel(), theirs.numpy().ravel())[0, 1])
    if not agreement >= least:
        raise AssertionError(f"got a correlation of {agreement:.4f} with {peer}, expected at least {least}")
    print(f"correlation with {peer}: {agreement:.6f}")
