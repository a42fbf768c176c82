"""Bootstrap intervals."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from replications.common.measurements import Measurement

RESAMPLES = 2000  # Efron & Tibshirani 1993, § 13.3: percentile intervals want at least 1,000
COVERAGE = 0.95


def bootstrap(
    statistic: Callable[..., float],
    samples: Sequence[Float[np.ndarray, "item ..."]],
    rng: np.random.Generator,
    *,
    unit: str,
    seeds: tuple[int, ...] = (),
) -> Measurement:
    """Returns `statistic(*samples)` with its 95 % percentile interval over resampled items.

    Args:
        statistic: a function of arrays whose first axis is the item.
        samples: arrays of equal first length; the same items are drawn from each.
        rng: source of the resampling.
        unit: unit of the statistic.
        seeds: seeds to be recorded with the measurement.

    Raises:
        ValueError: the samples are empty or of different lengths.
    """
    lengths = {len(sample) for sample in samples}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f"got samples of lengths {sorted(lengths)}; expected one length, at least 1")
    (n,) = lengths
    draws = np.empty(RESAMPLES)
    for draw in range(RESAMPLES):
        items = rng.integers(n, size=n)
        draws[draw] = statistic(*(sample[items] for sample in samples))
    value = float(statistic(*samples))
    low, high = np.quantile(draws, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    # A skewed statistic may lie outside its own percentile interval: the interval then reaches to it.
    return Measurement(value, float(min(low, value)), float(max(high, value)), n, unit, seeds)


def bootstrap_mean(
    values: Float[np.ndarray, " item"], rng: np.random.Generator, *, unit: str, seeds: tuple[int, ...] = ()
) -> Measurement:
    """Returns the mean of `values` with its 95 % interval over resampled items. Raises as `bootstrap`."""
    return bootstrap(
        lambda sample: float(np.mean(sample)), [np.asarray(values, dtype=float)], rng, unit=unit, seeds=seeds
    )
