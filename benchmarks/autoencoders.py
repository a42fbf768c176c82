"""Training a sparse autoencoder against SAELens: the same start, vectors, steps and schedule; time and loss.

Also how the time of our training grows with the features and with the vectors. The vectors are sums of planted
directions: time does not depend on where they come from, and SAELens sees the same.
"""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from sae_lens import SAETrainer, StandardTrainingSAE, StandardTrainingSAEConfig
from sae_lens.config import SAETrainerConfig
from torch import Tensor

from benchmarks.limits import count_limit
from benchmarks.timing import Growth, Row, compare_in_turn, time_median
from replications.monosemanticity.checkpointing import Checkpoint
from replications.monosemanticity.method import (
    Autoencoder,
    fold_norms,
    remove_parallel,
    restore_length,
    start_autoencoder,
)
from replications.monosemanticity.training import START_VECTORS, Recipe, train_autoencoder

NEURONS, PLANTED, ACTIVE = 512, 2048, 20
FEATURES, BATCH, STEPS, RATE, DECAY = 4096, 1024, 200, 0.001, 0.2
DISTINCT = 100  # batches of different vectors, which are gone through again and again
COEFFICIENT = 0.0004  # λ, with the squared error as a mean over neurons
HELD_OUT, ROUNDS, SEED = 4096, 3, 0
MANY_FEATURES, MANY_STEPS, FEW_STEPS = (1024, 4096, 16384), (10, 40, 160), 10
PEER = "SAELens, with the paper's loss and directions of unit length"
WHY = (
    "Both sides multiply every vector by the whole encoder. Ours has its gradients written out, and once few features "
    "are active it multiplies by those alone; SAELens leaves them to autograd, always in full."
)


@dataclass(frozen=True)
class Agreement:
    """The loss that both sides end with, on vectors that none was trained on."""

    what: str
    peer: str
    ours: float
    theirs: float

    def as_row(self) -> dict[str, object]:
        """Returns both losses and the difference as a share of the peer's."""
        return {
            "what": self.what,
            "peer": self.peer,
            "our_loss": round(self.ours, 6),
            "peer_loss": round(self.theirs, 6),
            "difference": round(self.ours / self.theirs - 1, 4),
        }


@dataclass(frozen=True)
class Fixed:
    """Vectors in a fixed order, batch after batch."""

    vectors: Tensor
    batch: int = BATCH

    def take(self, number: int) -> Tensor:
        """Returns batch `number`, from the beginning again after the last."""
        first = number * self.batch % len(self.vectors)
        return self.vectors[first : first + self.batch]


def compare() -> Iterator[Row]:
    """Yields the comparison, the losses that both end with, and how our time grows."""
    vectors = plant_vectors(BATCH * DISTINCT + HELD_OUT)
    training, held_out = Fixed(vectors[:-HELD_OUT]), vectors[-HELD_OUT:]
    yield compare_in_turn(
        f"train a dictionary of {FEATURES} features, {STEPS} steps of {BATCH} vectors", PEER,
        lambda: train_ours(training), lambda: train_theirs(training),
        ROUNDS, why=WHY, limit=count_limit(lambda: train_ours(training)),
    )  # fmt: skip
    ours = loss(train_ours(training), held_out)
    for unit_norm, what in (
        (True, "both with directions of unit length"),
        (False, "SAELens as it is, with free lengths"),
    ):
        theirs = loss(train_theirs(training, unit_norm), held_out)
        yield Agreement(f"Loss on other vectors after {STEPS} steps, {what}", "SAELens", ours, theirs)
    yield Growth(
        f"train a dictionary, {FEW_STEPS} steps", "features",
        {n: time_median(lambda n=n: train_ours(training, n, FEW_STEPS), ROUNDS) for n in MANY_FEATURES},
        "Every product has the features as one of its sides; what does not grow is the start at the geometric median.",
    )  # fmt: skip
    yield Growth(
        f"train a dictionary of {FEATURES} features", "vectors",
        {BATCH * n: time_median(lambda n=n: train_ours(training, FEATURES, n), ROUNDS) for n in MANY_STEPS},
        "Each batch costs the same while most features are active; the fewer are, the less a batch costs.",
    )  # fmt: skip


