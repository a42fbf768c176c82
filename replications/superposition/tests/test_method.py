"""Losses, gradients and geometry against autograd, quadrature, Monte Carlo and regular polytopes."""

import numpy as np
import pytest
import torch

from replications.superposition.attack import orthogonal_model, vulnerability
from replications.superposition.correlated import share_of_neighbours, within_pairs, within_sets
from replications.superposition.dataset import Source
from replications.superposition.method import (
    cosines,
    dimensionality,
    dimensions_per_feature,
    interference,
    linear_loss,
    loss_gradient,
    lowest_linear_loss,
    norms,
    phase_losses,
    reconstruct,
)
from replications.superposition.pentagon import average, compare, cross, find_digons, find_pentagons
from replications.superposition.phases import average_all_but_the_worst, classify
from replications.superposition.quadrature import expected_loss
from replications.superposition.settings import Measuring
from replications.superposition.uniform import LINES, count_lines, flattest, plateau_factor


def polygon(corners: int) -> np.ndarray:
    turn = 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.cos(turn), np.sin(turn)])


TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]).T / np.sqrt(3)


def antiprism() -> np.ndarray:
    """Eight corners on a sphere, squares so high that the frame is tight: Σ cos² is the same along every axis."""
    height = 1 / np.sqrt(3)
    turn = np.pi / 4 * np.arange(8)
    return np.stack([np.sqrt(2 / 3) * np.cos(turn), np.sqrt(2 / 3) * np.sin(turn), height * (-1.0) ** np.arange(8)])


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (np.array([[1.0, -1.0]]), 1 / 2),
        (polygon(3), 2 / 3),
        (polygon(5), 2 / 5),
        (TETRAHEDRON, 3 / 4),
        (antiprism(), 3 / 8),
    ],
)
def test_features_of_a_regular_polytope_have_its_fraction_of_a_dimension(weight, expected):
    assert dimensionality(weight) == pytest.approx(expected)
    assert dimensionality(weight).sum() == pytest.approx(len(weight))
    assert dimensionality(1.3 * weight) == pytest.approx(expected)
    assert dimensions_per_feature(weight) == pytest.approx(expected)


def test_a_feature_without_direction_has_no_dimension():
    weight = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert dimensionality(weight).tolist() == [1, 1, 0]
    assert interference(weight).tolist() == [0, 0, 0]
    assert norms(weight).tolist() == [1, 1, 0]


