"""The linear classifier that gives a CAV: logistic regression, for hundreds of sets of images at once.

There are far fewer images than units, and the optimum lies in the span of the images. So everything happens in their
inner products (the Gram matrix), whose size does not depend on the number of units: Newton's method on the
coefficients, with a step that is halved until the loss falls.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

TOLERANCE = 1e-7  # largest component of the gradient, in units of the loss per unit of the classifier's output
STEPS = 100
SMALLEST_CURVATURE = 1e-12  # of the loss of an image; keeps saturated images from dividing by zero
CHUNK = 50  # classifiers solved together; their matrices then fit the cache


class NoConvergenceError(RuntimeError):
    """A classifier whose loss could not be brought to its minimum."""


@dataclass(frozen=True)
class Classifiers:
    """Linear classifiers, one a run: output(x) = sum over i of coefficients[i] * <member i, x> + intercept.

    Attributes:
        members: rows of the Gram matrix that each was fitted to.
        coefficients: of the members; they are the classifier's weight vector in the span of the members.
        intercepts: added to the output.
        norms: length of each weight vector.
    """

    members: Int[np.ndarray, "run member"]
    coefficients: Float[np.ndarray, "run member"]
    intercepts: Float[np.ndarray, " run"]
    norms: Float[np.ndarray, " run"]

    def project(self, products: Float[np.ndarray, "image all"]) -> Float[np.ndarray, "run image"]:
        """Returns the weight vector's product with some vectors, without the intercept.

        Args:
            products: inner products of the vectors (images, gradients) with all images of the Gram matrix.
        """
        scattered = np.zeros((len(self.members), products.shape[1]), dtype=products.dtype)
        np.put_along_axis(scattered, self.members, self.coefficients.astype(products.dtype), axis=1)
        return scattered @ products.T

    def outputs(
        self, gram: Float[np.ndarray, "all all"], rows: Int[np.ndarray, "run image"]
    ) -> Float[np.ndarray, "run image"]:
        """Returns what each classifier puts out for images of its own: above zero means the concept."""
        products = gram[rows[:, :, None], self.members[:, None, :]]
        return np.einsum("rim,rm->ri", products, self.coefficients) + self.intercepts[:, None]


def fit_logistic(
    gram: Float[np.ndarray, "all all"],
    positives: Int[np.ndarray, "run positive"],
    negatives: Int[np.ndarray, "run negative"],
    penalty: float,
) -> Classifiers:
    """Returns the logistic regressions that tell positives from negatives, one a run.

    Each minimises mean log(1 + exp(-y output)) + penalty / 2 * |weights|^2; the intercept is free.

    Args:
        gram: inner products of all images' activations.
        positives: rows of the concept's images, none twice in a run.
        negatives: rows of the others.
        penalty: of the squared weights.

    Raises:
        NoConvergenceError: Newton's method did not reach the minimum.
    """
    # Deviation: exact-logistic-regression
    members = np.concatenate([positives, negatives], axis=1)
    targets = torch.zeros(members.shape[1], dtype=torch.float64)
    targets[: positives.shape[1]] = 1
    products = torch.from_numpy(np.asarray(gram, dtype=np.float64))
    fitted = []
    for rows in torch.from_numpy(members).split(CHUNK):
        chunk = products[rows[:, :, None], rows[:, None, :]]
        fitted.append(_minimise(chunk, targets, penalty))
    coefficients, intercepts, norms = (torch.cat(part).numpy() for part in zip(*fitted, strict=True))
    return Classifiers(members, coefficients, intercepts, norms)


def _minimise(
    gram: Float[Tensor, "run member member"], targets: Float[Tensor, " member"], penalty: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns coefficients, intercepts and norms of the weight vectors."""
    runs, n = gram.shape[:2]
    coefficients = gram.new_zeros(runs, n)
    intercepts = gram.new_zeros(runs)
    linear = gram.new_zeros(runs, n)  # gram @ coefficients
    for _ in range(STEPS):
        residuals = targets - torch.sigmoid(linear + intercepts[:, None])
        gradient = penalty * coefficients - residuals / n
        if gradient.abs().max() < TOLERANCE and residuals.mean(1).abs().max() < TOLERANCE:
            norms = (coefficients * linear).sum(1).clamp_min(0).sqrt()
            return coefficients, intercepts, norms
        new_coefficients, new_intercepts = _newton(gram, linear + intercepts[:, None], residuals, penalty)
        step_c, step_b = new_coefficients - coefficients, new_intercepts - intercepts
        step_l = torch.einsum("rij,rj->ri", gram, step_c)
        size = _halve_until_lower(coefficients, linear, intercepts, (step_c, step_l, step_b), targets, penalty)
        coefficients = coefficients + size[:, None] * step_c
        linear = linear + size[:, None] * step_l
        intercepts = intercepts + size * step_b
    raise NoConvergenceError(
        f"got a gradient of {gradient.abs().max():.1e} after {STEPS} steps, expected below {TOLERANCE}; are there "
        "infinite activations, or is the penalty zero?"
    )


def _newton(gram: Tensor, outputs: Tensor, residuals: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """Returns coefficients and intercepts at the minimum of the quadratic approximation of the loss.

    With weights w = p (1 - p) / n and working responses z, it solves (K + penalty / w) c + b = z and sum(c) = 0, made
    symmetric by the square root s of w: c = s u, (s K s + penalty) u + b s = s z.
    """
    n = outputs.shape[1]
    probability = torch.sigmoid(outputs)
    root = (probability * (1 - probability) / n).clamp_min(SMALLEST_CURVATURE).sqrt()
    matrix = root[:, :, None] * gram * root[:, None, :]
    matrix.diagonal(dim1=1, dim2=2).add_(penalty)
    right = torch.stack([root * outputs + residuals / (n * root), root], dim=2)
    solved = torch.cholesky_solve(right, torch.linalg.cholesky(matrix))
    intercepts = (root * solved[:, :, 0]).sum(1) / (root * solved[:, :, 1]).sum(1)
    return root * (solved[:, :, 0] - intercepts[:, None] * solved[:, :, 1]), intercepts


def _halve_until_lower(
    coefficients: Tensor,
    linear: Tensor,
    intercepts: Tensor,
    step: tuple[Tensor, Tensor, Tensor],
    targets: Tensor,
    penalty: float,
) -> Float[Tensor, " run"]:
    """Returns for each run the largest of 1, 1/2, 1/4, … that does not raise its loss."""
    signs = 2 * targets - 1

    def loss(size: Tensor) -> Tensor:
        outputs = linear + size[:, None] * step[1] + (intercepts + size * step[2])[:, None]
        squared = ((coefficients + size[:, None] * step[0]) * (linear + size[:, None] * step[1])).sum(1)
        return torch.nn.functional.softplus(-signs * outputs).mean(1) + penalty / 2 * squared

    size = torch.ones_like(intercepts)
    start = loss(torch.zeros_like(size))
    while bool((higher := loss(size) > start + 1e-12).any()) and size.min() > 1e-6:
        size = torch.where(higher, size / 2, size)
    return size
