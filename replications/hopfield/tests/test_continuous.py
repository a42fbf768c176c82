"""The continuous memory against attention, its own theorems and limits."""

import numpy as np
import pytest

from replications.hopfield.continuous import (
    bound_fixed_point,
    bound_jacobian,
    compute_energy,
    compute_separation,
    retrieve,
    settle,
    storage_bound,
    storage_constant,
)
from replications.hopfield.dataset import draw_directions

RNG = np.random.default_rng


def test_the_update_is_a_weighted_mean_written_out():
    patterns, state = draw_directions(4, 3, 2.0, RNG(0)), draw_directions(1, 3, 1.0, RNG(1))
    weights = [np.exp(0.7 * (pattern @ state[0])) for pattern in patterns]
    expected = sum(w * p for w, p in zip(weights, patterns, strict=True)) / sum(weights)
    assert np.allclose(retrieve(patterns, state, 0.7)[0], expected)


def test_the_update_goes_down_the_energys_concave_part():
    """A known answer: at a fixed point the gradient of the energy vanishes."""
    patterns = draw_directions(5, 4, 1.5, RNG(0))
    fixed = settle(patterns, patterns, 1.0)
    for direction in np.eye(4):
        up, down = (compute_energy(patterns, fixed + sign * 1e-5 * direction, 1.0) for sign in (1, -1))
        assert np.allclose((up - down) / 2e-5, 0, atol=1e-8)


def test_a_batch_of_sets_settles_as_each_set_alone():
    patterns = draw_directions(12, 5, 2.0, RNG(0)).reshape(3, 4, 5)
    together = settle(patterns, patterns, 1.0)
    assert np.allclose(together[1], settle(patterns[1], patterns[1], 1.0), atol=1e-9)


def test_states_that_do_not_settle_are_refused():
    patterns = draw_directions(4, 5, 2.0, RNG(0))
    with pytest.raises(ValueError, match="after 1 updates; expected at most 1e-12; allow more updates"):
        settle(patterns, patterns, 1.0, most=1)


def test_separation_is_the_distance_to_the_nearest_in_overlap():
    patterns = np.array([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [1.2, 1.6]])
    assert compute_separation(patterns) == pytest.approx([4 - 2.4, 4 - 3.2, 4.0, 4 - 3.2])


def test_the_constants_equation_is_solved():
    """A second way: c is defined by the equation that the Lambert function solves."""
    beta, k, d, p = 1.0, 1.0, 75, 0.001
    c = storage_constant(beta, k, d, p)
    a, b = 2 / (d - 1) * (1 + np.log(2 * beta * k**2 * p * (d - 1))), 2 * k**2 * beta / 5
    assert np.log(b / c) + b / c == pytest.approx(a + np.log(b))


def test_the_papers_example_promises_seven_patterns():
    assert storage_bound(1.0, 3.0, 20, 0.001) == pytest.approx(np.sqrt(0.001) * 3.1546**4.75, rel=1e-3)


def test_bounds_fall_exponentially_with_separation():
    near, far = (bound_fixed_point(np.array(d), 5, 2.0, 1.0) for d in (3.0, 5.0))
    assert far / near == pytest.approx(np.exp(-2))
    near, far = (bound_jacobian(np.array(d), np.array(0.1), 5, 2.0, 1.0) for d in (3.0, 5.0))
    assert far / near == pytest.approx(np.exp(-2))
