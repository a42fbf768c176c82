"""Every method's scores from the same networks, network by network: after some of them the mean so far is given out."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from replications.trak.data import Images
from replications.trak.influence import (
    arnoldi,
    head_gradients,
    head_hessian,
    last_layer_influence,
    loss_hessian_product,
    with_bias,
)
from replications.trak.method import Projection, output_gradients, trak_kernel, trak_scores
from replications.trak.networks import Network, build_network, log_odds, standardise
from replications.trak.retraining import predict
from replications.trak.settings import Setting
from replications.trak.similarity import cosines, tracin


@dataclass(frozen=True)
class Scored:
    """Scores of a method.

    Attributes:
        method: its name.
        models: networks that were trained for it.
        scores: of each training image for each target; positive is helpful.
    """

    method: str
    models: int
    scores: Float[np.ndarray, "target image"]


class Clock:
    """Seconds spent on each part, and how often."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Adds the time of the block to a part."""
        started = time.perf_counter()
        yield
        self.seconds[part].append(time.perf_counter() - started)


@dataclass(frozen=True)
class Gradients:
    """Gradients of outputs at one checkpoint, whole (or as far as they are kept) and projected."""

    target: Float[Tensor, "target d"]
    train: Float[Tensor, "image d"]
    target_projected: Float[Tensor, "target dimension"]
    train_projected: Float[Tensor, "image dimension"]


class Mean:
    """A running mean of arrays of one shape."""

    def __init__(self) -> None:
        self.count, self.sum = 0, torch.zeros(())

    def add(self, array: Tensor) -> None:
        """Adds an array."""
        self.count, self.sum = self.count + 1, self.sum + array

    def get(self) -> Tensor:
        """Returns the mean so far."""
        return self.sum / self.count


