"""Pearson correlation, of one head and of the least correlated of several."""

import numpy as np
from jaxtyping import Float


def pearson(x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"]) -> float:
    """Returns the Pearson correlation; 0 if one of the two never varies."""
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else 0.0


def lowest_correlation(*points: Float[np.ndarray, "prompt head"]) -> float:
    """Returns the lowest, over heads, correlation of attention with projection.

    Args:
        points: attention and projection; further pairs of the same (S after IO) are pooled.
    """
    attention, projection = np.concatenate(points[::2]), np.concatenate(points[1::2])
    return min(pearson(attention[:, head], projection[:, head]) for head in range(attention.shape[1]))
