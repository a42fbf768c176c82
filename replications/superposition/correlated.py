"""Correlated and anticorrelated features: orthogonal, opposite, side by side, collapsed."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap_mean
from replications.common.measurements import Measurement
from replications.superposition.loaded import keep_best, sampled_loss, take_sweep
from replications.superposition.method import cosines
from replications.superposition.settings import Measuring, Training

COLLAPSED = 0.95  # cosine above which two features have become one direction
PAIRS = ("correlated-pairs", "anticorrelated-pairs", "independent-pairs", "three-pairs")
SETS = ("correlated-sets", "independent-sets")
SHOWN = 5  # models that the figure shows of each kind, as in the paper


def measure_correlated(
    arrays: Mapping[str, np.ndarray], training: Training, measuring: Measuring, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about related features, and the weights that the figure draws."""
    best = {}
    for name in (*PAIRS, *SETS):
        sweep = take_sweep(arrays, name, training)
        best[name] = keep_best(sweep.weight, sampled_loss(sweep, measuring.evaluated, rng))
    correlated, anticorrelated, independent = (within_pairs(best[name][0]) for name in PAIRS[:3])
    collapsed = (within_pairs(best["three-pairs"]) > COLLAPSED).sum(-1)
    sizes = {name: best[name].shape[-1] // 2 for name in SETS}
    samples = {
        "correlated-features-are-orthogonal": (np.abs(correlated).mean(-1), "1"),
        "anticorrelated-features-are-opposite": (anticorrelated.mean(-1), "1"),
        "independent-features-have-no-preference": (independent.mean(-1), "1"),
        "correlated-features-are-neighbours": (
            np.array([share_of_neighbours(weight) for weight in best["three-pairs"][-1]]),
            "fraction",
        ),
        "denser-pairs-collapse": (collapsed[0], "pairs"),
        "sparse-pairs-stay-apart": (collapsed[-1], "pairs"),
        "correlated-sets-are-local-bases": (within_sets(best["correlated-sets"][0], sizes["correlated-sets"]), "1"),
        "independent-sets-are-no-bases": (within_sets(best["independent-sets"][0], sizes["independent-sets"]), "1"),
    }
    measured = {
        name: bootstrap_mean(values, rng, unit=unit, seeds=(training.seed,)) for name, (values, unit) in samples.items()
    }
    curves = {f"weights_{name}": best[name][:, :SHOWN] for name in PAIRS}
    curves["densities_three-pairs"] = np.array(training.sweeps["three-pairs"].densities)
    return measured, curves


def within_pairs(weight: Float[np.ndarray, "*rows hidden feature"]) -> Float[np.ndarray, "*rows pair"]:
    """Returns the cosine between the two features of each pair; the features of a pair lie side by side."""
    first = np.arange(0, weight.shape[-1], 2)
    return cosines(weight)[..., first, first + 1]


def within_sets(weight: Float[np.ndarray, "*rows hidden feature"], members: int) -> Float[np.ndarray, "*rows"]:
    """Returns the largest absolute cosine of a feature with another of its set, mean over features."""
    sets = np.arange(weight.shape[-1]) // members
    other = (sets[:, None] == sets) & ~np.eye(len(sets), dtype=bool)
    return np.where(other, np.abs(cosines(weight)), 0).max(-1).mean(-1)


def share_of_neighbours(weight: Float[np.ndarray, "hidden feature"]) -> float:
    """Returns the share of pairs whose features follow each other by angle, in two dimensions."""
    order = np.argsort(np.arctan2(weight[1], weight[0])) // 2
    together = {pair for pair, following in zip(order, np.roll(order, -1), strict=True) if pair == following}
    return len(together) / (weight.shape[1] // 2)
