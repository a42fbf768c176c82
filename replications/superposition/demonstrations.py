"""The first demonstrations: what linear and ReLU models represent at each density."""

from collections.abc import Mapping

import numpy as np

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.superposition.loaded import Sweep, take_sweep
from replications.superposition.method import (
    REPRESENTED,
    SUPERPOSED,
    cosines,
    interference,
    linear_loss,
    lowest_linear_loss,
    norms,
)
from replications.superposition.settings import Measuring, Training

PAIRED_DENSITY = 0.3  # the second of the paper's densities, where superposition begins


def measure_demonstrations(
    arrays: Mapping[str, np.ndarray], training: Training, measuring: Measuring, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements of the first demonstrations, and the first seeds' weights for the figures."""
    small, linear, large = (
        take_sweep(arrays, name, training) for name in ("demonstration", "linear", "large-demonstration")
    )
    seeds = (training.seed,)

    def mean(values: np.ndarray, unit: str) -> Measurement:
        return bootstrap_mean(values.ravel(), rng, unit=unit, seeds=seeds)

    represented = norms(linear.weight) > REPRESENTED
    important = np.arange(represented.shape[-1]) < linear.models.hidden
    superposed = [_superposed_share(weight) for weight in small.weight[-1, :, 0]]
    pairs = [
        _most_opposite(w)
        for w in large.weight[training.sweeps["large-demonstration"].densities.index(PAIRED_DENSITY), :, 0]
    ]
    found = [pair for pair in pairs if pair is not None]
    measured = {
        "linear-keeps-the-most-important": mean((represented == important).all(-1), "fraction"),
        "linear-loss-is-that-of-pca": mean(_excess(linear), "fraction"),
        "dense-relu-models-are-linear": mean(_count(small.weight[0]), "features"),
        "dense-large-models-are-linear": mean(_count(large.weight[0]), "features"),
        "sparse-models-hold-more": mean(_count(small.weight[-1]), "features"),
        "sparse-large-models-hold-more": mean(_count(large.weight[-1]), "features"),
        "sparse-features-are-all-superposed": mean(np.array(superposed), "fraction"),
        "early-superposition-is-antipodal": mean(np.array(found), "1")
        if found
        else missing("no feature was in superposition at this density", "1"),
    }
    curves = {}
    for name, sweep in (("demonstration", small), ("linear", linear), ("large", large)):
        curves[f"{name}_densities"] = sweep.density[:, 0, 0, 0]
        curves[f"{name}_norms"] = norms(sweep.weight[:, 0, 0])
        curves[f"{name}_interference"] = interference(sweep.weight[:, 0, 0])
        curves[f"{name}_counts"] = _count(sweep.weight)[..., 0]
    curves["demonstration_products"] = np.swapaxes(small.weight[:, 0, 0], -1, -2) @ small.weight[:, 0, 0]
    return measured, curves


def _count(weight: np.ndarray) -> np.ndarray:
    """Returns how many features are represented."""
    return (norms(weight) > REPRESENTED).sum(-1)


def _excess(linear: Sweep) -> np.ndarray:
    """Returns by which fraction the loss of each linear model exceeds the lowest possible."""
    excess = np.empty(linear.models.shape)
    for row in np.ndindex(*linear.models.shape):
        density, importance = linear.density[row], linear.importance[row]
        reached = linear_loss(linear.weight[row], linear.bias[row], density, importance)
        excess[row] = reached / lowest_linear_loss(density, importance, linear.models.hidden) - 1
    return excess


def _superposed_share(weight: np.ndarray) -> float:
    """Returns the share of represented features that are in superposition; 0 if none is represented."""
    represented = norms(weight) > REPRESENTED
    return float((interference(weight)[represented] >= SUPERPOSED).mean()) if represented.any() else 0.0


def _most_opposite(weight: np.ndarray) -> float | None:
    """Returns the cosine with the most opposite represented feature, mean over features in superposition."""
    kept = weight[:, norms(weight) > REPRESENTED]
    superposed = interference(kept) >= SUPERPOSED
    return float(cosines(kept).min(-1)[superposed].mean()) if superposed.any() else None