class Scorer:
    """Goes through networks and gives out the mean scores of each method.

    Args:
        setting: which networks and how many.
        images: training images and targets.
        masks: which images each network was trained on.
        damping: of the last layer's Hessian.
        arnoldi_steps: of Arnoldi's method.
        arnoldi_rank: eigenvalues kept.
        seed: of projections and Arnoldi's first vectors.
        clock: takes the seconds of each part.
    """

    def __init__(
        self,
        setting: Setting,
        images: Images,
        masks: Bool[np.ndarray, "model image"],
        *,
        damping: float,
        arnoldi_steps: int,
        arnoldi_rank: int,
        seed: int,
        clock: Clock,
    ) -> None:
        self.setting, self.masks, self.seed = setting, masks, seed
        self.damping, self.arnoldi_steps, self.arnoldi_rank = damping, arnoldi_steps, arnoldi_rank
        self.network: Network = build_network(setting.network, images)
        self.inputs = [standardise(images, part, setting.device) for part in ("test", "train")]
        labels: list[Int[np.ndarray, " n"]] = [images.test_labels, images.train_labels]
        self.labels = [torch.from_numpy(part).to(setting.device) for part in labels]
        self.means: dict[str, Mean] = defaultdict(Mean)
        self.clock = clock

    def score(self, weights: Float[Tensor, "model checkpoint weight"]) -> Iterator[Scored]:
        """Yields the scores of every method that takes gradients or activations."""
        # Deviation: models-of-the-baselines
        setting = self.setting
        for number, checkpoints in enumerate(weights, start=1):
            final = checkpoints[-1].to(setting.device)
            with self.clock.time("gradients"):
                gradients = self._gradients(final, number)
            pulls = self._pulls(final)
            yield from self._trak(gradients, pulls, number)
            if number <= max(setting.similarity_models):
                yield from self._similarities(final, gradients, pulls, number)
            if number <= max(setting.arnoldi_models):
                yield from self._arnoldi(final, gradients, pulls, number)
            if number <= max(setting.checkpoint_models):
                yield from self._checkpoints(checkpoints, gradients, pulls, number)

    def _gradients(self, weights: Float[Tensor, " weight"], number: int) -> Gradients:
        widest = max(*self.setting.dimensions, self.setting.dimension)
        projection = Projection(self.network.size, widest, self.seed * 100_003 + number)
        arguments = self.network, weights
        before = None if self.setting.exact_gradients else projection
        target, train = (
            output_gradients(*arguments, x, y, self.setting.chunk, before)
            for x, y in zip(self.inputs, self.labels, strict=True)
        )
        if not self.setting.exact_gradients:
            return Gradients(target, train, target, train)
        return Gradients(target, train, projection(target), projection(train))

    def _pulls(self, weights: Float[Tensor, " weight"]) -> list[Tensor]:
        """Returns 1 - p of targets and training images."""
        return [
            torch.sigmoid(-log_odds(predict(self.network, weights, x), y))
            for x, y in zip(self.inputs, self.labels, strict=True)
        ]

    def _kernel(self, gradients: Gradients, dimension: int) -> Tensor:
        return trak_kernel(gradients.target_projected[:, :dimension], gradients.train_projected[:, :dimension]).cpu()

    def _trak(self, gradients: Gradients, pulls: list[Tensor], number: int) -> Iterator[Scored]:
        setting, means = self.setting, self.means
        with self.clock.time("trak"):
            kernel, pull = self._kernel(gradients, setting.dimension), pulls[1].cpu()
        means["kernel"].add(kernel)
        means["pull"].add(pull)
        if number in {*setting.trak_models, len(setting.training.checkpoints)}:
            yield self._give("trak", number, trak_scores([means["kernel"].get()], [means["pull"].get()]))
        if number > setting.ablation_models:
            return
        means["mean-of-products"].add(kernel * pull)
        projected = (part[:, : setting.dimension] for part in (gradients.target_projected, gradients.train_projected))
        target, train = projected
        means["no-inverse"].add((target @ train.T).cpu())
        others = [d for d in setting.dimensions if d != setting.dimension]
        for dimension in others:
            means[f"dimension-{dimension}"].add(self._kernel(gradients, dimension))
        if number == setting.ablation_models:
            yield self._give("no-reweighting", number, means["kernel"].get())
            yield self._give("mean-of-products", number, means["mean-of-products"].get())
            for name in ("no-inverse", *(f"dimension-{dimension}" for dimension in others)):
                yield self._give(name, number, trak_scores([means[name].get()], [means["pull"].get()]))

    def _similarities(
        self, weights: Tensor, gradients: Gradients, pulls: list[Tensor], number: int
    ) -> Iterator[Scored]:
        found = {}
        with self.clock.time("similarity"):
            found["tracin-last"] = tracin(gradients.target, gradients.train, *pulls)
            found["gradient-similarity"] = cosines(gradients.target, gradients.train)
        with self.clock.time("representation"):
            hidden = [predict(self.network, weights, x, hidden=True) for x in self.inputs]
            found["representation-similarity"] = cosines(*hidden)
        with self.clock.time("last-layer"):
            found["influence-last-layer"] = self._last_layer(weights, hidden, number)
        yield from self._add(found, number, self.setting.similarity_models)

    def _last_layer(self, weights: Tensor, hidden: list[Tensor], number: int) -> Tensor:
        """Returns influences in the last layer's weights; the Hessian is that of the network's own training images."""
        biased = "head.bias" in self.network.parameters
        features = [with_bias(part) if biased else part for part in hidden]
        probabilities = [predict(self.network, weights, x).softmax(1) for x in self.inputs]
        shares = torch.from_numpy(self.masks[number - 1] / self.masks[number - 1].sum()).to(features[1])
        hessian = head_hessian(features[1], probabilities[1], shares)
        target, train = (head_gradients(*part) for part in zip(features, probabilities, self.labels, strict=True))
        return last_layer_influence(target, train, hessian, self.damping)

    def _arnoldi(self, weights: Tensor, gradients: Gradients, pulls: list[Tensor], number: int) -> Iterator[Scored]:
        with self.clock.time("arnoldi"):
            seen = torch.from_numpy(np.flatnonzero(self.masks[number - 1])).to(weights.device)
            data = self.inputs[1][seen], self.labels[1][seen]
            product = loss_hessian_product(self.network, weights, *data, 1000)
            generator = torch.Generator().manual_seed(self.seed * 100_003 + number)
            start = torch.randn(self.network.size, generator=generator).to(weights.device)
            values, vectors = arnoldi(product, start, self.arnoldi_steps, self.arnoldi_rank)
            if self.setting.exact_gradients:
                target, train = gradients.target @ vectors, gradients.train @ vectors
            else:
                target, train = self._in_space_of(vectors, weights)
            scores = tracin(target / values, train, *pulls)
        yield from self._add({"influence-arnoldi": scores}, number, self.setting.arnoldi_models)

    def _in_space_of(self, vectors: Float[Tensor, "parameter rank"], weights: Tensor) -> list[Tensor]:
        """Returns the gradients' components, chunk by chunk, where whole gradients are too many to keep."""
        size = self.setting.chunk
        return [
            torch.cat(
                [
                    output_gradients(self.network, weights, a, b, size) @ vectors
                    for a, b in zip(x.split(size), y.split(size), strict=True)
                ]
            )
            for x, y in zip(self.inputs, self.labels, strict=True)
        ]

    def _checkpoints(
        self, checkpoints: Tensor, gradients: Gradients, pulls: list[Tensor], number: int
    ) -> Iterator[Scored]:
        """Yields TracIn over all checkpoints, and TRAK with the checkpoints of one network for networks."""
        every = [(gradients, pulls)]
        for weights in checkpoints[:-1].to(self.setting.device):
            every.append((self._gradients(weights, number), self._pulls(weights)))
        with self.clock.time("similarity"):
            found = {"tracin": torch.stack([tracin(g.target, g.train, *p) for g, p in every]).mean(0)}
        yield from self._add(found, number, self.setting.checkpoint_models)
        if number == 1:
            kernels = [self._kernel(g, self.setting.dimension) for g, _ in every]
            yield self._give("checkpoints", 1, trak_scores(kernels, [p[1].cpu() for _, p in every]))

    def _add(self, found: dict[str, Tensor], number: int, models: tuple[int, ...]) -> Iterator[Scored]:
        for name, scores in found.items():
            if number <= max(models):
                self.means[name].add(scores.cpu())
            if number in models:
                yield self._give(name, number, self.means[name].get())

    @staticmethod
    def _give(method: str, models: int, scores: Tensor) -> Scored:
        return Scored(method, models, scores.numpy())
