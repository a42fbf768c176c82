"""The autoencoder against planted dictionaries, autograd and its own laws."""

import numpy as np
import pytest
import torch

from replications.monosemanticity.checkpointing import Checkpoint
from replications.monosemanticity.method import (
    Autoencoder,
    fold_norms,
    geometric_median,
    remove_parallel,
    resample,
    squared_losses,
    start_autoencoder,
    take_gradients,
)
from replications.monosemanticity.tests.constructed import plant_codes
from replications.monosemanticity.training import Recipe, train_autoencoder

NEURONS, FEATURES, COEFFICIENT = 24, 40, 0.003


class Planted:
    """Batches of planted vectors, in place of a transformer's activations."""

    def __init__(self, vectors: torch.Tensor, batch: int) -> None:
        self.vectors, self.batch = vectors, batch

    def take(self, number: int) -> torch.Tensor:
        places = torch.arange(number * self.batch, (number + 1) * self.batch) % len(self.vectors)
        return self.vectors[places]


def recipe(**changes: object) -> Recipe:
    given = {
        "features": FEATURES, "coefficient": COEFFICIENT, "steps": 60, "rate": 0.003, "decay": 0.2,
        "resample": (0.2, 0.4), "dead_density": 0.0, "resample_inputs": 256, "norm_share": 0.2, "seed": 0,
    }  # fmt: skip
    return Recipe(**(given | changes))


@pytest.fixture
def autoencoder() -> Autoencoder:
    generator = torch.Generator().manual_seed(0)
    started = start_autoencoder(torch.randn(200, NEURONS, generator=generator), FEATURES, generator)
    started.encoder_bias = 0.1 * torch.randn(FEATURES, generator=generator)
    return started


@pytest.fixture
def vectors() -> torch.Tensor:
    return torch.randn(50, NEURONS, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_are_those_of_autograd(autoencoder: Autoencoder, vectors: torch.Tensor, sparse: bool):
    named = {name: tensor.clone().requires_grad_() for name, tensor in autoencoder.parameters.items()}
    codes = torch.relu((vectors - named["bias"]) @ named["encoder"].T + named["encoder_bias"])
    error = codes @ named["decoder"] + named["bias"] - vectors
    # The paper's loss: the squared error is a mean over neurons, the penalty a sum over features.
    (error.square().mean() + COEFFICIENT * codes.sum(1).mean()).backward()
    step = take_gradients(autoencoder, vectors, COEFFICIENT, sparse)
    for name, tensor in named.items():
        assert torch.allclose(step.gradients[name], tensor.grad, atol=1e-6), name
    assert step.squared_error == pytest.approx(float(error.detach().square().mean()), rel=1e-4)
    assert step.active == pytest.approx(float((codes > 0).sum(1).float().mean()))
    assert torch.equal(step.counts, (codes > 0).sum(0))


def test_a_step_keeps_directions_at_unit_length_to_first_order(autoencoder: Autoencoder, vectors: torch.Tensor):
    gradient = take_gradients(autoencoder, vectors, COEFFICIENT).gradients["decoder"]
    remove_parallel(gradient, autoencoder.decoder)
    assert torch.allclose((gradient * autoencoder.decoder).sum(1), torch.zeros(FEATURES), atol=1e-7)


def test_the_geometric_median_ignores_how_far_an_outlier_is():
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5], [0.5, 1e4]])
    assert geometric_median(points).tolist() == pytest.approx([0.5, 0.63], abs=0.15)
    square = points[:4]
    assert geometric_median(square).tolist() == pytest.approx([0.5, 0.5], abs=1e-4)


def test_a_planted_dictionary_is_recovered(tmp_path):
    directions, planted = plant_codes(FEATURES, 32, 30_000, 1.5, seed=2)
    planned = recipe(features=FEATURES + 16, steps=1500, resample_inputs=4096, coefficient=0.004)
    found, _ = train_autoencoder(Planted(planted, 256), planned, Checkpoint(tmp_path / "c", "key", 1e9), "planted")
    best = (directions @ found.decoder.T).max(1).values
    assert float(best.mean()) >= 0.95


