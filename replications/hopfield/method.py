"""The update of a memory of bits with any interaction, and what theory says of its capacity."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, prod

import numpy as np
from jaxtyping import Float, Int8
from scipy.stats import norm

Interaction = Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]
STATES_AT_A_TIME = 1024  # bounds the memory of the overlaps
TIE = 1e-12  # of the strongest contribution: what is smaller is rounding


def power(n: int) -> Interaction:
    """Returns F(x) = x^n. Source: krotov2016dense, § 2."""
    return lambda overlap: overlap**n


def exponential(neurons: int) -> Interaction:
    """Returns F(x) = e^(x - N): a constant factor changes no sign, and this one keeps it at most 1.

    Source: demircigil2017huge, Theorem 3
    """
    return lambda overlap: np.exp(overlap - neurons)


@dataclass(frozen=True)
class Fields:
    """What pulls at each bit of each state; fields of different patterns add up.

    Attributes:
        values: energy with the bit at -1 minus that with the bit at +1.
        strongest: the largest contribution of a single pattern to a state, the measure of rounding errors.
    """

    values: Float[np.ndarray, "state neuron"]
    strongest: Float[np.ndarray, "state 1"]

    def __add__(self, other: "Fields") -> "Fields":
        return Fields(self.values + other.values, np.maximum(self.strongest, other.strongest))

    def signs(self) -> Int8[np.ndarray, "state neuron"]:
        """Returns the bits with the lower energy; 0 where both have the same."""
        # Deviation: ties-are-errors
        return np.where(np.abs(self.values) <= TIE * self.strongest, 0, np.sign(self.values)).astype(np.int8)


def compute_fields(
    patterns: Int8[np.ndarray, "load neuron"], states: Int8[np.ndarray, "state neuron"], interaction: Interaction
) -> Fields:
    """Returns the fields at all bits, each with the other bits as in the state.

    A bit that agrees with a pattern of overlap m contributes ±[F(m) - F(m-2)], one that does not ±[F(m+2) - F(m)]; the
    mean of the two goes with the pattern's bit and half their difference with the state's.

    Source: krotov2016dense, Eq. 4; demircigil2017huge, definition of T_i
    """
    neurons = states.shape[1]
    possible = np.arange(-neurons - 2, neurons + 3, dtype=float)
    energy = interaction(possible)
    agree, differ = energy[2:-2] - energy[:-4], energy[4:] - energy[2:-2]
    mean, half = (agree + differ) / 2, (agree - differ) / 2
    stored = patterns.astype(np.float64)
    values, strongest = np.empty(states.shape), np.empty((len(states), 1))
    for first in range(0, len(states), STATES_AT_A_TIME):
        part = slice(first, first + STATES_AT_A_TIME)
        some = states[part].astype(np.float64)
        overlap = (some @ stored.T).astype(np.int64) + neurons
        pull = mean[overlap]
        values[part] = pull @ stored + some * half[overlap].sum(axis=1, keepdims=True)
        strongest[part] = np.abs(pull).max(axis=1, keepdims=True)
    return Fields(values, strongest)


def update_bits(
    patterns: Int8[np.ndarray, "load neuron"], states: Int8[np.ndarray, "state neuron"], interaction: Interaction
) -> Int8[np.ndarray, "state neuron"]:
    """Returns all bits updated at once; 0 where both values have the same energy."""
    return compute_fields(patterns, states, interaction).signs()


def rate_function(overlap: float) -> float:
    """Returns I(a): random patterns of N bits overlap by a N or more with probability about exp(-N I(a)).

    Source: demircigil2017huge, Theorem 3
    """
    terms = [(1 + sign * overlap) * log(1 + sign * overlap) for sign in (1, -1) if 1 + sign * overlap > 0]
    return sum(terms) / 2


def double_factorial(odd: int) -> int:
    """Returns 1 · 3 · 5 · … · odd."""
    return prod(range(1, odd + 1, 2))


def power_load(neurons: int, n: int, wrong_share: float) -> float:
    """Returns the load at which a share of the bits of stored patterns is wrong after one update: a Gaussian estimate.

    Source: krotov2016dense, § 2, K_max
    """
    return float(neurons ** (n - 1) / (norm.isf(wrong_share) ** 2 * double_factorial(2 * n - 3)))


def power_load_without_errors(neurons: int, n: int, *, all_patterns: bool) -> float:
    """Returns the load up to which a given pattern, or all of them, stay fixed as N grows.

    Source: krotov2016dense, § 2; demircigil2017huge, Theorem 1 and 2
    """
    return neurons ** (n - 1) / (2 * (n if all_patterns else 1) * double_factorial(2 * n - 3) * log(neurons))
