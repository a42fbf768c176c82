"""The linear datamodeling score, its bootstrap over subsets and targets, and the ceiling that noise sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata


def score_predictions(
    predictions: Float[np.ndarray, "target subset"], truth: Float[np.ndarray, "target subset"]
) -> Float[np.ndarray, " target"]:
    """Returns each target's Spearman correlation over subsets; 0 where the predictions are all equal.

    The LDS is the mean over targets. Source: park2023trak, Def. 2.3
    """
    return _correlate(rankdata(predictions, axis=1), rankdata(truth, axis=1))


@dataclass(frozen=True)
class Bootstrap:
    """Draws of the LDS of several predictions of the same truth; a draw resamples all of them alike.

    Attributes:
        values: LDS of each prediction, by name.
        both: draws with subsets and targets resampled.
        targets: draws with targets resampled.
        subsets: draws with subsets resampled.
    """

    values: Mapping[str, float]
    both: Mapping[str, Float[np.ndarray, " draw"]]
    targets: Mapping[str, Float[np.ndarray, " draw"]]
    subsets: Mapping[str, Float[np.ndarray, " draw"]]


def bootstrap_scores(
    predictions: Mapping[str, Float[np.ndarray, "target subset"]],
    truth: Float[np.ndarray, "target subset"],
    resamples: int,
    rng: np.random.Generator,
) -> Bootstrap:
    """Returns the LDS of each prediction and its bootstrap draws."""
    targets, subsets = truth.shape
    counts = rng.multinomial(subsets, np.full(subsets, 1 / subsets), size=resamples)
    chosen = rng.integers(targets, size=(resamples, targets))
    truth_order = _order(truth)
    values, both, by_target, by_subset = {}, {}, {}, {}
    for name, prediction in predictions.items():
        correlations = score_predictions(prediction, truth)
        order = _order(prediction)
        resampled = np.stack([_resampled(order, truth_order, count) for count in counts])
        values[name] = float(correlations.mean())
        by_target[name] = correlations[chosen].mean(1)
        by_subset[name] = resampled.mean(1)
        both[name] = np.take_along_axis(resampled, chosen, axis=1).mean(1)
    return Bootstrap(values, both, by_target, by_subset)


def noise_ceiling(outputs: Float[np.ndarray, "subset repeat target"]) -> Float[np.ndarray, " target"]:
    """Returns for each target the correlation of two disjoint halves of the repeats, mean over all ways to halve them.

    `ceiling_from_halves` makes it a ceiling. An odd repeat is left out in turn.

    Raises:
        ValueError: there is only one repeat.
    """
    repeats = outputs.shape[1]
    if repeats < 2:
        raise ValueError("got one retraining a subset; expected at least 2 to tell signal from noise")
    found = []
    for first in combinations(range(repeats), repeats // 2):
        rest = [number for number in range(repeats) if number not in first]
        for second in combinations(rest, repeats // 2):
            if first < second:
                halves = (outputs[:, half].mean(1).T for half in (list(first), list(second)))
                found.append(score_predictions(*halves))
    return np.mean(found, axis=0)


def ceiling_from_halves(correlation: float, repeats: int) -> float:
    """Returns the LDS of the expected outputs, given the mean correlation of halves of the repeats.

    Spearman and Brown give the reliability of the mean of all repeats; its root is the correlation with its
    expectation.
    """
    # Deviation: ceiling-from-halves
    factor = repeats / (repeats // 2)
    correlation = max(correlation, 0.0)
    return float(np.sqrt(factor * correlation / (1 + (factor - 1) * correlation)))


def _correlate(a: Float[np.ndarray, "row item"], b: Float[np.ndarray, "row item"]) -> Float[np.ndarray, " row"]:
    a, b = (x - x.mean(1, keepdims=True) for x in (a, b))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(1), norms, out=np.zeros(len(a)), where=norms > 0)


def _order(values: Float[np.ndarray, "target subset"]) -> tuple[np.ndarray, np.ndarray]:
    """Returns what sorts each row, and the place of each item in that order; equal values keep their order."""
    order = np.argsort(values, axis=1, kind="stable")
    return order, np.argsort(order, axis=1)


def _resampled(
    prediction: tuple[np.ndarray, np.ndarray], truth: tuple[np.ndarray, np.ndarray], count: np.ndarray
) -> Float[np.ndarray, " target"]:
    """Returns each target's Spearman correlation if subset j occurs count[j] times; copies share their mean rank."""
    a, b = (_weighted_ranks(order, place, count) for order, place in (prediction, truth))
    weights = count / count.sum()
    a, b = (x - (x @ weights)[:, None] for x in (a, b))
    covariance, a2, b2 = ((x * weights).sum(1) for x in (a * b, a * a, b * b))
    return covariance / np.sqrt(a2 * b2)


def _weighted_ranks(order: np.ndarray, place: np.ndarray, count: np.ndarray) -> Float[np.ndarray, "target subset"]:
    sorted_counts = count[order]
    ranks = sorted_counts.cumsum(1) - (sorted_counts - 1) / 2
    return np.take_along_axis(ranks, place, axis=1)
