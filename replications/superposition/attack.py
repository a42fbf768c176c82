"""Adversarial vulnerability: how much the worst small change of an input harms a model."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from replications.superposition.dataset import Source
from replications.superposition.settings import Measuring

INPUTS_AT_ONCE = 20


def vulnerability(
    weight: Float[np.ndarray, "hidden feature"],
    bias: Float[np.ndarray, " feature"],
    density: float,
    measuring: Measuring,
    rng: np.random.Generator,
) -> float:
    """Returns (L' − L) / (L'₀ − L₀) of a model with equally important features.

    L' is the loss under the worst of the optimal attacks on each feature, ±λ (WᵀW)ᵢ / ‖(WᵀW)ᵢ‖. An attack on a model
    without superposition moves one output by λ and costs λ² = L'₀ − L₀.

    Source: elhage2022superposition, Relationship to adversarial robustness
    """
    features = weight.shape[1]
    x = Source(np.full((1, features), density)).draw(measuring.attacked, rng)[0].astype(float)
    length = measuring.attack_share * np.linalg.norm(x, axis=1).mean()
    product = weight.T @ weight
    sizes = np.linalg.norm(product, axis=1, keepdims=True)
    attacks = np.divide(length * product, sizes, out=np.zeros_like(product), where=sizes > 1e-9)
    moved = attacks @ product
    before = x @ product + bias
    harm = [
        _worst_loss(x[start : start + INPUTS_AT_ONCE], before[start : start + INPUTS_AT_ONCE], moved)
        for start in range(0, len(x), INPUTS_AT_ONCE)
    ]
    loss = ((np.maximum(before, 0) - x) ** 2).sum(1)
    # Deviation: reference-of-the-attack
    return float((np.concatenate(harm) - loss).mean() / length**2)


def _worst_loss(x: np.ndarray, before: np.ndarray, moved: np.ndarray) -> Float[np.ndarray, " example"]:
    """Returns each input's highest loss after any attack of either sign; inputs without activity are attacked too."""
    worst = np.full(len(x), -np.inf)
    for sign in (1, -1):
        error = before[:, None] + sign * moved
        np.maximum(error, 0, out=error)
        error -= x[:, None]
        worst = np.maximum(worst, np.einsum("eaf,eaf->ea", error, error).max(1))
    return worst


def orthogonal_model(features: int, hidden: int) -> Callable[[float], tuple[np.ndarray, np.ndarray]]:
    """Returns a maker of the model, for a density, that gives `hidden` features a dimension, and others their mean."""

    def make(density: float) -> tuple[np.ndarray, np.ndarray]:
        return np.eye(hidden, features), np.where(np.arange(features) < hidden, 0, density / 2)

    return make
