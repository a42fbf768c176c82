"""Many networks at once are the same as one by one; logistic regression reaches its optimum."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from replications.trak.counterfactual import leave_one_out
from replications.trak.estimates import correlate_rows
from replications.trak.networks import build_network, standardise
from replications.trak.retraining import cut_tasks, draw_halves, join, predict, retrain
from replications.trak.training import (
    NoConvergenceError,
    draw_batches,
    fit_logistic,
    rates,
    train_alone,
    train_together,
)

SEEDS = [(0, 7), (0, 8), (0, 9)]


@pytest.fixture
def material(images, rng):
    """A network, its images, and the halves that three networks are trained on."""
    members = np.stack([np.flatnonzero(mask) for mask in draw_halves(3, 48, rng)])
    pixels, labels = standardise(images, "train"), torch.from_numpy(images.train_labels)
    return build_network("convolutional", images), pixels, labels, members


@pytest.mark.parametrize("flip", [False, True])
def test_networks_trained_together_are_those_of_pytorchs_own_optimiser_one_by_one(material, setting, flip):
    network, pixels, labels, members = material
    training = setting.training.model_copy(update={"flip": flip})
    together = train_together(network, pixels, labels, members, SEEDS, training)
    for found, rows, seed in zip(together, members, SEEDS, strict=True):
        alone = train_alone(network, pixels, labels, rows, seed, training)
        assert found == pytest.approx(alone.numpy(), abs=1e-4)
    assert (together[:, -1] - together[:, 0]).abs().max() > 1e-3


def test_a_network_does_not_depend_on_those_that_are_trained_with_it(images, setting):
    masks = draw_halves(5, 48, np.random.default_rng(0))
    seeds = [(1, number) for number in range(5)]
    found = []
    for together in (1, 2, 5):
        tasks = cut_tasks("pool", masks, seeds, together, kept=5)
        results = [retrain(setting, images, task) for task in tasks]
        found.append((join(results, "outputs"), join(results, "weights")))
    for outputs, weights in found[1:]:
        assert outputs == pytest.approx(found[0][0], abs=1e-3)
        assert weights == pytest.approx(found[0][1], abs=1e-4)


def test_training_lowers_the_loss(material, setting):
    network, pixels, labels, members = material
    training = setting.training.model_copy(update={"epochs": 10, "checkpoints": (1, 10), "peak": 3})
    weights = train_together(network, pixels, labels, members[:1], SEEDS[:1], training)[0]
    losses = [
        float(torch.nn.functional.cross_entropy(predict(network, at, pixels[members[0]]), labels[members[0]]))
        for at in weights
    ]
    assert losses[1] < losses[0] - 0.1


def test_each_epoch_shows_every_image_once(setting):
    members = np.array([[3, 5, 8, 9, 11]])
    training = setting.training.model_copy(update={"batch_size": 2})
    for batches in draw_batches(members, [(0,)], training):
        assert [len(rows[0]) for rows, _ in batches] == [2, 2, 1]
        assert sorted(np.concatenate([rows[0] for rows, _ in batches])) == members[0].tolist()


def test_the_rate_rises_to_its_peak_epoch_and_falls_to_zero(setting):
    training = setting.training.model_copy(update={"epochs": 4, "peak": 1, "learning_rate": 0.4})
    assert rates(training, 2) == pytest.approx(0.4 * np.array([0, 1 / 2, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]))


def test_halves_are_halves_and_differ(rng):
    masks = draw_halves(20, 31, rng)
    assert (masks.sum(1) == 15).all()
    assert len({tuple(mask) for mask in masks}) == 20


def test_a_network_with_batch_normalisation_is_trained_and_its_statistics_are_kept(images, setting):
    import replications.trak.networks as networks

    network = networks.build_network("resnet9", images)
    training = setting.training.model_copy(update={"epochs": 1, "checkpoints": (1,), "batch_size": 4})
    pixels, labels = standardise(images, "train"), torch.from_numpy(images.train_labels)
    (weights,) = train_alone(network, pixels, labels, np.arange(8), (0,), training)
    _, statistics = network.named(weights)
    assert all(float(array.abs().max()) > 0 for array in statistics.values())
    assert predict(network, weights, pixels[:2]).isfinite().all()


def test_logistic_regression_is_scikit_learns(rng):
    x, y, penalty = rng.standard_normal((80, 3)), rng.integers(3, size=80), 0.05
    peer = LogisticRegression(C=1 / (80 * penalty), fit_intercept=False, tol=1e-10, max_iter=1000)
    peer.fit(np.column_stack([x, np.ones(80)]), y)
    shares = torch.full((80,), 1 / 80, dtype=torch.float64)
    found = fit_logistic(torch.from_numpy(x), torch.from_numpy(y), shares, 3, penalty)
    assert found == pytest.approx(peer.coef_, abs=1e-5)


def test_an_optimum_that_is_infinitely_far_away_is_refused():
    x, y = torch.tensor([[-1.0], [1.0]], dtype=torch.float64), torch.tensor([0, 1])
    with pytest.raises((NoConvergenceError, torch.linalg.LinAlgError)):
        fit_logistic(x, y, torch.full((2,), 0.5, dtype=torch.float64), 2, 0.0)


def test_leaving_an_image_out_is_fitting_without_it_and_influence_follows_it(digits, logistic):
    found = leave_one_out(logistic, digits)
    pixels = standardise(digits, "train").flatten(1).double()
    kept = np.arange(48) != 5
    shares = torch.full((47,), 1 / 48, dtype=torch.float64)
    labels = torch.from_numpy(digits.train_labels)
    without = fit_logistic(pixels[kept], labels[kept], shares, 2, logistic.training.penalty)
    everyone = fit_logistic(
        pixels, labels, torch.full((48,), 1 / 48, dtype=torch.float64), 2, logistic.training.penalty
    )
    test = torch.cat([standardise(digits, "test").flatten(1).double(), torch.ones(12, 1, dtype=torch.float64)], dim=1)

    def losses(weights):
        return torch.nn.functional.cross_entropy(
            test @ weights.T, torch.from_numpy(digits.test_labels), reduction="none"
        ).numpy()

    assert found["loss"][:, 5] == pytest.approx(losses(without) - losses(everyone), abs=1e-6)
    assert correlate_rows(found["influence"], found["loss"]).mean() > 0.8