def plant_vectors(count: int) -> Tensor:
    """Returns vectors that are sums of a few of many planted directions."""
    generator = torch.Generator().manual_seed(SEED)
    directions = torch.nn.functional.normalize(torch.randn(PLANTED, NEURONS, generator=generator), dim=1)
    parts = []
    for _ in range(-(-count // BATCH)):
        on = torch.rand(BATCH, PLANTED, generator=generator) < ACTIVE / PLANTED
        parts.append((on * (0.5 + torch.rand(BATCH, PLANTED, generator=generator))) @ directions)
    return torch.cat(parts)[:count]


def train_ours(vectors: Fixed, features: int = FEATURES, steps: int = STEPS) -> Autoencoder:
    """Returns our autoencoder. SAELens resamples nothing, so neither do we."""
    recipe = Recipe(features, COEFFICIENT, steps, RATE, DECAY, (), 0.0, 0, 0.2, SEED)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "never", "benchmark", float("inf"))
        return train_autoencoder(vectors, recipe, checkpoint, "ours")[0]


def train_theirs(vectors: Fixed, as_paper: bool = True) -> Autoencoder:
    """Returns SAELens' autoencoder from the same start.

    Args:
        vectors: to train on.
        as_paper: whether the directions keep to unit length and the squared error is a mean over neurons, as ours. By
            itself SAELens leaves the lengths free, weighing its penalty with them, and takes the sum; its gradients
            are then so long that it cuts them at 1, which a mean hardly ever needs.
    """
    start = start_autoencoder(vectors.vectors[:START_VECTORS], FEATURES, torch.Generator().manual_seed(SEED))
    sae = StandardTrainingSAE(
        StandardTrainingSAEConfig(
            d_in=NEURONS, d_sae=FEATURES, apply_b_dec_to_input=True, normalize_activations="none",
            l1_coefficient=COEFFICIENT * (1 if as_paper else NEURONS), l1_warm_up_steps=0,
        )
    )  # fmt: skip
    with torch.no_grad():
        sae.W_enc.copy_(start.encoder.T)
        sae.b_enc.copy_(start.encoder_bias)
        sae.W_dec.copy_(start.decoder)
        sae.b_dec.copy_(start.bias)
    config = SAETrainerConfig(
        total_training_samples=STEPS * BATCH, train_batch_size_samples=BATCH, lr=RATE, lr_end=0.0,
        lr_decay_steps=round(DECAY * STEPS), device="cpu",
    )  # fmt: skip
    trainer = SAETrainer(cfg=config, sae=sae, data_provider=map(vectors.take, itertools.count()))
    if as_paper:
        squared = sae.mse_loss_fn
        sae.mse_loss_fn = lambda output, given: squared(output, given) / NEURONS
        sae.W_dec.register_hook(lambda gradient: _remove_parallel(gradient, sae.W_dec))
        trainer.optimizer.register_step_post_hook(lambda *_: restore_length(sae.W_dec.data))
    trainer.fit()
    with torch.no_grad():
        return fold_norms(Autoencoder(sae.W_enc.T, sae.b_enc, sae.W_dec, sae.b_dec))


def _remove_parallel(gradient: Tensor, decoder: Tensor) -> Tensor:
    changed = gradient.clone()
    remove_parallel(changed, decoder.detach())
    return changed


def loss(autoencoder: Autoencoder, vectors: Tensor) -> float:
    """Returns the paper's loss: mean squared error over neurons plus the penalty on unit directions."""
    codes = autoencoder.encode(vectors)
    error = (autoencoder.decode(codes) - vectors).square().mean()
    return float(error + COEFFICIENT * codes.sum(1).mean())
