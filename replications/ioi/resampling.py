"""Estimates with intervals that share one source of randomness."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.ioi.estimates import ratio_of_means


@dataclass(frozen=True)
class Resampling:
    """Bootstrap intervals over prompts, or over draws of random heads.

    Attributes:
        rng: for resampling.
        seeds: to be recorded.
    """

    rng: np.random.Generator
    seeds: tuple[int, ...]

    def mean(self, values: Float[np.ndarray, " item"], unit: str) -> Measurement:
        """Returns the mean of values."""
        return bootstrap_mean(values, self.rng, unit=unit, seeds=self.seeds)

    def ratio(self, numerator: Float[np.ndarray, " item"], denominator: Float[np.ndarray, " item"]) -> Measurement:
        """Returns mean / mean, as a fraction."""
        return self.any(ratio_of_means, [numerator, denominator], "fraction")

    def any(self, statistic: Callable[..., float], samples: Sequence[np.ndarray], unit: str) -> Measurement:
        """Returns `statistic(*samples)`; the same items are drawn from each sample."""
        return bootstrap(statistic, samples, self.rng, unit=unit, seeds=self.seeds)
