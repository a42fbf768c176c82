"""Five features in two dimensions, one of them sparser: when a pentagon becomes two digons."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.superposition.loaded import keep_best, take_sweep
from replications.superposition.method import REPRESENTED, cosines, dimensionality, norms
from replications.superposition.quadrature import expected_loss
from replications.superposition.settings import Measuring, Training
from replications.superposition.tables import Curves

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
    gap = _lowest(losses, pentagons) - _lowest(losses, digons)  # (sparser, seed)
    crossed = cross(sparser, np.nanmean(gap, axis=1)) if np.isfinite(gap).any(1).all() else None
    measured = {
        "five-features-make-a-pentagon": bootstrap_mean(dims[0].mean(-1), rng, unit="1", seeds=seeds),
        "pentagon-is-regular": bootstrap_mean(dims[0].min(-1), rng, unit="1", seeds=seeds),
        "digons-share-dimensions": bootstrap_mean(dims[-1, :, :-1].mean(-1), rng, unit="1", seeds=seeds),
        "pentagon-becomes-digons": missing("the two loss curves do not cross in the range of densities", "1")
        if crossed is None
        else bootstrap(lambda sample: _crossing(sparser, sample, crossed), [gap.T], rng, unit="1", seeds=seeds),
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
    opposite = (cosines(weight)[..., :-1, :-1] < OPPOSITE).sum(-1) == 1
    return opposite.all(-1) & (length[..., :-1] > REPRESENTED).all(-1) & (length[..., -1] <= REPRESENTED)


def find_pentagons(weight: Float[np.ndarray, "*rows hidden feature"]) -> Bool[np.ndarray, "*rows"]:
    """Returns which models hold all five features, no two of them opposite: a pentagon, perhaps a deformed one."""
    return (norms(weight) > REPRESENTED).all(-1) & (cosines(weight) > OPPOSITE).all((-1, -2))


def _lowest(losses: np.ndarray, chosen: np.ndarray) -> Float[np.ndarray, "sparser seed"]:
    """Returns the lowest loss of the chosen restarts; NaN where there is none."""
    lowest = np.where(chosen, losses, np.inf).min(-1)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def cross(x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"]) -> float | None:
    """Returns where `y` first turns positive, interpolated; None if it never does or already is at the start."""
    positive = np.flatnonzero(y > 0)
    if not len(positive) or positive[0] == 0:
        return None
    after = positive[0]
    share = y[after - 1] / (y[after - 1] - y[after])
    return float(x[after - 1] + share * (x[after] - x[after - 1]))


def _crossing(x: np.ndarray, sample: np.ndarray, otherwise: float) -> float:
    """Returns the crossing of a resampled gap, (seed, point); that of all seeds where the resample has none."""
    seen = np.isfinite(sample).any(0)
    found = cross(x[seen], np.nanmean(sample[:, seen], axis=0))
    return otherwise if found is None else found
