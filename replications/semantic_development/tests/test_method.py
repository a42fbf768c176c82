"""The exact solutions against training and against their own equations."""

import numpy as np
import pytest

from replications.semantic_development.dataset import make_contrasts, make_items
from replications.semantic_development.method import (
    align_weights,
    deep_strength,
    deep_time_to,
    draw_small_weights,
    find_crossing,
    growing_strength,
    project_modes,
    shallow_strength,
    train_deep,
    train_shallow,
)


@pytest.fixture(scope="module")
def modes():
    data, v = make_items(), make_contrasts()
    s = np.linalg.norm(data @ v, axis=0)
    return data, data @ v / s, v, s


def test_the_deep_solution_is_the_papers_formula():
    t, s, a0 = np.linspace(0, 5, 50), np.float64(1.7), np.float64(0.01)
    grown = np.exp(2 * s * t)
    assert np.allclose(deep_strength(t, s, a0), s * grown / (grown - 1 + s / a0), rtol=1e-12)


def test_the_deep_solution_solves_its_differential_equation():
    t = np.linspace(0, 6, 60_001)
    a = deep_strength(t, np.float64(1.3), np.float64(0.02))
    assert np.allclose(np.gradient(a, t)[1:-1], (2 * a * (1.3 - a))[1:-1], atol=1e-6)


def test_the_deep_solution_does_not_overflow_late():
    assert deep_strength(np.array([1e6]), np.float64(3), np.float64(1e-3)) == pytest.approx(3)


def test_the_shallow_solution_solves_its_differential_equation():
    t = np.linspace(0, 6, 60_001)
    b = shallow_strength(t, np.float64(1.3), np.float64(0.2))
    assert np.allclose(np.gradient(b, t)[1:-1], (1.3 - b)[1:-1], atol=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_time_to_a_share_inverts_the_solution(share):
    s, a0 = np.array([0.8, 2.0]), np.array([1e-3, 5e-3])
    assert np.allclose(deep_strength(deep_time_to(share, s, a0), s, a0), share * s)


def test_an_aligned_network_follows_the_solution_ever_closer_as_steps_shrink(modes):
    data, u, v, s = modes
    worst = []
    for rate in (4e-3, 1e-3):
        steps = round(8 / rate)
        found = project_modes(train_deep(data, align_weights(u, v, 1e-3, 6), rate, steps), u, v)[:, 0]
        worst.append(np.abs(found - deep_strength(rate * np.arange(steps)[:, None], s, np.float64(1e-3))).max())
    assert worst[1] == pytest.approx(worst[0] / 4, rel=0.1)
    assert worst[1] < 0.01


def test_training_is_gradient_descent_on_the_squared_error(modes):
    """A second way: one step against the numerical gradient of the loss."""
    data = modes[0]
    weights = draw_small_weights(1, 7, 3, 4, 0.5, np.random.default_rng(0))
    after = train_deep(data, weights, 0.01, 2)[1, 0]

    def loss(w1, w2):
        return ((data - w2 @ w1) ** 2).sum() / 2

    steps = []
    for name in ("w1", "w2"):
        w = {"w1": weights.w1[0].copy(), "w2": weights.w2[0].copy()}
        gradient = np.zeros_like(w[name])
        for index in np.ndindex(gradient.shape):
            values = []
            for sign in (1, -1):
                w[name][index] += sign * 1e-5
                values.append(loss(**w))
                w[name][index] -= sign * 1e-5
            gradient[index] = (values[0] - values[1]) / 2e-5
        steps.append(-0.01 * gradient)
    assert np.allclose((weights.w2[0] + steps[1]) @ (weights.w1[0] + steps[0]), after, atol=1e-8)


def test_a_shallow_network_follows_its_solution_from_any_start(modes):
    data, u, v, s = modes
    start = np.random.default_rng(1).standard_normal((3, *data.shape))
    found = project_modes(train_shallow(data, start, 1e-3, 4000), u, v)
    time = 1e-3 * np.arange(4000)
    assert np.abs(found - shallow_strength(time[:, None, None], s, found[0])).max() < 2e-3


def test_the_growing_part_of_aligned_weights_is_their_strength(modes):
    _, u, v, _ = modes
    assert np.allclose(growing_strength(align_weights(u, v, 0.01, 5), u, v), 0.01)


def test_the_growing_part_is_what_is_left_late_in_the_linear_phase(modes):
    data, u, v, s = modes
    weights = draw_small_weights(5, 7, 16, 4, 1e-6, np.random.default_rng(2))
    steps = 4000
    found = project_modes(train_deep(data, weights, 1e-3, steps), u, v)[-1]
    expected = growing_strength(weights, u, v) * (1 + 1e-3 * s) ** (2 * (steps - 1))
    # The part that dies is e^(-2 s t), 3e-4 for the weakest mode; the strongest is at 0.7 % of its final strength.
    assert np.allclose(found, expected, rtol=0.01)


def test_weights_are_not_modified_by_training(modes):
    weights = draw_small_weights(1, 7, 3, 4, 0.1, np.random.default_rng(0))
    before = weights.w1.copy()
    train_deep(modes[0], weights, 0.1, 5)
    assert (weights.w1 == before).all()


def test_a_crossing_is_interpolated():
    assert find_crossing(np.array([[0.0, 5.0], [1.0, 6.0], [3.0, 7.0]]), np.array([2.0, 5.5])) == pytest.approx(
        [1.5, 0.5]
    )


def test_a_series_that_never_reaches_its_level_is_refused():
    with pytest.raises(ValueError, match="got 1 series that never reach their level; expected all to; raise `steps`"):
        find_crossing(np.array([[0.0, 0.0], [1.0, 0.4]]), np.array([0.5, 0.5]))
