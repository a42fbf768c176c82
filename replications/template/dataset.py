"""The data: pure functions, no files."""

import numpy as np
from jaxtyping import Float


def draw_numbers(n: int, rng: np.random.Generator) -> Float[np.ndarray, " n"]:
    """Returns `n` uniform random numbers in [0, 1)."""
    # Deviation: own-generator
    return rng.random(n)
