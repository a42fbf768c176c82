"""Reading curves whose answers are known."""

import numpy as np
import pytest

from replications.induction_heads.curves import crossing, descent, find_bump, share_in_window, time_of_share

TOKENS = np.arange(0, 11.0) * 100


def test_a_straight_rise_is_half_way_in_the_middle_and_crosses_a_level_between_snapshots():
    assert time_of_share(TOKENS, TOKENS / 1000, 0.5) == pytest.approx(500)
    assert crossing(TOKENS, TOKENS / 1000, 0.25) == pytest.approx(250)


def test_a_level_that_is_never_reached_has_no_crossing_and_a_falling_score_can_be_half_way_too():
    assert crossing(TOKENS, TOKENS / 1000, 2.0) is None
    assert time_of_share(TOKENS, -TOKENS / 1000, 0.5) == pytest.approx(500)
    assert time_of_share(TOKENS, np.zeros(11), 0.5) == 1000  # what does not move is never half way


def test_all_of_a_step_falls_into_a_window_around_it_and_nothing_into_one_before():
    step = np.where(TOKENS > 500, -0.4, 0.0)
    assert share_in_window(TOKENS, step, 400, 700) == pytest.approx(1)
    assert share_in_window(TOKENS, step, 0, 400) == pytest.approx(0)


def test_the_descent_of_a_logarithmic_loss_is_its_slope_everywhere():
    tokens = np.array([0, 1, 2, 4, 8, 16.0])
    losses = np.concatenate([[9.0], 5 - 0.7 * np.log(tokens[1:])])
    times, slopes = descent(tokens, losses, smoothing=1)
    assert slopes.tolist() == pytest.approx([0.7] * 4)
    assert times[0] == pytest.approx(np.sqrt(2))


def test_a_curve_that_only_slows_down_has_no_bump_and_a_sudden_drop_is_one_where_it_is():
    tokens = np.linspace(0, 100, 51)
    slow = 3 / np.sqrt(1 + tokens)
    assert find_bump(tokens, slow, 3, begin=10).height < 0.02
    drop = slow - 1 / (1 + np.exp(-(tokens - 60)))
    bump = find_bump(tokens, drop, 3, begin=10)
    assert bump.tokens == pytest.approx(60, abs=3)
    with pytest.raises(ValueError, match="got 51 snapshots, none after 200 tokens"):
        find_bump(tokens, drop, 3, begin=200)
    assert bump.height > 5  # the logistic falls by 1/4 a token at its steepest, times 60 tokens an e-fold, smoothed
