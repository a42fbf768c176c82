"""The trained models of a run, and which restart of each is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from replications.superposition.dataset import Source
from replications.superposition.method import loss_gradient
from replications.superposition.settings import Training
from replications.superposition.sweeps import Models, list_models


@dataclass(frozen=True)
class Sweep:
    """A trained sweep: weights (condition…, seed, restart, hidden, feature), biases, and what the models were."""

    models: Models
    weight: Float[np.ndarray, "*rows hidden feature"]
    bias: Float[np.ndarray, "*rows feature"]

    @property
    def density(self) -> Float[np.ndarray, "*rows feature"]:
        """Density of each feature of each model."""
        return self.models.source.density.reshape(self.bias.shape)

    @property
    def importance(self) -> Float[np.ndarray, "*rows feature"]:
        """Importance of each feature of each model."""
        return self.models.importance.reshape(self.bias.shape)


def take_sweep(arrays: Mapping[str, np.ndarray], name: str, params: Training) -> Sweep:
    """Returns a sweep from what the training stage wrote.

    Raises:
        ValueError: the file was trained with other parameters.
    """
    models, weight = list_models(name, params), arrays[f"{name}.weight"]
    if weight.shape[:-2] != models.shape:
        raise ValueError(f"{name}: got models of shape {weight.shape[:-2]}, expected {models.shape}; run `dvc repro`")
    return Sweep(models, weight.astype(float), arrays[f"{name}.bias"].astype(float))


def sampled_loss(sweep: Sweep, examples: int, rng: np.random.Generator) -> Float[np.ndarray, "*rows"]:
    """Returns each model's loss on fresh examples; models of one condition see the same ones."""
    rows = sweep.models.shape
    losses = np.empty(rows)
    for condition in np.ndindex(*rows[:-2]):
        density = sweep.density[condition][0, :1]
        x = torch.from_numpy(
            Source(density, sweep.models.source.relation, sweep.models.source.members).draw(examples, rng)
        )
        for row in np.ndindex(*rows[-2:]):
            weight, bias, importance = (
                torch.from_numpy(array[condition][row][None].astype(np.float32))
                for array in (sweep.weight, sweep.bias, sweep.importance)
            )
            losses[condition][row] = loss_gradient(x, weight, bias, importance)[0].item()
    return losses


def keep_best(array: np.ndarray, losses: Float[np.ndarray, "*rows restart"]) -> np.ndarray:
    """Returns the entries of `array`, (*rows, restart, …), of the restart with the lowest loss: (*rows, …)."""
    # Deviation: restarts-are-few
    best = losses.argmin(-1)[..., None]
    best = best.reshape(*best.shape, *[1] * (array.ndim - losses.ndim))
    return np.take_along_axis(array, best, axis=losses.ndim - 1).squeeze(losses.ndim - 1)
