"""Attributions from many retrained networks alone: empirical influence, and datamodels with two penalties."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

Masks = Bool[np.ndarray, "model image"]
Outputs = Float[np.ndarray, "model target"]
Scores = Float[np.ndarray, "target image"]


def empirical_influence(masks: Masks, outputs: Outputs) -> Scores:
    """Returns the mean output of networks that saw an image minus that of those that did not; 0 if either is empty.

    Source: park2023trak, § 4 (after Feldman and Zhang 2020)
    """
    seen = masks.astype(np.float64)
    counts, summed = seen.sum(0), outputs.T @ seen
    known = (counts > 0) & (counts < len(masks))
    means = summed[:, known] / counts[known]
    means_without = (outputs.sum(0)[:, None] - summed[:, known]) / (len(masks) - counts[known])
    scores = np.zeros_like(summed)
    scores[:, known] = means - means_without
    return scores


def ridge_datamodels(
    masks: Masks, outputs: Outputs, penalties: Sequence[float], held_out: float, rng: np.random.Generator
) -> Scores:
    """Returns the weights of linear predictions of the outputs from who was present, with a penalty of their squares.

    Source: ilyas2022datamodels, § 2 (there with lasso alone)

    Args:
        masks: who was present.
        outputs: of the networks.
        penalties: to choose from, for each target, on the networks held out.
        held_out: share of them.
        rng: chooses them.
    """

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(x @ x.T)
        rotated = vectors.T @ y
        return np.stack([(x.T @ (vectors @ (rotated / (values + penalty)[:, None]))).T for penalty in penalties])

    return _choose(masks, outputs, held_out, rng, fit)


def lasso_datamodels(
    masks: Masks,
    outputs: Outputs,
    penalties: Sequence[float],
    iterations: int,
    held_out: float,
    rng: np.random.Generator,
) -> Scores:
    """Returns the same with a penalty of the weights' sizes, which makes most of them zero.

    Solved for all targets at once by accelerated proximal gradient descent (FISTA, Beck and Teboulle 2009).

    Source: ilyas2022datamodels, § 2

    Args:
        masks: who was present.
        outputs: of the networks.
        penalties: to choose from, as shares of the one at which all weights are zero, falling.
        iterations: of each solution, which starts from the one before.
        held_out: share of the networks to choose on.
        rng: chooses them.
    """

    def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = x.astype(np.float32), y.astype(np.float32)
        step = 1 / np.linalg.norm(x @ x.T, 2)
        largest = np.abs(x.T @ y).max(0)
        weights = np.zeros((x.shape[1], y.shape[1]), dtype=np.float32)
        found = []
        for share in penalties:
            weights = _fista(x, y, weights, share * largest, step, iterations)
            found.append(weights.T)
        return np.stack(found)

    return _choose(masks, outputs, held_out, rng, fit)


def _fista(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, penalty: np.ndarray, step: float, iterations: int
) -> np.ndarray:
    ahead, momentum = weights, 1.0
    for _ in range(iterations):
        moved = ahead - step * (x.T @ (x @ ahead - y))
        new = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty, 0)
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = new + np.float32((momentum - 1) / following) * (new - weights)
        weights, momentum = new, following
    return weights


def _choose(masks: Masks, outputs: Outputs, held_out: float, rng: np.random.Generator, fit) -> Scores:  # type: ignore[no-untyped-def]
    """Returns the fit to all networks, with the penalty that predicts each target's held-out outputs best."""
    order = rng.permutation(len(masks))
    out, kept = np.split(order, [round(held_out * len(masks))])
    x, centre, mean = masks - 0.5, masks[kept].mean(0) - 0.5, outputs[kept].mean(0)
    tried = fit(x[kept] - centre, outputs[kept] - mean)
    errors = [((x[out] - centre) @ weights.T + mean - outputs[out]) for weights in tried]
    best = np.argmin([np.square(error).mean(0) for error in errors], axis=0)
    final = fit(x - x.mean(0), outputs - outputs.mean(0))
    return final[best, np.arange(outputs.shape[1])]
