"""TRAK and TracIn on one network, against the authors' package and captum: the same scores, and how long they take.

The network has the shape of the replication's and random weights: neither agreement nor time depends on training.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from captum.influence import TracInCP
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from trak import TRAKer
from trak.projectors import AbstractProjector, BasicProjector, ProjectionType
from trak.utils import vectorize

from benchmarks.timing import Comparison, compare_in_turn
from replications.trak.data import Images
from replications.trak.method import Projection, output_gradients, trak_kernel, trak_scores
from replications.trak.networks import Network, build_network, log_odds, standardise
from replications.trak.similarity import tracin

TRAIN, TARGETS, CLASSES, DIMENSION, CHUNK = 500, 50, 10, 128, 100
AGREEMENT = 0.99  # Pearson correlation, over all scores


class SharedProjector(AbstractProjector):
    """Our projection behind the package's interface, so that both sides project alike."""

    def __init__(self, size: int) -> None:
        super().__init__(size, DIMENSION, 0, ProjectionType.rademacher, "cpu")
        self.projection = Projection(size, DIMENSION, 0)

    def project(self, grads: Tensor | dict[str, Tensor], model_id: int) -> Tensor:
        """Returns the projected gradients."""
        return self.projection(vectorize(grads, device="cpu") if isinstance(grads, dict) else grads)


def compare() -> Iterator[Comparison]:
    """Yields both comparisons; that the two sides agree is checked first."""
    rng = np.random.default_rng(0)
    shapes = ((TRAIN, 1, 28, 28), (TARGETS, 1, 28, 28))
    train, test = (rng.integers(256, size=shape).astype(np.uint8) for shape in shapes)
    labels = [rng.integers(CLASSES, size=len(part)) for part in (train, test)]
    images = Images(train, labels[0], test, labels[1], tuple("0123456789"), 255)
    network = build_network("convolutional", images)
    weights = network.start(rng)
    data = [
        (standardise(images, part), torch.from_numpy(classes))
        for part, classes in (("test", labels[1]), ("train", labels[0]))
    ]
    module = network.module.requires_grad_(True)
    module.load_state_dict(network.named(weights)[0])

    def ours() -> Tensor:
        return score_with_trak(network, weights, data)

    _refuse_disagreement("traker", ours(), score_with_traker(module, data, SharedProjector(network.size)))
    own = BasicProjector(network.size, DIMENSION, 0, ProjectionType.rademacher, torch.device("cpu"))
    yield compare_in_turn(
        f"TRAK scores, one network, {TRAIN} images, {TARGETS} targets, {DIMENSION} dimensions", "traker",
        ours, lambda: score_with_traker(module, data, own),
    )  # fmt: skip

    def ours_by_tracin() -> Tensor:
        gradients = [output_gradients(network, weights, x, y, CHUNK) for x, y in data]
        pulls = [torch.sigmoid(-log_odds(network(weights, x), y)).detach() for x, y in data]
        return tracin(*gradients, *pulls)

    def theirs_by_tracin() -> Tensor:
        peer = TracInCP(
            module, TensorDataset(*data[1]), checkpoints=["only"], checkpoints_load_func=lambda *_: 1.0,
            loss_fn=nn.CrossEntropyLoss(reduction="sum"), batch_size=CHUNK, sample_wise_grads_per_batch=True,
        )  # fmt: skip
        return peer.influence(data[0]).detach()

    _refuse_disagreement("captum", ours_by_tracin(), theirs_by_tracin())
    yield compare_in_turn(
        f"TracIn scores, one checkpoint, {TRAIN} images, {TARGETS} targets", "captum", ours_by_tracin, theirs_by_tracin
    )


def score_with_trak(network: Network, weights: Tensor, data: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Returns our scores (target, image) of one network."""
    projection = Projection(network.size, DIMENSION, 0)
    target, train = (output_gradients(network, weights, x, y, CHUNK, projection) for x, y in data)
    with torch.no_grad():
        pull = torch.sigmoid(-log_odds(network(weights, data[1][0]), data[1][1]))
    return trak_scores([trak_kernel(target, train)], [pull])


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


def _refuse_disagreement(peer: str, ours: Tensor, theirs: Tensor) -> None:
    agreement = float(np.corrcoef(ours.numpy().ravel(), theirs.numpy().ravel())[0, 1])
    if not agreement >= AGREEMENT:
        raise AssertionError(f"got a correlation of {agreement:.4f} with {peer}, expected at least {AGREEMENT}")
    print(f"correlation with {peer}: {agreement:.6f}")
