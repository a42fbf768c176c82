"""Saliency maps that the paper compares TCAV with: Integrated Gradients and SmoothGrad."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

Images = Float[Tensor, "image channel row column"]


def integrated_gradients(network: nn.Module, images: Images, class_index: int, steps: int) -> Images:
    """Returns (x - x') times the mean gradient of the logit on the straight way from x', a black image, to x.

    Source: sundararajan2017integrated, eq. 3, with the midpoint rule.

    Args:
        network: gives logits.
        images: to be explained.
        class_index: whose logit.
        steps: points on the way.
    """
    total = torch.zeros_like(images)
    for step in range(steps):
        total += _gradient(network, (step + 0.5) / steps * images, class_index)
    return images * total / steps


def smoothgrad(
    network: nn.Module, images: Images, class_index: int, samples: int, noise: float, generator: torch.Generator
) -> Images:
    """Returns the mean gradient of the logit over noisy copies of each image.

    Source: smilkov2017smoothgrad, § 3.

    Args:
        network: gives logits.
        images: to be explained.
        class_index: whose logit.
        samples: noisy copies.
        noise: standard deviation, as a share of each image's range from darkest to brightest.
        generator: source of the noise.
    """
    flat = images.flatten(1)
    scale = noise * (flat.max(1).values - flat.min(1).values).view(-1, 1, 1, 1)
    total = torch.zeros_like(images)
    for _ in range(samples):
        total += _gradient(network, images + scale * torch.randn(images.shape, generator=generator), class_index)
    return total / samples


def share_on_rows(maps: Images, first_row: int) -> Float[Tensor, " image"]:
    """Returns the share of each map's absolute value that falls on the rows from `first_row` down."""
    # Deviation: share-on-caption
    sizes = maps.abs()
    return sizes[:, :, first_row:].sum((1, 2, 3)) / sizes.sum((1, 2, 3)).clamp_min(1e-12)


def step_towards_class(network: nn.Module, images: Images, class_index: int, size: float) -> Images:
    """Returns the images after one signed gradient step that raises the class's probability, kept in [0, 1].

    Source: kim2018tcav, App. A.
    """
    inputs = images.clone().requires_grad_(True)
    targets = torch.full((len(images),), class_index)
    loss = nn.functional.cross_entropy(network(inputs), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, inputs)
    return (images - size * gradient.sign()).clamp(0, 1)


def _gradient(network: nn.Module, images: Images, class_index: int) -> Images:
    inputs = images.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(inputs)[:, class_index].sum(), inputs)
    return gradient
