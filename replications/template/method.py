"""The paper's algorithm in the paper's order: pure functions, no files, no globals, no device names."""

import numpy as np
from jaxtyping import Float


def estimate_mean(numbers: Float[np.ndarray, " n"]) -> float:
    """Returns the mean of the numbers.

    Source: wang2023ioi, § 1
    """
    return float(numbers.sum() / len(numbers))
