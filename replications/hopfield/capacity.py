"""How many patterns a memory of bits holds: searches over the load."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from replications.hopfield.dataset import draw_bits, flip_bits
from replications.hopfield.method import Interaction, compute_fields, update_bits

CHUNK = 4096  # patterns at a time; no effect on the result


def stream_errors(
    interaction: Interaction, neurons: int, loads: Sequence[int], targets: int, wrong: int, rng: np.random.Generator
) -> Float[np.ndarray, "load target"]:
    """Returns the share of wrong bits of stored patterns after one update, as more and more patterns are stored.

    The fields of different patterns add up, so that one pass gives all loads and no more than a chunk is kept.

    Args:
        interaction: F.
        neurons: N.
        loads: numbers of stored patterns, ascending.
        targets: how many patterns are looked at, the first ones; at most the first load.
        wrong: bits that are wrong before the update.
        rng: for patterns and wrong bits.

    Raises:
        ValueError: the loads are not ascending or the first is below the number of targets.
    """
    if list(loads) != sorted(loads) or loads[0] < targets:
        raise ValueError(
            f"got loads {list(loads)} and {targets} targets; expected ascending loads, none below the targets"
        )
    stored = draw_bits(targets, neurons, rng)
    states = flip_bits(stored, wrong, rng)
    fields, count = compute_fields(stored, states, interaction), targets
    errors = np.empty((len(loads), targets))
    for place, load in enumerate(loads):
        while count < load:
            more = draw_bits(min(CHUNK, load - count), neurons, rng)
            fields = fields + compute_fields(more, states, interaction)
            count += len(more)
        errors[place] = (fields.signs() != stored).mean(axis=1)
    return errors


def all_restored(interaction: Interaction, patterns: np.ndarray, states: np.ndarray) -> bool:
    """Tells whether one update takes every state to its pattern."""
    return bool((update_bits(patterns, states, interaction) == patterns).all())


def largest_load(interaction: Interaction, neurons: int, wrong: int, growth: float, rng: np.random.Generator) -> float:
    """Returns the load up to which one update restores every pattern of one growing random set.

    Loads grow by a factor at a time; the result is the geometric mean of the last that held and the first that did not.

    Args:
        interaction: F.
        neurons: N.
        wrong: bits of each pattern that are wrong before the update.
        growth: factor between loads.
        rng: for patterns and wrong bits.
    """
    # Deviation: fitted-capacity
    patterns = draw_bits(0, neurons, rng)
    states, held = patterns, 1
    for load in _growing_loads(growth):
        new = draw_bits(load - len(patterns), neurons, rng)
        patterns, states = np.concatenate([patterns, new]), np.concatenate([states, flip_bits(new, wrong, rng)])
        if not all_restored(interaction, patterns, states):
            return float(np.sqrt(held * load))
        held = load
    raise AssertionError("the loads grow without end")


def _growing_loads(growth: float) -> Iterator[int]:
    load = 2
    while True:
        yield load
        load = max(load + 1, round(load * growth))


def find_load(loads: Float[np.ndarray, " load"], errors: Float[np.ndarray, " load"], level: float) -> float:
    """Returns the load at which the error reaches a level, by straight lines between logarithms of loads.

    Raises:
        ValueError: the errors do not reach from below the level to above it.
    """
    if not errors[0] < level <= errors[-1]:
        raise ValueError(
            f"got errors from {errors[0]:g} to {errors[-1]:g}; expected them to cross {level:g}; widen the loads"
        )
    after = int((errors >= level).argmax())
    low, high = errors[after - 1], errors[after]
    share = (level - low) / (high - low)
    return float(np.exp((1 - share) * np.log(loads[after - 1]) + share * np.log(loads[after])))


def fit_slope(x: Sequence[float], y: Float[np.ndarray, " point"]) -> float:
    """Returns the slope of the straight line through points, by least squares."""
    return float(np.polyfit(np.asarray(x, dtype=float), y, 1)[0])
