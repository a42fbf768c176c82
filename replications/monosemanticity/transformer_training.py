"""The training loop of the transformer; it writes checkpoints and resumes to the same result."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from replications.monosemanticity.checkpointing import Checkpoint, optimizer_state, restore_optimizer
from replications.monosemanticity.transformer import Transformer, next_token_loss

RECORDS = 200  # points of a training curve
WEIGHT_DECAY, BETAS, LOWEST_RATE, LARGEST_GRADIENT = 0.01, (0.9, 0.95), 0.1, 1.0


@dataclass(frozen=True)
class Schedule:
    """How a transformer is trained.

    Attributes:
        steps: of AdamW.
        batch: windows a step, drawn at random.
        rate: highest learning rate, after the warm-up; then it falls as a cosine to a tenth.
        warmup: share of the steps.
        seed: of the draws.
    """

    steps: int
    batch: int
    rate: float
    warmup: float
    seed: int

    def rate_at(self, step: int) -> float:
        """Returns the learning rate."""
        first = max(1, round(self.warmup * self.steps))
        along = max(0.0, (step - first) / max(1, self.steps - first))
        falling = LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * along)) / 2
        return self.rate * min((step + 1) / first, falling)

    def draw(self, windows: Int[np.ndarray, "window position"], step: int) -> Int[Tensor, "batch position"]:
        """Returns the windows of a step."""
        drawn = np.random.default_rng([self.seed, step]).integers(len(windows), size=self.batch)
        return torch.from_numpy(windows[np.sort(drawn)].astype(np.int64))


def train_transformer(
    transformer: Transformer,
    windows: Int[np.ndarray, "window position"],
    schedule: Schedule,
    checkpoint: Checkpoint,
    title: str,
) -> Float[np.ndarray, "record 2"]:
    """Trains a transformer in place; returns its curve: step, and training loss in nats (mean since the last record).

    Args:
        transformer: is changed.
        windows: the training text.
        schedule: how.
        checkpoint: where the state is kept; if it holds one of this training, training goes on from there.
        title: for the progress bar.
    """
    named = dict(transformer.named_parameters())
    optimizer = torch.optim.AdamW(named.values(), betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
    step, history, recent = 0, [], []
    state = checkpoint.read()
    if state is not None:
        transformer.load_state_dict({name: state[name] for name in named})
        restore_optimizer(optimizer, named, state)
        step, history, recent = int(state["step"]), state["history"].tolist(), state["recent"].tolist()
    every = max(1, schedule.steps // RECORDS)
    bar = tqdm(total=schedule.steps, initial=step, desc=title, unit="step", mininterval=10)
    while step < schedule.steps:
        tokens = schedule.draw(windows, step).to(transformer.embedding.device)
        optimizer.param_groups[0]["lr"] = schedule.rate_at(step)
        recent.append(_descend(transformer, optimizer, tokens))
        step += 1
        if step % every == 0 or step == schedule.steps:
            history.append([step, float(np.mean(recent))])
            recent = []
        bar.update()
        if checkpoint.is_due:
            curve = {"history": torch.tensor(history, dtype=torch.float64).reshape(-1, 2)}
            counted = {"step": torch.tensor(step), "recent": torch.tensor(recent, dtype=torch.float64)}
            checkpoint.write(named | optimizer_state(optimizer, named) | counted | curve)
    bar.close()
    return np.array(history)


def _descend(
    transformer: Transformer, optimizer: torch.optim.Optimizer, tokens: Int[Tensor, "batch position"]
) -> float:
    """Takes one step; returns the loss before it."""
    loss = next_token_loss(transformer(tokens), tokens).mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(transformer.parameters(), LARGEST_GRADIENT)
    optimizer.step()
    return float(loss.detach())
