"""The update of bits against the energy itself, the classical network and limits."""

import numpy as np
import pytest

from replications.hopfield.capacity import all_restored, find_load, fit_slope, largest_load, stream_errors
from replications.hopfield.dataset import draw_bits, draw_groups, flip_bits
from replications.hopfield.method import (
    compute_fields,
    double_factorial,
    exponential,
    power,
    power_load,
    power_load_without_errors,
    rate_function,
    update_bits,
)

RNG = np.random.default_rng


@pytest.mark.parametrize("interaction", [power(2), power(3), power(4), exponential(9)])
def test_the_field_is_the_energy_of_a_bit_down_minus_up(interaction):
    """A second way: the energy written out, with each bit set to both values."""
    patterns, states = draw_bits(6, 9, RNG(0)), draw_bits(4, 9, RNG(1))
    fields = compute_fields(patterns, states, interaction).values

    def energy(state):
        return -interaction((patterns.astype(float) * state).sum(1)).sum()

    for row, state in enumerate(states.astype(float)):
        for bit in range(9):
            up, down = (np.where(np.arange(9) == bit, value, state) for value in (1, -1))
            assert fields[row, bit] == pytest.approx(energy(down) - energy(up), rel=1e-9, abs=1e-12)


def test_squares_are_the_classical_network_without_self_couplings():
    patterns, states = draw_bits(5, 12, RNG(0)), draw_bits(3, 12, RNG(1))
    couplings = patterns.T.astype(float) @ patterns
    np.fill_diagonal(couplings, 0)
    assert np.allclose(compute_fields(patterns, states, power(2)).values, 4 * states @ couplings)


def test_fields_of_different_patterns_add_up():
    patterns, states = draw_bits(8, 10, RNG(0)), draw_bits(2, 10, RNG(1))
    parts = compute_fields(patterns[:3], states, power(3)) + compute_fields(patterns[3:], states, power(3))
    assert np.allclose(parts.values, compute_fields(patterns, states, power(3)).values)


def test_many_states_are_updated_as_few_are():
    patterns, states = draw_bits(5, 10, RNG(0)), draw_bits(1500, 10, RNG(1))
    one_by_one = np.concatenate([update_bits(patterns, state[None], exponential(10)) for state in states])
    assert (update_bits(patterns, states, exponential(10)) == one_by_one).all()


def test_one_pattern_is_restored_from_any_but_half_of_its_bits():
    pattern = draw_bits(1, 20, RNG(0))
    assert (update_bits(pattern, flip_bits(pattern, 8, RNG(1)), exponential(20)) == pattern).all()
    assert all_restored(power(3), pattern, flip_bits(pattern, 5, RNG(1)))


def test_two_patterns_that_differ_in_one_bit_tie_there():
    patterns = np.ones((2, 8), dtype=np.int8)
    patterns[1, 0] = -1
    assert update_bits(patterns, patterns, exponential(8))[:, 0].tolist() == [0, 0]


def test_flipped_bits_are_as_many_as_asked_for():
    patterns = draw_bits(50, 12, RNG(0))
    for wrong in (0, 3):
        assert ((flip_bits(patterns, wrong, RNG(1)) != patterns).sum(1) == wrong).all()


def test_random_bits_are_balanced():
    assert abs(draw_bits(1000, 101, RNG(0)).mean()) < 0.02  # six standard errors of 101,000 bits


def test_the_rate_function_is_that_of_exact_binomial_tails():
    from scipy.stats import binom

    neurons, overlap = 4000, 0.4
    tail = -binom.logsf((1 + overlap) / 2 * neurons - 1, neurons, 0.5) / neurons
    assert rate_function(overlap) == pytest.approx(tail, abs=2e-3)
    assert rate_function(1) == pytest.approx(np.log(2))
    assert rate_function(0) == 0


def test_the_classical_load_is_the_well_known_one():
    assert power_load(1000, 2, 0.0036) == pytest.approx(138, abs=1)
    assert power_load_without_errors(1000, 2, all_patterns=False) == pytest.approx(1000 / (2 * np.log(1000)))
    assert power_load_without_errors(1000, 2, all_patterns=True) == pytest.approx(1000 / (4 * np.log(1000)))
    assert [double_factorial(odd) for odd in (1, 3, 5)] == [1, 3, 15]


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_stream_of_patterns_gives_the_errors_of_all_at_once(wrong, monkeypatch):
    """A second way: the same random numbers, all patterns in memory."""
    monkeypatch.setattr("replications.hopfield.capacity.CHUNK", 7)
    found = stream_errors(power(3), 10, [5, 9, 30], 4, wrong, RNG(3))
    rng = RNG(3)
    stored = draw_bits(4, 10, rng)
    states = flip_bits(stored, wrong, rng)
    patterns = stored
    for place, (load, sizes) in enumerate([(5, [1]), (9, [4]), (30, [7, 7, 7])]):
        patterns = np.concatenate([patterns, *(draw_bits(size, 10, rng) for size in sizes)])
        assert len(patterns) == load
        assert np.allclose(found[place], (update_bits(patterns, states, power(3)) != stored).mean(1))


def test_loads_below_the_targets_are_refused():
    with pytest.raises(ValueError, match=r"got loads \[3, 5\] and 4 targets; expected ascending loads"):
        stream_errors(power(2), 8, [3, 5], 4, 0, RNG(0))


def test_the_classical_network_errs_as_the_gaussian_estimate_says():
    load = round(power_load(2000, 2, 0.0036))
    assert stream_errors(power(2), 2000, [load], 128, 0, RNG(0)).mean() == pytest.approx(0.0036, rel=0.15)


def test_the_largest_load_is_that_of_two_patterns_one_bit_apart(monkeypatch):
    """A known answer: patterns are fixed until the first that differs in one bit from an earlier one."""
    drawn = iter([np.array([[1] * 8, [-1] * 8]), np.array([[1, -1] * 4]), np.array([[1] * 7 + [-1]])])
    monkeypatch.setattr(
        "replications.hopfield.capacity.draw_bits",
        lambda count, neurons, rng: next(drawn).astype(np.int8) if count else np.empty((0, 8), np.int8),
    )
    assert largest_load(exponential(8), 8, 0, 1.1, RNG(0)) == pytest.approx(np.sqrt(3 * 4))


def test_a_crossing_is_found_between_loads_and_refused_outside():
    loads = np.array([10.0, 20.0, 40.0])
    assert find_load(loads, np.array([0.0, 0.2, 0.6]), 0.4) == pytest.approx(np.sqrt(800))
    with pytest.raises(ValueError, match=r"got errors from 0 to 0.3; expected them to cross 0.5; widen the loads"):
        find_load(loads, np.array([0.0, 0.2, 0.3]), 0.5)


def test_the_slope_of_a_line_is_its_slope():
    assert fit_slope([1, 2, 5], np.array([3.0, 5.0, 11.0])) == pytest.approx(2)


def test_groups_have_members_at_the_given_spread():
    groups = draw_groups(3, 40, 50, 2.0, 0.1, RNG(0))
    assert np.allclose(np.linalg.norm(groups, axis=2), 2)
    assert np.linalg.norm(groups - groups.mean(1, keepdims=True), axis=2).mean() / 2 == pytest.approx(0.1, rel=0.05)
