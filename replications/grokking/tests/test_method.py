"""Waves and the paper's measures, on functions and networks whose structure is known."""

import math
from dataclasses import replace

import pytest
import torch

from replications.grokking import method
from replications.grokking.dataset import MODULUS, list_pairs, split_pairs
from replications.grokking.fourier import (
    components_of,
    explained_by_frequency,
    gini,
    keep_products,
    keep_waves_of_sum,
    make_basis,
    restore,
    transform,
    wave_of_sum,
)
from replications.grokking.network import D_MODEL, NEURONS, draw_weights

KEY = [3, 17, 40]
CHANCE = math.log(MODULUS)
ALL = torch.arange(MODULUS**2)


def angle(frequency, numbers):
    return 2 * math.pi * frequency / MODULUS * numbers.double()


@pytest.fixture(scope="module")
def ideal() -> torch.Tensor:
    """The logits of the paper's algorithm, Σ cos(w(a + b − c)), and a mean of their own for each output."""
    pairs = list_pairs()
    differences = pairs.sums[:, None] - torch.arange(MODULUS)
    return sum(10 * torch.cos(angle(k, differences)) for k in KEY) + torch.linspace(-1, 1, MODULUS).double()


@pytest.fixture(scope="module")
def planted():
    """A network whose neurons read off are waves of a + b, by its last two matrices, and such neurons."""
    pairs, waves = list_pairs(), make_basis()[components_of(KEY)]
    weights = method.to_double(draw_weights(0))
    w_out = torch.zeros(NEURONS, D_MODEL).double()
    w_out[:6, :6] = torch.eye(6).double()
    w_u = torch.zeros(D_MODEL, MODULUS + 1).double()
    w_u[:6, :MODULUS] = 300 * waves
    w_u[6:, :MODULUS] = 1e-3
    neurons = torch.zeros(MODULUS**2, NEURONS).double()
    neurons[:, :6] = 1 + waves[:, pairs.sums].T
    return replace(weights, W_out=w_out, W_U=w_u, b_out=torch.zeros(D_MODEL).double()), neurons


def test_the_basis_is_orthonormal():
    basis = make_basis()
    assert torch.allclose(basis @ basis.T, torch.eye(MODULUS).double(), atol=1e-12)


def test_a_product_of_waves_has_one_coefficient_and_is_restored():
    basis = make_basis()
    grid = torch.outer(basis[7], basis[12])
    coefficients = transform(grid, basis)
    assert coefficients[7, 12] == pytest.approx(1)
    assert (coefficients**2).sum() == pytest.approx(1)
    assert torch.allclose(restore(coefficients, basis), grid, atol=1e-12)


def test_waves_of_the_sum_are_what_they_say():
    pairs = list_pairs()
    cosine, sine = wave_of_sum(5, make_basis())
    assert torch.allclose(cosine / cosine[0], torch.cos(angle(5, pairs.a + pairs.b)), atol=1e-10)
    assert torch.allclose(sine / cosine[0], torch.sin(angle(5, pairs.a + pairs.b)), atol=1e-10)
    assert (cosine.norm(), sine.norm(), cosine @ sine) == (pytest.approx(1), pytest.approx(1), pytest.approx(0))


def test_waves_of_the_difference_and_of_other_frequencies_are_not_kept():
    pairs, basis = list_pairs(), make_basis()
    difference = torch.cos(angle(5, pairs.a - pairs.b))[:, None]
    assert keep_waves_of_sum(difference, [5], basis).abs().max() < 1e-10
    assert keep_waves_of_sum(torch.cos(angle(6, pairs.a + pairs.b))[:, None], [5], basis).abs().max() < 1e-10
    assert not keep_waves_of_sum(difference, [], basis).any()


def test_products_of_one_frequency_are_kept_and_mixed_ones_are_not():
    pairs, basis = list_pairs(), make_basis()
    own = 2 + torch.cos(angle(5, pairs.a)) + torch.sin(angle(5, pairs.a)) * torch.cos(angle(5, pairs.b))
    mixed = torch.cos(angle(5, pairs.a)) * torch.cos(angle(6, pairs.b))
    kept = keep_products((own + mixed).view(MODULUS, MODULUS), [5, 6], basis).flatten()
    assert torch.allclose(kept, own, atol=1e-10)


def test_a_polynomial_of_one_frequency_is_explained_by_it_and_a_constant_by_none():
    pairs = list_pairs()
    polynomial = (1 + torch.cos(angle(9, pairs.a))) * (3 + torch.sin(angle(9, pairs.b)))
    half = torch.cos(angle(9, pairs.a)) + torch.cos(angle(30, pairs.b))
    grid = torch.stack([polynomial, half, torch.ones_like(half)], dim=1).view(MODULUS, MODULUS, 3)
    explained = explained_by_frequency(grid)
    assert explained[8].tolist() == pytest.approx([1, 0.5, 0], abs=1e-10)
    assert explained[29].tolist() == pytest.approx([0, 0.5, 0], abs=1e-10)


