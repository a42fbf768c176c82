"""The memory with continuous states, its energy, and what theory says of it."""

import numpy as np
from jaxtyping import Float
from scipy.special import lambertw, logsumexp, softmax


def retrieve(
    patterns: Float[np.ndarray, "*set pattern dimension"],
    states: Float[np.ndarray, "*set state dimension"],
    beta: float,
) -> Float[np.ndarray, "*set state dimension"]:
    """Returns the updated states, X softmax(β Xᵀ ξ).

    Source: ramsauer2021hopfield, Eq. 3
    """
    return np.asarray(softmax(beta * states @ np.swapaxes(patterns, -1, -2), axis=-1) @ patterns)


def settle(
    patterns: Float[np.ndarray, "*set pattern dimension"],
    states: Float[np.ndarray, "*set state dimension"],
    beta: float,
    tolerance: float = 1e-12,
    most: int = 10_000,
) -> Float[np.ndarray, "*set state dimension"]:
    """Returns where the states end when they are updated again and again.

    Raises:
        ValueError: some state still moves by more than `tolerance` after `most` updates.
    """
    for _ in range(most):
        moved = retrieve(patterns, states, beta)
        step = np.abs(moved - states).max()
        states = moved
        if step <= tolerance:
            return states
    raise ValueError(f"got a step of {step:g} after {most} updates; expected at most {tolerance:g}; allow more updates")


def compute_energy(
    patterns: Float[np.ndarray, "pattern dimension"], states: Float[np.ndarray, "state dimension"], beta: float
) -> Float[np.ndarray, " state"]:
    """Returns E = -lse(β, Xᵀ ξ) + ξᵀξ / 2 + (ln N) / β + M² / 2, with M the length of the longest pattern.

    Source: ramsauer2021hopfield, Eq. 1
    """
    attraction = logsumexp(beta * states @ patterns.T, axis=1) / beta
    longest = (patterns**2).sum(axis=1).max()
    return np.asarray((states**2).sum(axis=1) / 2 - attraction + np.log(len(patterns)) / beta + longest / 2)


def compute_separation(
    patterns: Float[np.ndarray, "*set pattern dimension"],
) -> Float[np.ndarray, "*set pattern"]:
    """Returns Δ_i: overlap of each pattern with itself minus the largest with any other.

    Source: ramsauer2021hopfield, Definition before Theorem 4
    """
    overlap = patterns @ np.swapaxes(patterns, -1, -2)
    own = np.einsum("...ii->...i", overlap).copy()
    np.einsum("...ii->...i", overlap)[...] = -np.inf
    return np.asarray(own - overlap.max(axis=-1))


def storage_constant(beta: float, k: float, dimension: int, failure: float) -> float:
    """Returns c of the storage theorem.

    Source: ramsauer2021hopfield, Theorem 3
    """
    a = 2 / (dimension - 1) * (1 + np.log(2 * beta * k**2 * failure * (dimension - 1)))
    b = 2 * k**2 * beta / 5
    return float(b / lambertw(np.exp(a + np.log(b))).real)


def storage_bound(beta: float, k: float, dimension: int, failure: float) -> float:
    """Returns how many random patterns of length K √(d-1) are stored with probability 1 - p at least: √p c^((d-1)/4).

    Source: ramsauer2021hopfield, Theorem 3
    """
    return float(np.sqrt(failure) * storage_constant(beta, k, dimension, failure) ** ((dimension - 1) / 4))


def bound_fixed_point(
    separation: Float[np.ndarray, "*grid"], count: int, radius: float, beta: float
) -> Float[np.ndarray, "*grid"]:
    """Returns the bound on the distance between a pattern and its fixed point.

    Source: ramsauer2021hopfield, Theorem 5
    """
    return np.asarray(2 * np.e * (count - 1) * radius * np.exp(-beta * separation))


def bound_jacobian(
    separation: Float[np.ndarray, "*grid"],
    farthest: Float[np.ndarray, "*grid"],
    count: int,
    radius: float,
    beta: float,
) -> Float[np.ndarray, "*grid"]:
    """Returns the bound on the Jacobian's norm: by which factor one update brings a state nearer to the fixed point.

    Source: ramsauer2021hopfield, Theorem 4

    Args:
        separation: Δ_i.
        farthest: the larger of the distances of state and fixed point from the pattern.
        count: number of patterns.
        radius: their length.
        beta: inverse temperature.
    """
    decay = np.exp(-beta * (separation - 2 * farthest * radius))
    return np.asarray(2 * beta * count * radius**2 * (count - 1) * decay)