@pytest.mark.parametrize("linear", [False, True])
def test_the_gradient_is_that_of_autograd(linear):
    torch.manual_seed(0)
    x, importance = torch.rand(3, 7, 5, dtype=torch.float64), torch.rand(3, 5, dtype=torch.float64)
    weight = torch.randn(3, 2, 5, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    loss = (importance[:, None] * (reconstruct(x, weight, bias, linear=linear) - x) ** 2).sum((1, 2)) / 7
    loss.sum().backward()
    found = loss_gradient(x, weight.detach(), bias.detach(), importance, linear=linear)
    assert all(torch.allclose(a, b) for a, b in zip(found, (loss, weight.grad, bias.grad), strict=True))


@pytest.mark.parametrize("features", [2, 3])
def test_closed_form_losses_are_those_of_quadrature(features):
    density, importance = 0.3, 2.5
    found = phase_losses(np.array(density), np.array(importance), features)
    weights, biases = [], []
    mean = density / 2
    one_short = np.eye(features)[: features - 1]
    weights.append(one_short), biases.append(np.eye(features)[-1] * mean)
    pair = one_short.copy()
    pair[0, -1] = -1  # the extra feature opposite the first
    weights.append(pair), biases.append(np.zeros(features))
    weights.append(one_short[:, ::-1]), biases.append(np.eye(features)[0] * mean)
    losses = expected_loss(
        np.stack(weights), np.stack(biases), np.full((3, features), density),
        np.tile([1.0] * (features - 1) + [importance], (3, 1)), nodes=24,
    )  # fmt: skip
    assert found["not learned"] == pytest.approx(losses[0], rel=1e-3)
    assert found["superposition"] == pytest.approx(losses[1], rel=2e-3)
    if features == 2:
        assert found["dedicated"] == pytest.approx(losses[2], rel=1e-3)
    else:
        assert found["dedicated"] == pytest.approx(min(losses[2], 2 * density**2 / 6), rel=1e-3)


def test_quadrature_agrees_with_monte_carlo():
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((1, 2, 4)), -0.1 * rng.random((1, 4))
    density, importance = np.array([[0.5, 0.2, 0.3, 0.1]]), np.array([[1.0, 2.0, 0.5, 1.0]])
    x = torch.from_numpy(Source(density).draw(200_000, rng)).double()
    sampled, *_ = loss_gradient(x, *(torch.from_numpy(array) for array in (weight, bias, importance)))
    assert expected_loss(weight, bias, density, importance)[0] == pytest.approx(sampled.item(), rel=0.02)


def test_the_best_linear_model_keeps_the_most_important_features_and_has_the_lowest_loss():
    density, importance = np.full(4, 0.3), np.array([1.0, 0.5, 0.3, 0.1])
    weight, bias = np.eye(2, 4), np.array([0, 0, 0.15, 0.15])
    lowest = lowest_linear_loss(density, importance, 2)
    assert linear_loss(weight, bias, density, importance) == pytest.approx(lowest)
    rng = np.random.default_rng(0)
    for _ in range(50):
        moved = linear_loss(weight + 0.1 * rng.standard_normal((2, 4)), bias, density, importance)
        assert moved > lowest


def test_independent_features_have_their_density_and_are_uniform():
    x = Source(np.array([[1.0, 0.3, 0.0]])).draw(50_000, np.random.default_rng(0))[0]
    assert (x > 0).mean(0) == pytest.approx([1, 0.3, 0], abs=0.01)
    assert np.sort(x[x[:, 1] > 0, 1])[::1500] == pytest.approx(np.linspace(0, 0.9, 10), abs=0.02)


def test_correlated_features_come_together_and_anticorrelated_ones_never():
    density = np.full((2, 4), 0.4)
    together = Source(density, "correlated", 2).draw(5000, np.random.default_rng(0)) > 0
    assert (together[..., 0] == together[..., 1]).all()
    assert together[..., 1].mean() == pytest.approx(0.4, abs=0.02)
    assert (together[..., 1] != together[..., 2]).any()
    apart = Source(density, "anticorrelated", 2).draw(5000, np.random.default_rng(0)) > 0
    assert not (apart[..., 0] & apart[..., 1]).any()
    assert (apart[..., 0] | apart[..., 1]).mean() == pytest.approx(0.4, abs=0.02)


def test_an_attack_on_a_model_without_superposition_costs_the_square_of_its_length():
    measuring = Measuring(seed=0, attacked=20, attack_share=0.1, evaluated=1)
    for density in (1.0, 0.05):
        model = orthogonal_model(12, 4)(density)
        assert vulnerability(*model, density, measuring, np.random.default_rng(0)) == pytest.approx(1)


def test_antipodal_pairs_are_more_vulnerable():
    """By hand: (WᵀW)ᵢ is ±1 at the pair, of length √2; an attack moves both outputs by √2 λ: one alone costs 2λ²."""
    measuring = Measuring(seed=0, attacked=50, attack_share=0.1, evaluated=1)
    pairs = np.concatenate([np.eye(3), -np.eye(3)], axis=1)
    found = vulnerability(pairs, np.zeros(6), 0.02, measuring, np.random.default_rng(0))
    assert found == pytest.approx(2, abs=0.2)


def test_lines_are_counted_where_values_cluster():
    rng = np.random.default_rng(0)
    spread = rng.random(20_000)
    assert count_lines(spread) == 0
    assert count_lines(np.concatenate([spread, np.repeat(LINES, 4000)])) == 5
    assert count_lines(np.concatenate([spread, np.full(4000, 0.5)])) == 1


def test_a_plateau_is_found_where_it_is():
    ratio = np.log(np.geomspace(1, 20, 40))
    stepped = np.interp(ratio, np.log([1, 2, 6, 20]), np.log([1, 0.5, 0.5, 0.2]))
    assert flattest(ratio, np.exp(stepped)) == pytest.approx(0.5)
    straight = np.exp(-ratio * np.log(5) / np.log(20))
    assert plateau_factor(ratio, straight) == pytest.approx(1.45, abs=0.01)  # the number in the control's reason
    assert plateau_factor(ratio, np.exp(stepped)) > 3


def test_outcomes_are_read_off_norm_and_interference_without_the_worst_run():
    assert classify(np.array([0.1, 1.0, 1.0]), np.array([1.0, 0.9, 0.1])).tolist() == [0, 1, 2]
    losses = np.array([[[1.0]], [[5.0]], [[1.0]]])
    length, _ = average_all_but_the_worst(losses, np.array([[[1.0]], [[7.0]], [[2.0]]]), losses)
    assert length == pytest.approx(1.5)


def test_pentagons_and_digons_are_told_apart():
    digons = np.array([[1.0, -1.0, 0.0, 0.0, 0.01], [0.0, 0.0, 1.0, -1.0, 0.02]])
    assert find_pentagons(np.stack([polygon(5), digons])).tolist() == [True, False]
    assert find_digons(np.stack([polygon(5), digons])).tolist() == [False, True]


def test_a_crossing_is_interpolated_and_none_is_said_to_be_none():
    x = np.array([1.0, 2.0, 3.0])
    assert cross(x, np.array([-1.0, -0.5, 0.5])) == pytest.approx(2.5)
    assert cross(x, np.array([-1.0, -1.0, -1.0])) is None
    assert cross(x, np.array([1.0, 1.0, 1.0])) is None
    assert cross(x, np.array([-np.inf, np.nan, 0.5])) == pytest.approx(2)


def test_a_geometry_that_no_seed_found_loses():
    pentagon, digons = (
        np.array([[1.0, 1.0], [1.0, np.inf], [np.inf, np.inf]]),
        np.array([[np.inf] * 2, [2.0, 2.0], [1.0, 1.0]]),
    )
    assert average(compare(pentagon, digons).T).tolist() == [-np.inf, -1, np.inf]


def test_relations_of_features_are_read_off_their_directions():
    hexagon = polygon(6)
    assert within_pairs(hexagon) == pytest.approx([0.5, 0.5, 0.5])
    assert share_of_neighbours(hexagon) == 1
    assert share_of_neighbours(hexagon[:, [0, 3, 1, 4, 2, 5]]) == 0
    assert within_sets(np.concatenate([np.eye(2), -np.eye(2)], axis=1), 2) == pytest.approx(0)
    assert cosines(2 * np.eye(2)) == pytest.approx(np.eye(2))
