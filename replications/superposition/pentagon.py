"""Five features in two dimensions, one of them sparser: when a pentagon becomes two digons."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.superposition.loaded import keep_best, take_sweep
from replications.superposition.method import REPRESENTED, cosines, dimensionality, norms
from replications.superposition.quadrature import expected_loss
from replications.superposition.settings import Measuring, Training

OPPOSITE = -0.95  # cosine below which two features are a digon; in a pentagon it is at least cos 144° = -0.81


def measure_pentagon(
    arrays: Mapping[str, np.ndarray], training: Training, measuring: Measuring, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about the pentagon and the digons, and what the figure draws."""
    sweep = take_sweep(arrays, "pentagon", training)
    rows = sweep.models.shape
    losses = expected_loss(
        sweep.weight.reshape(-1, *sweep.weight.shape[-2:]),
        sweep.bias.reshape(-1, sweep.bias.shape[-1]),
        sweep.models.source.density,
        sweep.models.importance,
    ).reshape(rows)
    best = keep_best(sweep.weight, losses)
    dims = dimensionality(best)
    sparser, seeds = np.array(training.sparser), (training.seed,)
    pentagons, digons = find_pentagons(sweep.weight), find_digons(sweep.weight)
    gap = compare(_lowest(losses, pentagons), _lowest(losses, digons)).T  # (seed, sparser)
    crossed = cross(sparser, average(gap))
    measured = {
        "five-features-make-a-pentagon": bootstrap_mean(dims[0].mean(-1), rng, unit="1", seeds=seeds),
        "pentagon-is-regular": bootstrap_mean(dims[0].min(-1), rng, unit="1", seeds=seeds),
        "digons-share-dimensions": bootstrap_mean(dims[-1, :, :-1].mean(-1), rng, unit="1", seeds=seeds),
        "pentagon-becomes-digons": missing("the two loss curves do not cross in the range of densities", "1")
        if crossed is None
        else bootstrap(lambda sample: cross(sparser, average(sample)) or crossed, [gap], rng, unit="1", seeds=seeds),
    }
    curves = {
        "pentagon_sparser": sparser,
        "pentagon_losses": losses.reshape(len(sparser), -1),
        "pentagon_kind": np.where(pentagons, 1, np.where(digons, 2, 0)).reshape(len(sparser), -1),
        "pentagon_best": keep_best(best, losses.min(-1)),
    }
    return measured, curves


def find_digons(weight: Float[np.ndarray, "*rows hidden feature"]) -> Bool[np.ndarray, "*rows"]:
    """Returns which models hold four features in two digons and leave out the last one."""
    length = norms(weight)
    return _in_digons(weight) & (length[..., :-1] > REPRESENTED).all(-1) & (length[..., -1] <= REPRESENTED)


def find_pentagons(weight: Float[np.ndarray, "*rows hidden feature"]) -> Bool[np.ndarray, "*rows"]:
    """Returns which models hold all five features, and not four of them in digons: pentagons, deformed or not."""
    return (norms(weight) > REPRESENTED).all(-1) & ~_in_digons(weight)


def _in_digons(weight: np.ndarray) -> np.ndarray:
    return ((cosines(weight)[..., :-1, :-1] < OPPOSITE).sum(-1) == 1).all(-1)


def _lowest(losses: np.ndarray, chosen: np.ndarray) -> Float[np.ndarray, "sparser seed"]:
    """Returns the lowest loss of the chosen restarts; infinity where there is none."""
    return np.where(chosen, losses, np.inf).min(-1)


def compare(pentagon: np.ndarray, digons: np.ndarray) -> np.ndarray:
    """Returns by how much the pentagon's loss is higher; infinite where one was not found, NaN where neither was."""
    with np.errstate(invalid="ignore"):
        return pentagon - digons


def average(gap: Float[np.ndarray, "seed sparser"]) -> Float[np.ndarray, " sparser"]:
    """Returns the mean over the seeds that found both geometries; infinite where no seed found more than one."""
    both, mean = np.isfinite(gap), np.full(gap.shape[1], np.nan)
    found = both.any(0)
    mean[found] = np.where(both, gap, 0).sum(0)[found] / both.sum(0)[found]
    sign = np.nansum(np.sign(gap), axis=0)
    one = ~found & (sign != 0)
    mean[one] = sign[one] * np.inf
    return mean


def cross(x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"]) -> float | None:
    """Returns where `y` first turns positive, interpolated (half-way if a side is infinite); None if it does not."""
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    positive = np.flatnonzero(y > 0)
    if not len(positive) or positive[0] == 0:
        return None
    after = positive[0]
    ends = y[after - 1 : after + 1]
    share = -ends[0] / (ends[1] - ends[0]) if np.isfinite(ends).all() else 0.5
    return float(x[after - 1] + share * (x[after] - x[after - 1]))
