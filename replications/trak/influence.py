"""Influence functions: exact on the last layer; on all weights in the space of the Hessian's largest eigenvalues."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import grad, vjp

from replications.trak.networks import Network


def with_bias(features: Float[Tensor, "image feature"]) -> Float[Tensor, "image feature_1"]:
    """Returns the features with a one at the end of each, whose weight is the bias."""
    return torch.cat([features, features.new_ones(len(features), 1)], dim=1)


def head_hessian(
    features: Float[Tensor, "image feature"],
    probabilities: Float[Tensor, "image class"],
    shares: Float[Tensor, " image"],
) -> Float[Tensor, "weight weight"]:
    """Returns the Hessian of sum of shares times cross-entropy in the last layer's weights, a row of them a class.

    It is the sum over images of share * (diag(p) - p p^T) ⊗ (h h^T), h the features.
    """
    n, n_classes = probabilities.shape
    curvature = torch.diag_embed(probabilities) - probabilities[:, :, None] * probabilities[:, None, :]
    weighted = features * shares[:, None]
    rows = [
        (curvature[:, number, :, None] * weighted[:, None, :]).view(n, -1).T @ features for number in range(n_classes)
    ]
    # rows[c][(d, i), j] is the entry of weights (c, j) and (d, i).
    blocks = torch.stack([row.view(n_classes, features.shape[1], features.shape[1]) for row in rows])
    return blocks.permute(0, 3, 1, 2).reshape(n_classes * features.shape[1], -1)


def head_gradients(
    features: Float[Tensor, "image feature"], probabilities: Float[Tensor, "image class"], labels: Int[Tensor, " image"]
) -> Float[Tensor, "image weight"]:
    """Returns the gradient of each image's cross-entropy in the last layer's weights, a row of them a class."""
    errors = probabilities - nn.functional.one_hot(labels, probabilities.shape[1])
    return (errors[:, :, None] * features[:, None, :]).flatten(1)


def last_layer_influence(
    target: Float[Tensor, "target weight"],
    train: Float[Tensor, "image weight"],
    hessian: Float[Tensor, "weight weight"],
    damping: float,
) -> Float[Tensor, "target image"]:
    """Returns how much an image's presence lowers the target's loss, up to 1/n: g_target^T (H + damping)^-1 g_image.

    Source: koh2017influence, § 2.1
    """
    damped = hessian + damping * torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)
    return target @ torch.cholesky_solve(train.T, torch.linalg.cholesky(damped))


def loss_hessian_product(
    network: Network, weights: Float[Tensor, " weight"], images: Tensor, labels: Int[Tensor, " image"], chunk: int
) -> Callable[[Float[Tensor, " parameter"]], Float[Tensor, " parameter"]]:
    """Returns the function v -> H v, H the Hessian of the mean cross-entropy of the images in the parameters."""
    parameters, statistics = weights[: network.size], weights[network.size :]

    def loss(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(network(torch.cat([at, statistics]), x), y, reduction="sum") / len(images)

    def product(vector: Tensor) -> Tensor:
        pairs = zip(images.split(chunk), labels.split(chunk), strict=True)
        parts = [vjp(lambda at, x=x, y=y: grad(loss)(at, x, y), parameters)[1](vector)[0] for x, y in pairs]
        return torch.stack(parts).sum(0)

    return product


def arnoldi(
    product: Callable[[Float[Tensor, " n"]], Float[Tensor, " n"]],
    start: Float[Tensor, " n"],
    steps: int,
    rank: int,
) -> tuple[Float[Tensor, " rank"], Float[Tensor, "n rank"]]:
    """Returns the eigenvalues of largest size that Arnoldi's method finds for a symmetric matrix, and their vectors.

    The influence of all weights is then taken in the space of these vectors, as Schioppa et al. 2022 do.

    Args:
        product: the matrix times a vector.
        start: first vector, random.
        steps: products to compute.
        rank: eigenvalues to return, at most `steps`.
    """
    basis = [start / start.norm()]
    image = []
    for step in range(steps):
        image.append(product(basis[-1]))
        vector = image[-1].clone()
        for _ in range(2):  # once more, since rounding leaves a remainder
            stacked = torch.stack(basis)
            vector -= stacked.T @ (stacked @ vector)
        if vector.norm() < 1e-7 * image[-1].norm() or step == steps - 1:
            break
        basis.append(vector / vector.norm())
    vectors = torch.stack(basis)
    projected = vectors @ torch.stack(image).T
    values, mixing = torch.linalg.eigh((projected + projected.T) / 2)
    largest = values.abs().argsort(descending=True)[:rank]
    return values[largest], vectors.T @ mixing[:, largest]