def test_the_gini_coefficient_is_zero_of_equals_and_near_one_of_one_among_many():
    assert gini(torch.ones(50).double()) == pytest.approx(0)
    assert gini(torch.tensor([0.0] * 49 + [3.0]).double()) == pytest.approx(1 - 1 / 50)


def test_ideal_logits_are_all_cosines(ideal):
    coefficients, fitted, explained = method.fit_cosines(ideal, KEY)
    assert coefficients.tolist() == pytest.approx([10, 10, 10])
    assert torch.allclose(fitted, ideal - ideal.mean(0), atol=1e-9)
    assert explained == pytest.approx(float((fitted**2).mean() / ((ideal - ideal.mean()) ** 2).mean()))


def test_the_fit_of_cosines_is_least_squares(ideal):
    """A second way: ordinary least squares on some of the equations, without noise the same answer."""
    differences = (list_pairs().sums[:, None] - torch.arange(MODULUS)).flatten()
    logits = (ideal - ideal.mean(0)).flatten()[::71]
    columns = torch.stack([torch.cos(angle(k, differences))[::71] for k in KEY], dim=1)
    solved = torch.linalg.lstsq(columns, logits[:, None]).solution[:, 0]
    assert torch.allclose(solved, method.fit_cosines(ideal, KEY)[0], atol=1e-8)


def test_restricting_ideal_logits_changes_nothing_and_excluding_leaves_chance(ideal):
    trained, held_out = split_pairs(0.3, 0)
    assert torch.allclose(method.restrict(ideal, KEY), ideal, atol=1e-9)
    assert method.loss_on(method.restrict(ideal, KEY), held_out) == pytest.approx(method.loss_on(ideal, held_out))
    excluded = method.exclude(ideal - ideal.mean(0), KEY)
    assert method.loss_on(excluded, trained) == pytest.approx(CHANCE)
    assert method.loss_on(method.exclude(ideal, [4, 5]), trained) == pytest.approx(method.loss_on(ideal, trained))
    assert method.loss_on(method.restrict(ideal - ideal.mean(0), [4, 5]), held_out) == pytest.approx(CHANCE)


def test_excluding_does_not_touch_what_was_memorised():
    """A table that knows its training pairs by heart spreads over all frequencies."""
    trained, held_out = split_pairs(0.3, 1)
    table = torch.zeros(MODULUS**2, MODULUS).double()
    table[trained, list_pairs().sums[trained]] = 20
    assert method.loss_on(method.exclude(table, KEY), trained) < 0.01
    assert method.loss_on(method.restrict(table, KEY), held_out) > 2


def test_the_structure_that_was_planted_is_found(planted):
    weights, neurons = planted
    neuron_map = method.map_neurons_to_logits(weights)
    assert neuron_map.shape == (MODULUS, NEURONS)
    key = method.find_frequencies(method.fourier_norms(neuron_map), 0.1)
    assert key == KEY
    assert method.residual_of_map(neuron_map, key) < 1e-6
    assert method.residual_of_map(neuron_map, key[:2]) == pytest.approx(math.sqrt(1 / 3))
    directions = method.read_directions(neuron_map, key)
    assert method.explained_by_waves(neurons, directions, key).tolist() == pytest.approx([1] * 6)
    shifted = torch.roll(neurons.view(MODULUS, MODULUS, -1), 28, 0).reshape(neurons.shape)
    assert max(method.explained_by_waves(shifted, directions, key)) < 0.999


def test_only_planted_directions_matter(planted):
    weights, neurons = planted
    residual = torch.zeros(MODULUS**2, D_MODEL).double()
    directions = method.read_directions(method.map_neurons_to_logits(weights), KEY)
    logits = method.compute_logits(weights, residual, neurons)
    noisy = neurons + torch.randn(neurons.shape, generator=torch.Generator().manual_seed(0)).double() * (
        torch.arange(NEURONS) >= 6
    )
    kept = method.keep_directions(noisy, directions)
    assert torch.allclose(method.compute_logits(weights, residual, kept), logits, atol=1e-8)
    removed = method.compute_logits(weights, residual, noisy - kept)
    assert method.loss_on(removed, ALL) == pytest.approx(CHANCE)


def test_planted_neurons_are_their_own_polynomials(planted):
    neurons = planted[1][:, :40].clone()
    neurons[:, 10] = torch.rand(MODULUS**2, generator=torch.Generator().manual_seed(0)).double()
    chosen, replaced = method.as_polynomials(neurons, 0.85)
    assert chosen.nonzero().flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.allclose(replaced, neurons, atol=1e-9)


def test_key_components_hold_the_waves_of_the_sum(ideal):
    assert torch.allclose(method.keep_key_components(ideal, KEY), ideal, atol=1e-8)
    assert torch.allclose(method.keep_key_components(ideal, [1]), ideal.mean(0).expand_as(ideal), atol=1e-8)
