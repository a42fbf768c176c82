"""Composition, eigenvalues and orders: on the hand-built circuit, and against the definitions written out."""

import math

import pytest
import torch

from replications.induction_heads.circuits import (
    compose,
    expected_composition,
    loss_of_layers,
    losses_by_order,
    ov_eigenvalues,
    positive_share,
    relative_norm,
)
from replications.induction_heads.method import token_losses
from replications.induction_heads.tests.conftest import make_model


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_hand_built_induction_head_is_composed_through_its_keys_alone(hand_built):
    composition = compose(*hand_built.attention, generator())
    # Each head is a permutation of the tokens, so the product has norm sqrt(tokens) over sqrt(tokens) twice.
    baseline = expected_composition(hand_built.shape.width, hand_built.shape.width, generator())
    assert composition.key.item() == pytest.approx(1 / math.sqrt(hand_built.shape.vocabulary) - baseline, rel=1e-4)
    assert composition.key.item() > 0
    assert composition.query.item() < 0 and composition.value.item() < 0  # below what random matrices give


def test_the_hand_built_copying_head_has_eigenvalues_that_are_all_positive(hand_built):
    assert positive_share(ov_eigenvalues(hand_built, 1)).item() == pytest.approx(1)


def test_eigenvalues_are_those_of_the_circuit_over_the_vocabulary():
    model = make_model()
    attention = model.attention[0]
    for head in range(model.shape.heads):
        circuit = model.embedding @ attention.W_V[head] @ attention.W_O[head] @ model.unembedding
        large = torch.linalg.eigvals(circuit).abs().sort(descending=True).values[:8]
        assert torch.allclose(large, ov_eigenvalues(model, 0)[head].abs().sort(descending=True).values, atol=1e-3)


def test_the_positive_share_of_a_rotation_is_zero_and_of_a_negative_matrix_minus_one():
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    assert positive_share(torch.linalg.eigvals(turn)).item() == pytest.approx(0)
    assert positive_share(torch.linalg.eigvals(-torch.eye(3))).item() == pytest.approx(-1)


def test_the_relative_norm_of_matrices_of_rank_one_is_known():
    one = torch.zeros(1, 3, 3)
    one[0, 0, 1] = 2.0
    follows, does_not = torch.zeros(1, 3, 3), torch.zeros(1, 3, 3)
    follows[0, 1, 2], does_not[0, 2, 2] = 5.0, 5.0
    assert relative_norm(one, follows).item() == pytest.approx(1)
    assert relative_norm(one, does_not).item() == 0


def test_the_baseline_is_the_mean_for_random_heads():
    model = make_model(width=64, heads=4)
    composition = compose(*model.attention, generator())
    for scores in (composition.query, composition.key, composition.value):
        assert abs(scores.mean().item()) < 0.01
    # For random matrices of full rank the expected squared ratio is 1 / width.
    assert expected_composition(64, 64, generator()) == pytest.approx(1 / math.sqrt(64), rel=0.05)


def test_the_loss_of_the_highest_order_is_that_of_the_whole_model(repeated):
    model = make_model(layers=3)
    losses = losses_by_order(model, repeated)
    assert len(losses) == 4
    assert losses[-1] == pytest.approx(token_losses(model(repeated), repeated).mean().item(), rel=1e-5)
    direct = model.unembed(model.embedding[repeated])
    assert losses[0] == pytest.approx(token_losses(direct, repeated).mean().item(), rel=1e-5)


def test_the_loss_of_all_layers_is_that_of_order_one_and_of_no_layer_that_of_order_zero(repeated):
    model = make_model()
    by_order = losses_by_order(model, repeated)
    assert loss_of_layers(model, repeated, {0, 1}) == pytest.approx(by_order[1], rel=1e-5)
    assert loss_of_layers(model, repeated, set()) == pytest.approx(by_order[0], rel=1e-5)


def test_the_induction_head_predicts_from_the_embedding_alone_once_its_pattern_is_given(hand_built, repeated):
    whole = token_losses(hand_built(repeated), repeated).mean().item()
    assert loss_of_layers(hand_built, repeated, {1}) == pytest.approx(whole, rel=0.05)
    assert loss_of_layers(hand_built, repeated, set()) > 2 * whole
