"""Training: many small models at once, each on fresh examples of its own."""

import math

import numpy as np
import torch
from jaxtyping import Float

from replications.superposition.method import loss_gradient
from replications.superposition.sweeps import Models

NUMBERS_AT_ONCE = (
    100_000  # features of all examples of a step: what fits into a core's cache trains three times as fast
)
Trained = tuple[Float[np.ndarray, "model hidden feature"], Float[np.ndarray, "model feature"]]


def split(models: Models, batch: int) -> list[slice]:
    """Returns the rows of the models that are trained together."""
    count, features = models.importance.shape
    together = max(1, NUMBERS_AT_ONCE // (batch * features))
    return [slice(start, min(start + together, count)) for start in range(0, count, together)]


def train(models: Models, batch: int, steps: int, rate: float, rng: np.random.Generator) -> Trained:
    """Returns weights and biases after training; the models start from small random weights and no bias.

    Args:
        models: what to train.
        batch: fresh examples in each step.
        steps: updates of Adam.
        rate: learning rate at the start; it falls to 0 along a cosine.
        rng: source of the weights and the examples.

    Source: elhage2022superposition, Experiment Setup
    """
    count, features = models.importance.shape
    spread = math.sqrt(2 / (features + models.hidden))
    start = spread * rng.standard_normal((count, models.hidden, features), dtype=np.float32)
    weight, bias = torch.from_numpy(start).requires_grad_(), torch.zeros(count, features, requires_grad=True)
    importance = torch.from_numpy(models.importance.astype(np.float32))
    # Deviation: training-budget
    adam = torch.optim.Adam([weight, bias], lr=rate)
    with torch.no_grad():
        for step in range(steps):
            adam.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
            x = torch.from_numpy(models.source.draw(batch, rng))
            _, weight.grad, bias.grad = loss_gradient(x, weight, bias, importance, linear=models.linear)
            adam.step()
    return weight.detach().numpy(), bias.detach().numpy()
