"""Saliency maps and single-step attacks."""

import pytest
import torch
from captum.attr import IntegratedGradients
from torch import nn

from replications.tcav.networks import build_network, predict_logits
from replications.tcav.saliency import integrated_gradients, share_on_rows, smoothgrad, step_towards_class


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> nn.Module:
    return build_network(3, 16, torch.Generator().manual_seed(1)).eval()


def test_integrated_gradients_add_up_to_the_change_of_the_logit(network, images):
    maps = integrated_gradients(network, images, 2, steps=200)
    change = predict_logits(network, images)[:, 2] - predict_logits(network, torch.zeros_like(images))[:, 2]
    assert maps.sum((1, 2, 3)).numpy() == pytest.approx(change.numpy(), abs=0.02)


def test_integrated_gradients_are_captums(network, images):
    theirs = IntegratedGradients(network).attribute(images, target=1, n_steps=50, method="riemann_middle")
    assert torch.allclose(integrated_gradients(network, images, 1, steps=50), theirs.float(), atol=1e-5)


def test_smoothgrad_of_a_linear_network_is_its_weights_whatever_the_noise(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))
    maps = smoothgrad(network, images, 1, samples=3, noise=0.5, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(maps.flatten(1), network[1].weight[1].expand(3, -1), atol=1e-6)


def test_smoothgrad_without_noise_is_the_gradient(network, images):
    maps = smoothgrad(network, images, 0, samples=2, noise=0.0, generator=torch.Generator())
    inputs = images.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(inputs)[:, 0].sum(), inputs)
    assert torch.allclose(maps, gradient, atol=1e-6)


def test_the_share_on_rows_of_an_even_map_is_the_share_of_the_rows():
    maps = torch.ones(1, 3, 10, 10) * torch.tensor([1.0, -1.0] * 5)
    assert share_on_rows(maps, 7).item() == pytest.approx(0.3)


def test_a_step_towards_a_class_raises_its_probability_and_stays_an_image(network, images):
    stepped = step_towards_class(network, images, 2, size=0.02)
    before, after = (predict_logits(network, x).softmax(1)[:, 2] for x in (images, stepped))
    assert (after > before).all()
    assert stepped.min() >= 0 and stepped.max() <= 1
    assert (stepped - images).abs().max() <= 0.02 + 1e-6
