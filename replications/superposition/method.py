"""The two models and their loss, how features lie in their weights, and losses in closed form."""

from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

REPRESENTED = 0.5  # norm from which a feature counts as represented; it is about 0 or about 1
SUPERPOSED = 0.5  # interference from which it counts as in superposition; an antipodal partner gives about 1


def reconstruct(
    x: Float[Tensor, "model example feature"],
    weight: Float[Tensor, "model hidden feature"],
    bias: Float[Tensor, "model feature"],
    *,
    linear: bool = False,
) -> Float[Tensor, "model example feature"]:
    """Returns ReLU(WᵀWx + b), or WᵀWx + b of the linear model.

    Source: elhage2022superposition, Experiment Setup
    """
    output = torch.baddbmm(bias[:, None], torch.bmm(x, weight.mT), weight)
    return output if linear else output.relu_()


def loss_gradient(
    x: Float[Tensor, "model example feature"],
    weight: Float[Tensor, "model hidden feature"],
    bias: Float[Tensor, "model feature"],
    importance: Float[Tensor, "model feature"],
    *,
    linear: bool = False,
) -> tuple[Float[Tensor, " model"], Float[Tensor, "model hidden feature"], Float[Tensor, "model feature"]]:
    """Returns the loss Σᵢ Iᵢ (xᵢ − x'ᵢ)², mean over examples, and its gradients by `weight` and `bias`.

    Written out, because autograd keeps and walks through twice as many arrays.

    Source: elhage2022superposition, Experiment Setup
    """
    hidden = torch.bmm(x, weight.mT)
    output = torch.baddbmm(bias[:, None], hidden, weight)
    if linear:
        error = output - x
    else:
        output.relu_()
        error = output - x
    scaled = error * importance[:, None]
    loss = (scaled * error).sum((1, 2)) / x.shape[1]
    if not linear:
        scaled *= output > 0
    back = torch.bmm(scaled, weight.mT)
    by_weight = torch.baddbmm(torch.bmm(hidden.mT, scaled), back.mT, x)
    return loss, by_weight * (2 / x.shape[1]), scaled.sum(1) * (2 / x.shape[1])


def norms(weight: Float[np.ndarray, "... hidden feature"]) -> Float[np.ndarray, "... feature"]:
    """Returns the length of each feature's direction: about 1 if it is represented, about 0 if not."""
    return np.linalg.norm(weight, axis=-2)


def _squared_projections(weight: np.ndarray) -> np.ndarray:
    """Returns (Ŵᵢ · Wⱼ)² at (..., i, j); 0 where feature i has no direction."""
    products = np.swapaxes(weight, -1, -2) @ weight
    length = norms(weight)[..., None]
    return np.divide(products, length, out=np.zeros_like(products), where=length > 1e-12) ** 2


def interference(weight: Float[np.ndarray, "... hidden feature"]) -> Float[np.ndarray, "... feature"]:
    """Returns how much other features project on each: the sum over j ≠ i of (Ŵᵢ · Wⱼ)².

    Source: elhage2022superposition, Basic results
    """
    return _squared_projections(weight).sum(-1) - norms(weight) ** 2


def dimensionality(weight: Float[np.ndarray, "... hidden feature"]) -> Float[np.ndarray, "... feature"]:
    """Returns the fraction of a dimension that each feature has, Dᵢ; 0 for a feature without a direction.

    Source: elhage2022superposition, Feature dimensionality
    """
    shared, length = _squared_projections(weight).sum(-1), norms(weight)
    return np.divide(length**2, shared, out=np.zeros_like(length), where=length > 1e-12)


def dimensions_per_feature(weight: Float[np.ndarray, "... hidden feature"]) -> Float[np.ndarray, "..."]:
    """Returns D* = m / ‖W‖².

    Source: elhage2022superposition, Uniform superposition
    """
    return weight.shape[-2] / (weight**2).sum((-1, -2))


def cosines(weight: Float[np.ndarray, "... hidden feature"]) -> Float[np.ndarray, "... feature feature"]:
    """Returns the cosine between the directions of each two features."""
    length = np.maximum(norms(weight), 1e-12)
    return np.swapaxes(weight, -1, -2) @ weight / length[..., None] / length[..., None, :]


def _loss_of_ignoring(density: np.ndarray) -> np.ndarray:
    """Returns the variance of a feature, what is lost when its expected value is put in its place."""
    return density / 3 - density**2 / 4


def phase_losses(
    density: Float[np.ndarray, "..."], importance: Float[np.ndarray, "..."], features: int
) -> dict[str, Float[np.ndarray, "..."]]:
    """Returns the loss of the natural ways to store `features` features in one dimension fewer, in closed form.

    The last feature, the extra one, has the given importance and the others have 1. An antipodal pair (i, j) fails
    where both are active, by the smaller of the two: (Iᵢ + Iⱼ) p² E[min²] with E[min²] = 1/6. The other ways ignore
    a feature, whose expected value the bias gives.

    Source: elhage2022superposition, Superposition as a phase change

    Returns:
        Loss by outcome for the extra feature: "not learned", "superposition", "dedicated" (the better of its ways).
    """
    weights = [np.ones_like(importance)] * (features - 1) + [importance]
    extra = features - 1
    ways: dict[str, list[np.ndarray]] = {"not learned": [], "superposition": [], "dedicated": []}
    for ignored in range(features):
        ways["not learned" if ignored == extra else "dedicated"].append(weights[ignored] * _loss_of_ignoring(density))
    for i, j in combinations(range(features), 2):
        loss = (weights[i] + weights[j]) * density**2 / 6
        ways["superposition" if j == extra else "dedicated"].append(loss)
    return {outcome: np.min(losses, axis=0) for outcome, losses in ways.items()}


def linear_loss(
    weight: Float[np.ndarray, "hidden feature"],
    bias: Float[np.ndarray, " feature"],
    density: Float[np.ndarray, " feature"],
    importance: Float[np.ndarray, " feature"],
) -> float:
    """Returns the expected loss of a linear model on independent features, exactly."""
    miss = weight.T @ weight - np.eye(len(bias))
    mean = density / 2
    return float(importance @ ((miss**2) @ _loss_of_ignoring(density) + (miss @ mean + bias) ** 2))


def lowest_linear_loss(density: np.ndarray, importance: np.ndarray, hidden: int) -> float:
    """Returns the loss of the best linear model: the features beyond the `hidden` largest principal components."""
    return float(np.sort(importance * _loss_of_ignoring(density))[: len(density) - hidden].sum())
