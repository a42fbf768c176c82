"""TRAK: projected gradients, the kernel of each network, and the average over networks."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.func import grad, vmap

from replications.trak.lds import score_predictions
from replications.trak.networks import Network, log_odds

BLOCK = 4096  # rows of the projection that exist at once


class Projection:
    """A random matrix of signs, divided by the root of the dimension, so that inner products are kept on average.

    Made anew, block by block, at each use: for a large network it would not fit into memory. The first k columns,
    scaled, are a projection to k dimensions.

    Source: park2023trak, § 3, step 2 (Johnson and Lindenstrauss)
    """

    def __init__(self, size: int, dimension: int, seed: int) -> None:
        self.size, self.dimension, self.seed = size, dimension, seed

    def __call__(self, gradients: Float[Tensor, "image parameter"]) -> Float[Tensor, "image dimension"]:
        """Returns the projected gradients."""
        generator = torch.Generator(gradients.device).manual_seed(self.seed)
        projected = gradients.new_zeros(len(gradients), self.dimension)
        for block in gradients.split(BLOCK, dim=1):
            shape = block.shape[1], self.dimension
            signs = torch.randint(2, shape, generator=generator, device=gradients.device, dtype=torch.int8)
            projected += block @ (2 * signs.to(gradients.dtype) - 1)
        return projected / self.dimension**0.5


def output_gradients(
    network: Network,
    weights: Float[Tensor, " weight"],
    images: Float[Tensor, "image channel row column"],
    labels: Int[Tensor, " image"],
    chunk: int,
    projection: Projection | None = None,
) -> Float[Tensor, "image dimension"]:
    """Returns the gradient of each image's output in the parameters, projected if so asked.

    Args:
        network: of the outputs.
        weights: at which.
        images: standardised.
        labels: correct classes.
        chunk: images whose gradients exist at once; changes nothing but memory and time.
        projection: of each chunk's gradients.
    """
    parameters, statistics = weights[: network.size], weights[network.size :]

    def output(at: Tensor, image: Tensor, label: Tensor) -> Tensor:
        return log_odds(network(torch.cat([at, statistics]), image[None]), label[None])[0]

    gradient = vmap(grad(output), in_dims=(None, 0, 0))
    parts = []
    for x, y in zip(images.split(chunk), labels.split(chunk), strict=True):
        part = gradient(parameters, x, y)
        parts.append(part if projection is None else projection(part))
    return torch.cat(parts)


def trak_kernel(
    target: Float[Tensor, "target dimension"], train: Float[Tensor, "image dimension"]
) -> Float[Tensor, "target image"]:
    """Returns phi(z)^T (Phi^T Phi)^-1 Phi^T of one network.

    Source: park2023trak, § 3, step 3

    Raises:
        ValueError: there are more dimensions than images, or gradients that do not span them.
    """
    train, target = train.double(), target.double()
    factor, failed = torch.linalg.cholesky_ex(train.T @ train)
    if failed:
        raise ValueError(
            f"got gradients of {len(train)} images that span less than {train.shape[1]} dimensions, expected at least "
            "as many independent ones as dimensions; lower the dimension in params.yaml"
        )
    return (target @ torch.cholesky_solve(train.T, factor)).float()


def trak_scores(
    kernels: Sequence[Float[Tensor, "target image"]], pulls: Sequence[Float[Tensor, " image"]]
) -> Float[Tensor, "target image"]:
    """Returns TRAK's scores: the mean of the kernels times the mean of the pulls 1 - p (not the mean of the products).

    Source: park2023trak, § 3, steps 4 and 5
    """
    # Deviation: soft-thresholding-as-ablation
    return torch.stack(list(kernels)).mean(0) * torch.stack(list(pulls)).mean(0)


def soft_threshold(scores: Float[np.ndarray, "target image"], share: float) -> Float[np.ndarray, "target image"]:
    """Returns scores drawn towards zero, each target's by the amount that leaves this share of them other than zero."""
    size = np.abs(scores)
    dropped = round((1 - share) * scores.shape[1])
    if dropped == 0:
        return scores
    threshold = np.partition(size, dropped - 1, axis=1)[:, dropped - 1 : dropped]
    return np.sign(scores) * np.maximum(size - threshold, 0)


def choose_share(
    scores: Float[np.ndarray, "target image"],
    masks: Bool[np.ndarray, "model image"],
    outputs: Float[np.ndarray, "model target"],
    shares: Sequence[float],
) -> float:
    """Returns the share of scores that, left by a soft threshold, predict best the outputs of these models.

    Source: park2023trak, § 3, step 5 (chosen by cross-validation there)
    """

    def quality(share: float) -> float:
        predictions = soft_threshold(scores, share) @ masks.T.astype(scores.dtype)
        return float(score_predictions(predictions, outputs.T).mean())

    return max(shares, key=quality)