def test_a_training_that_was_killed_goes_on_to_the_same_curve(tmp_path, monkeypatch):
    _, planted = plant_codes(FEATURES, NEURONS, 5_000, 2, seed=3)
    source = Planted(planted, 64)
    whole, curve = train_autoencoder(source, recipe(), Checkpoint(tmp_path / "a", "key", 1e9), "whole")

    class KilledError(Exception):
        pass

    def take(number: int) -> torch.Tensor:
        if number == 33:
            raise KilledError
        return Planted.take(source, number)

    killed = Planted(planted, 64)
    monkeypatch.setattr(killed, "take", take)
    with pytest.raises(KilledError):
        train_autoencoder(killed, recipe(), Checkpoint(tmp_path / "b", "key", 0.0), "killed")
    again, resumed = train_autoencoder(source, recipe(), Checkpoint(tmp_path / "b", "key", 1e9), "resumed")
    assert np.array_equal(curve, resumed)
    assert all(torch.equal(whole.parameters[name], again.parameters[name]) for name in whole.parameters)
    assert Checkpoint(tmp_path / "b", "another key", 1e9).read() is None


def test_resampling_points_a_dead_feature_at_the_vector_that_is_worst_reconstructed(autoencoder: Autoencoder):
    vectors = torch.zeros(20, NEURONS)
    vectors[7] = 30.0
    weights = squared_losses(autoencoder, vectors, COEFFICIENT)
    assert int(weights.argmax()) == 7
    dead = torch.tensor([3, 5])
    alive = [feature for feature in range(FEATURES) if feature not in (3, 5)]
    norm = autoencoder.encoder[alive].norm(dim=1).mean()
    before = autoencoder.encoder[alive].clone()
    resample(autoencoder, dead, vectors, weights, 0.2, torch.Generator().manual_seed(0))
    wanted = torch.nn.functional.normalize(vectors[7] - autoencoder.bias, dim=0)
    assert torch.allclose(autoencoder.decoder[dead], wanted.expand(2, -1), atol=1e-6)
    assert torch.allclose(autoencoder.encoder[dead], 0.2 * norm * wanted.expand(2, -1), atol=1e-6)
    assert autoencoder.encoder_bias[dead].tolist() == [0, 0]
    assert torch.equal(autoencoder.encoder[alive], before)


def test_training_revives_features_that_were_planted_dead(tmp_path, monkeypatch):
    _, planted = plant_codes(FEATURES, NEURONS, 5_000, 2, seed=4)

    def start_with_dead(source: Planted, planned: Recipe) -> Autoencoder:
        started = start_autoencoder(source.vectors, planned.features, torch.Generator().manual_seed(0))
        started.encoder_bias[:10] = -1e3
        return started

    monkeypatch.setattr("replications.monosemanticity.training._start", start_with_dead)
    for shares, revived in (((), False), ((0.2, 0.4), True)):
        planned = recipe(steps=300, resample=shares)
        checkpoint = Checkpoint(tmp_path / f"{revived}", "key", 1e9)
        found, _ = train_autoencoder(Planted(planted, 64), planned, checkpoint, "dead")
        assert bool((found.encode(planted)[:, :10] > 0).any(0).sum() >= 8) == revived


def test_resampling_comes_where_the_paper_has_it():
    paper = recipe(steps=1_000_000, resample=(0.025, 0.05, 0.075, 0.1), decay=0.0)
    assert list(paper.resample_steps) == [25_000, 50_000, 75_000, 100_000]
    assert paper.window == 12_500
    assert paper.rate_at(999_999) == paper.rate
    assert recipe(steps=100, decay=0.2).rate_at(90) == pytest.approx(0.003 * 0.5)


def test_a_feature_is_dead_if_it_was_active_on_no_more_than_a_share_of_the_vectors_of_a_window():
    counts = torch.tensor([0, 1, 6, 7])  # of 10 steps of 64 vectors
    assert recipe(steps=100).find_dead(counts, 64).tolist() == [True, False, False, False]
    assert recipe(steps=100, dead_density=0.01).find_dead(counts, 64).tolist() == [True, True, True, False]


def test_folding_the_lengths_of_directions_changes_nothing(autoencoder: Autoencoder, vectors: torch.Tensor):
    stretched = Autoencoder(autoencoder.encoder, autoencoder.encoder_bias, 3 * autoencoder.decoder, autoencoder.bias)
    folded = fold_norms(stretched)
    assert torch.allclose(folded.decoder.norm(dim=1), torch.ones(FEATURES))
    same = folded.decode(folded.encode(vectors))
    assert torch.allclose(same, stretched.decode(stretched.encode(vectors)), atol=1e-5)
