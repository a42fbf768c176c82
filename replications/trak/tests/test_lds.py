"""The score by which all methods are judged."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from replications.trak.lds import (
    _order,
    _resampled,
    bootstrap_scores,
    ceiling_from_halves,
    noise_ceiling,
    score_predictions,
)


def test_the_true_effects_of_subsets_score_1_and_a_permutation_near_0(rng):
    effects = rng.standard_normal((50, 80))
    masks = (rng.random((100, 80)) < 0.5).astype(float)
    truth = effects @ masks.T
    assert score_predictions(effects @ masks.T, np.exp(truth / 5)) == pytest.approx(1)
    dealt = rng.permuted(effects, axis=1) @ masks.T
    assert abs(score_predictions(dealt, truth).mean()) < 0.05


def test_each_target_has_the_rank_correlation_of_scipy(rng):
    predictions, truth = rng.integers(0, 6, (4, 30)).astype(float), rng.standard_normal((4, 30))
    expected = [spearmanr(a, b).statistic for a, b in zip(predictions, truth, strict=True)]
    assert score_predictions(predictions, truth) == pytest.approx(expected)


def test_targets_are_scored_one_by_one_and_not_pooled():
    truth = np.array([[1.0, 2, 3], [11, 12, 13]])
    assert score_predictions(-truth + np.array([[0], [40]]), truth) == pytest.approx([-1, -1])


def test_a_prediction_that_is_the_same_for_all_subsets_scores_0():
    assert score_predictions(np.ones((1, 5)), np.arange(5.0)[None]).tolist() == [0]


def test_resampling_by_counts_is_resampling_by_copies(rng):
    a, b = rng.standard_normal((2, 3, 20))
    count = rng.multinomial(20, np.full(20, 0.05))
    copies = np.repeat(np.arange(20), count)
    expected = [np.corrcoef(rankdata(x), rankdata(y))[0, 1] for x, y in zip(a[:, copies], b[:, copies], strict=True)]
    assert _resampled(_order(a), _order(b), count) == pytest.approx(expected)


def test_intervals_hold_the_value_and_subsets_and_targets_each_add_to_them(rng):
    truth = rng.standard_normal((30, 40))
    found = bootstrap_scores({"noisy": truth + rng.standard_normal(truth.shape)}, truth, 200, rng)
    value = found.values["noisy"]
    for draws in (found.both, found.targets, found.subsets):
        low, high = np.quantile(draws["noisy"], [0.025, 0.975])
        assert low < value < high
    assert found.both["noisy"].std() > max(found.targets["noisy"].std(), found.subsets["noisy"].std())


def test_the_ceiling_is_what_the_noiseless_truth_scores(rng):
    signal = rng.standard_normal((400, 1, 60))
    outputs = signal + rng.standard_normal((400, 4, 60))
    ceiling = ceiling_from_halves(float(noise_ceiling(outputs).mean()), 4)
    reached = score_predictions(signal[:, 0].T, outputs.mean(1).T).mean()
    assert ceiling == pytest.approx(reached, abs=0.015)
    assert reached == pytest.approx(np.sqrt(4 / 5), abs=0.02)


def test_one_retraining_gives_no_ceiling(rng):
    with pytest.raises(ValueError, match="at least 2"):
        noise_ceiling(rng.standard_normal((5, 1, 3)))
