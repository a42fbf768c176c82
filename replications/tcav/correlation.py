"""Rank correlation."""

import numpy as np
from jaxtyping import Float
from scipy import stats


def spearman(x: Float[np.ndarray, "..."], y: Float[np.ndarray, "..."]) -> float:
    """Returns Spearman's rank correlation of all entries; 0 if one of the two never varies."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(stats.spearmanr(np.ravel(x), np.ravel(y)).statistic)
