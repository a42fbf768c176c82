"""The training loop of the autoencoder; it writes checkpoints and resumes to the same result."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm import tqdm

from replications.monosemanticity.checkpointing import Checkpoint, optimizer_state, restore_optimizer
from replications.monosemanticity.method import (
    Autoencoder,
    remove_parallel,
    resample,
    restore_length,
    squared_losses,
    start_autoencoder,
    take_gradients,
)
from replications.monosemanticity.vectors import VectorSource

START_VECTORS = 16_384  # from which b_d is computed
RECORDS = 200  # points of a training curve
HISTORY = ("step", "squared_error", "active", "penalty", "dead")  # rows of an autoencoder's curve


@dataclass(frozen=True)
class Recipe:
    """How an autoencoder is trained; the names are those of `params.yaml`.

    Attributes:
        coefficient: λ of the L1 penalty.
        steps: batches.
        resample: shares of the steps at which dead features are resampled, multiples of the first.
        dead_density: share of vectors; a feature that is active on no more of them is dead.
        resample_inputs: vectors that may become new features.
    """

    features: int
    coefficient: float
    steps: int
    rate: float
    decay: float
    resample: tuple[float, ...]
    dead_density: float
    resample_inputs: int
    norm_share: float
    seed: int

    @property
    def resample_steps(self) -> dict[int, int]:
        """The steps before which dead features are resampled, with their number; each ends a window."""
        return {round(2 * share / self.resample[0]) * self.window: n for n, share in enumerate(self.resample)}

    @property
    def window(self) -> int:
        """Steps over which activity is counted: half of those before the first resampling, as printed."""
        # Deviation: resampling-in-shares
        return max(1, round(self.resample[0] * self.steps / 2)) if self.resample else self.steps

    def find_dead(self, counts: Int[Tensor, " feature"], batch: int) -> Bool[Tensor, " feature"]:
        """Tells which features are dead, given the vectors of the last whole window on which they were active."""
        # Deviation: rarely-active-is-dead
        return counts <= self.dead_density * self.window * batch

    def rate_at(self, step: int) -> float:
        """Returns the learning rate: constant, then falling to 0 over the last share `decay`."""
        # Deviation: learning-rate
        left = (self.steps - step) / self.steps
        return self.rate * min(1.0, left / self.decay if self.decay else 1.0)


def train_autoencoder(
    source: VectorSource, recipe: Recipe, checkpoint: Checkpoint, title: str
) -> tuple[Autoencoder, Float[np.ndarray, "record field"]]:
    """Returns the trained autoencoder, and its curve with the fields `HISTORY`.

    Args:
        source: vectors; batch `step` is trained on at that step.
        recipe: how.
        checkpoint: where the state is kept; if it holds one of this training, training goes on from there.
        title: for the progress bar.
    """
    # Deviation: fewer-vectors
    state = checkpoint.read()
    autoencoder = _start(source, recipe) if state is None else _take_autoencoder(state)
    device = source.take(0).device
    for name, tensor in autoencoder.parameters.items():
        setattr(autoencoder, name, tensor.to(device))
    optimizer = torch.optim.Adam(list(autoencoder.parameters.values()), lr=recipe.rate, fused=True)
    step, counts = 0, torch.zeros(recipe.features, dtype=torch.long, device=device)
    last = torch.full_like(counts, recipe.window * source.batch)  # of the window before; in the first none is dead
    history: list[list[float]] = []
    if state is not None:
        restore_optimizer(optimizer, autoencoder.parameters, state)
        step, counts, last = int(state["step"]), state["counts"].to(device), state["last"].to(device)
        history = state["history"].tolist()
    every = max(1, recipe.steps // RECORDS)
    bar = tqdm(total=recipe.steps, initial=step, desc=title, unit="step", mininterval=10)
    while step < recipe.steps:
        if step and step % recipe.window == 0:
            last, counts = counts, torch.zeros_like(counts)
        if step in recipe.resample_steps:
            dead = recipe.find_dead(last, source.batch).nonzero().flatten()
            _resample_dead(autoencoder, optimizer, dead, source, recipe, recipe.resample_steps[step])
        taken = take_gradients(autoencoder, source.take(step), recipe.coefficient)
        _descend(autoencoder, optimizer, taken.gradients, recipe.rate_at(step))
        counts += taken.counts
        if step % every == 0 or step == recipe.steps - 1:
            dead_now = int(recipe.find_dead(last, source.batch).sum())
            history.append([step, taken.squared_error, taken.active, taken.penalty, dead_now])
        step += 1
        bar.update()
        if checkpoint.is_due:
            _write(
                checkpoint,
                autoencoder,
                optimizer,
                {"step": torch.tensor(step), "counts": counts, "last": last},
                history,
            )
    bar.close()
    return autoencoder, np.array(history)


def _start(source: VectorSource, recipe: Recipe) -> Autoencoder:
    first = [source.take(number) for number in range(-(-START_VECTORS // source.batch))]
    vectors = torch.cat(first)[:START_VECTORS]
    return start_autoencoder(vectors, recipe.features, torch.Generator().manual_seed(recipe.seed))


def _take_autoencoder(state: dict[str, Tensor]) -> Autoencoder:
    return Autoencoder(*(state[name].clone() for name in ("encoder", "encoder_bias", "decoder", "bias")))


@torch.no_grad()
def _descend(
    autoencoder: Autoencoder, optimizer: torch.optim.Optimizer, gradients: dict[str, Tensor], rate: float
) -> None:
    remove_parallel(gradients["decoder"], autoencoder.decoder)
    for name, tensor in autoencoder.parameters.items():
        tensor.grad = gradients[name]
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    restore_length(autoencoder.decoder)


@torch.no_grad()
def _resample_dead(
    autoencoder: Autoencoder,
    optimizer: torch.optim.Optimizer,
    dead: Int[Tensor, " dead"],
    source: VectorSource,
    recipe: Recipe,
    number: int,
) -> None:
    """Resamples the dead features, and resets Adam for them, in place."""
    if not len(dead):
        return
    # Text from the far end of the order: this training has not come there yet.
    first = recipe.steps + number * (-(-recipe.resample_inputs // source.batch))
    batches = range(first, first + -(-recipe.resample_inputs // source.batch))
    vectors = torch.cat([source.take(place).clone() for place in batches])[: recipe.resample_inputs]
    weights = torch.cat([squared_losses(autoencoder, part, recipe.coefficient) for part in vectors.split(1024)])
    generator = torch.Generator().manual_seed(recipe.seed + 1 + number)
    resample(autoencoder, dead, vectors, weights, recipe.norm_share, generator)
    for name in ("encoder", "encoder_bias", "decoder"):
        moments = optimizer.state[autoencoder.parameters[name]]
        moments["exp_avg"][dead] = 0
        moments["exp_avg_sq"][dead] = 0


def _write(
    checkpoint: Checkpoint,
    autoencoder: Autoencoder,
    optimizer: torch.optim.Optimizer,
    counted: dict[str, Tensor],
    history: list[list[float]],
) -> None:
    checkpoint.write(
        dict(autoencoder.parameters)
        | optimizer_state(optimizer, autoencoder.parameters)
        | counted
        | {"history": torch.tensor(history, dtype=torch.float64).reshape(-1, len(HISTORY))}
    )
