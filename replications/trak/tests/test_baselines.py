"""The rivals: closed forms, planted answers, and captum on the same gradients."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from replications.trak.influence import (
    arnoldi,
    head_gradients,
    head_hessian,
    last_layer_influence,
    loss_hessian_product,
    with_bias,
)
from replications.trak.method import output_gradients
from replications.trak.networks import build_network, log_odds, standardise
from replications.trak.resampling import empirical_influence, lasso_datamodels, ridge_datamodels
from replications.trak.similarity import cosines, tracin


def test_the_hessian_of_the_last_layer_is_that_of_autograd(rng):
    features = with_bias(torch.from_numpy(rng.standard_normal((6, 3))))
    labels, shares = torch.tensor([0, 1, 2, 0, 1, 2]), torch.full((6,), 1 / 6, dtype=torch.float64)
    weights = torch.from_numpy(rng.standard_normal((3, 4)))

    def loss(flat):
        return nn.functional.cross_entropy(features @ flat.view(3, 4).T, labels)

    expected = torch.autograd.functional.hessian(loss, weights.flatten())
    probabilities = (features @ weights.T).softmax(1)
    assert head_hessian(features, probabilities, shares) == pytest.approx(expected.numpy())
    gradients = head_gradients(features, probabilities, labels).mean(0)
    assert gradients == pytest.approx(torch.autograd.functional.jacobian(loss, weights.flatten()).numpy())


def test_products_with_the_hessian_of_all_weights_are_those_of_autograd_for_any_chunk(images):
    network = build_network("linear", images)
    weights = network.start(np.random.default_rng(0))
    x, y = standardise(images, "test"), torch.from_numpy(images.test_labels)
    vector = torch.randn(network.size, generator=torch.Generator().manual_seed(0))
    at = weights.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(network(at, x), y), at, create_graph=True)
    (expected,) = torch.autograd.grad(gradient @ vector, at)
    for chunk in (5, 100):
        found = loss_hessian_product(network, weights, x, y, chunk)(vector)
        assert found == pytest.approx(expected.numpy(), abs=1e-4)


def test_arnoldi_finds_the_largest_eigenvalues_and_their_vectors(rng):
    values = torch.tensor([9.0, -7.0, 5.0, *np.linspace(-0.1, 0.1, 17)], dtype=torch.float64)
    basis = torch.linalg.qr(torch.from_numpy(rng.standard_normal((20, 20))))[0]
    matrix = basis @ torch.diag(values) @ basis.T
    found, vectors = arnoldi(lambda v: matrix @ v, torch.from_numpy(rng.standard_normal(20)), steps=12, rank=3)
    assert found == pytest.approx([9, -7, 5])
    assert (vectors.T @ basis[:, :3]).abs() == pytest.approx(np.eye(3), abs=1e-6)


def test_influence_is_the_derivative_of_the_loss_in_an_images_weight(rng):
    target, train = torch.from_numpy(rng.standard_normal((2, 4))), torch.from_numpy(rng.standard_normal((5, 4)))
    root = torch.from_numpy(rng.standard_normal((4, 4)))
    hessian = root @ root.T
    expected = target @ torch.linalg.inv(hessian + 0.3 * torch.eye(4)) @ train.T
    assert last_layer_influence(target, train, hessian, 0.3) == pytest.approx(expected.numpy())


def test_tracin_is_captums_on_the_same_checkpoint(images):
    from captum.influence import TracInCP

    network = build_network("convolutional", images)
    weights = network.start(np.random.default_rng(2))
    inputs = [standardise(images, part) for part in ("test", "train")]
    labels = [torch.from_numpy(part) for part in (images.test_labels, images.train_labels)]
    ours = [output_gradients(network, weights, x, y, 100) for x, y in zip(inputs, labels, strict=True)]
    pulls = [torch.sigmoid(-log_odds(network(weights, x), y)) for x, y in zip(inputs, labels, strict=True)]
    module = network.module.requires_grad_(True)
    module.load_state_dict(network.named(weights)[0])
    peer = TracInCP(
        module,
        torch.utils.data.TensorDataset(inputs[1], labels[1]),
        checkpoints=["only"],
        checkpoints_load_func=lambda module, path: 1.0,
        loss_fn=nn.CrossEntropyLoss(reduction="sum"),
        batch_size=16,
        sample_wise_grads_per_batch=True,
    )
    theirs = peer.influence((inputs[0], labels[0])).detach().numpy()
    assert tracin(*ours, *pulls) == pytest.approx(theirs, abs=1e-3 * float(np.abs(theirs).max()))


def test_the_cosine_of_loss_gradients_is_that_of_output_gradients(rng):
    target, train = torch.from_numpy(rng.standard_normal((2, 9))), torch.from_numpy(rng.standard_normal((3, 9)))
    pulled = cosines(-0.3 * target, -torch.tensor([[0.1], [0.5], [0.9]]) * train)
    assert pulled == pytest.approx(cosines(target, train).numpy())


class TestRetrainedNetworks:
    PENALTIES: ClassVar = (0.01, 1.0, 100.0)

    @pytest.fixture
    def planted(self, rng):
        """Outputs that are sums of effects of who is present, five images out of forty for each target."""
        effects = np.zeros((3, 40))
        effects[:, :5] = rng.choice([-1.0, 1.0], (3, 5))
        masks = rng.random((120, 40)) < 0.5
        return effects, masks, masks @ effects.T + 0.05 * rng.standard_normal((120, 3))

    def test_empirical_influence_is_a_difference_of_means(self, planted):
        _, masks, outputs = planted
        found = empirical_influence(masks, outputs)
        assert found[1, 7] == pytest.approx(outputs[masks[:, 7], 1].mean() - outputs[~masks[:, 7], 1].mean())

    def test_an_image_that_every_network_saw_has_no_empirical_influence(self, planted):
        _, masks, outputs = planted
        masks[:, 3] = True
        assert (empirical_influence(masks, outputs)[:, 3] == 0).all()

    def test_ridge_datamodels_find_planted_effects(self, planted, rng):
        effects, masks, outputs = planted
        assert ridge_datamodels(masks, outputs, self.PENALTIES, 0.2, rng) == pytest.approx(effects, abs=0.08)

    def test_lasso_datamodels_find_planted_effects_and_set_others_to_zero(self, planted, rng):
        effects, masks, outputs = planted
        found = lasso_datamodels(masks, outputs, (0.3, 0.1, 0.03), 300, 0.2, rng)
        assert found == pytest.approx(effects, abs=0.1)
        assert (found[:, 5:] == 0).mean() > 0.5

    def test_the_lasso_is_scikit_learns(self, planted, rng):
        from sklearn.linear_model import Lasso

        _, masks, outputs = planted
        x, y = masks - masks.mean(0), outputs - outputs.mean(0)
        penalty = 0.1 * np.abs(x.T @ y).max(0)
        expected = [
            Lasso(alpha=a / len(x), fit_intercept=False, tol=1e-8).fit(x, y[:, t]).coef_ for t, a in enumerate(penalty)
        ]
        assert lasso_datamodels(masks, outputs, (0.1,), 500, 0.2, rng) == pytest.approx(np.stack(expected), abs=1e-3)
