"""Training many networks at once, against PyTorch's own optimisers, one network after the other.

The networks of TRAK's ground truth (on noise: the time does not depend on what is learnt) and toy models of
superposition, with the batches of the replications' default settings. Both sides see the same examples and end with the
same weights, which is checked first.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.limits import count_limit
from benchmarks.timing import Comparison, compare_in_turn
from replications.common.params import load_params, load_setting
from replications.superposition import settings as toy_settings
from replications.superposition.dataset import Source
from replications.superposition.sweeps import Models, list_models
from replications.superposition.training import split, train
from replications.trak.data import Images
from replications.trak.networks import build_network, standardise
from replications.trak.settings import Setting
from replications.trak.training import train_alone, train_together

CLASSES, IMAGES, MEMBERS, EPOCHS = 10, 1000, 500, 2
SWEEP, STEPS = "pentagon", 100
TOLERANCE = 1e-3  # of the length of all weights together
PEER = "one after the other with torch.optim"
WHY = (
    "Both sides do the same arithmetic. What is gained is what PyTorch spends on starting an operation: once for all "
    "networks, not once for each. The larger a network's own operations are, the less that is."
)


@dataclass(frozen=True)
class Recorded(Source):
    """Gives out examples (model, example, feature) that were drawn before, step by step."""

    steps: Iterator[Float[np.ndarray, "model example feature"]] = field(default_factory=lambda: iter(()))

    def draw(self, examples: int, rng: np.random.Generator) -> Float[np.ndarray, "model example feature"]:
        """Returns the examples of the next step."""
        return next(self.steps)


def compare() -> Iterator[Comparison]:
    """Yields the comparisons."""
    yield _compare_networks(load_setting("trak", "fashion", Setting))
    yield _compare_toy_models(load_params("superposition", "train", toy_settings.Training))


def _compare_networks(setting: Setting) -> Comparison:
    training = setting.training.model_copy(update={"epochs": EPOCHS, "checkpoints": (EPOCHS,), "peak": 1})
    rng = np.random.default_rng(0)
    labels, pixels = np.arange(IMAGES) % CLASSES, rng.integers(0, 256, (IMAGES, 1, 28, 28), dtype=np.uint8)
    noise = Images(pixels, labels, pixels[:CLASSES], labels[:CLASSES], tuple("0123456789"), 255)
    data = build_network("convolutional", noise), standardise(noise, "train"), torch.from_numpy(labels)
    members = np.stack([rng.choice(IMAGES, MEMBERS, replace=False) for _ in range(setting.together)])
    seeds = [(0, number) for number in range(setting.together)]

    def ours() -> Float[Tensor, "model checkpoint weight"]:
        return train_together(*data, members, seeds, training)

    def one_by_one() -> Float[Tensor, "model checkpoint weight"]:
        return torch.stack([train_alone(*data, *own, training) for own in zip(members, seeds, strict=True)])

    _refuse_difference(ours(), one_by_one())
    steps = EPOCHS * -(-MEMBERS // training.batch_size)
    what = f"train {setting.together} convolutional networks, {steps} steps of {training.batch_size} images"
    return compare_in_turn(what, PEER, ours, one_by_one, why=WHY, limit=count_limit(ours))


def _compare_toy_models(params: toy_settings.Training) -> Comparison:
    models, batch = list_models(SWEEP, params), params.sweeps[SWEEP].batch
    models = models.take(split(models, batch)[0])
    rng = np.random.default_rng(0)
    examples = np.stack([models.source.draw(batch, rng) for _ in range(STEPS)])

    def ours() -> Float[Tensor, "model hidden feature"]:
        recorded = replace(models, source=Recorded(models.source.density, steps=iter(examples)))
        return torch.from_numpy(train(recorded, batch, STEPS, params.rate, np.random.default_rng(0))[0])

    def one_by_one() -> Float[Tensor, "model hidden feature"]:
        return train_toy_models_one_by_one(models, torch.from_numpy(examples), params.rate)

    _refuse_difference(ours(), one_by_one())
    count, features = models.importance.shape
    what = f"train {count} toy models of {features} features, {STEPS} steps of {batch} examples"
    return compare_in_turn(what, PEER, ours, one_by_one, why=WHY, limit=count_limit(ours))


def train_toy_models_one_by_one(
    models: Models, examples: Float[Tensor, "step model example feature"], rate: float
) -> Float[Tensor, "model hidden feature"]:
    """Returns the weights as a user of PyTorch would get them: autograd and Adam, from the same start."""
    count, features = models.importance.shape
    spread = math.sqrt(2 / (features + models.hidden))
    shape = count, models.hidden, features
    starts = torch.from_numpy(spread * np.random.default_rng(0).standard_normal(shape, dtype=np.float32))
    importances, trained = torch.from_numpy(models.importance).float(), []
    for start, importance, own in zip(starts, importances, examples.unbind(1), strict=True):
        weight, bias = start.clone().requires_grad_(), torch.zeros(features, requires_grad=True)
        adam = torch.optim.Adam([weight, bias], lr=rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, len(own))
        for x in own:
            output = torch.relu(x @ weight.T @ weight + bias)
            loss = (importance * (x - output).square()).sum(1).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
        trained.append(weight.detach())
    return torch.stack(trained)


def _refuse_difference(ours: Tensor, theirs: Tensor) -> None:
    """Raises an error if the weights differ by more than rounding, which training amplifies step by step."""
    difference = float((ours - theirs).norm() / ours.norm())
    if not difference <= TOLERANCE:
        raise AssertionError(f"got weights {difference:.1e} of their length apart, expected at most {TOLERANCE}")
    print(f"weights differ by {difference:.1e} of their length")
