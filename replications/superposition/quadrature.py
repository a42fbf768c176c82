"""The expected loss of a model of few features, by quadrature over every pattern of active features."""

from itertools import product

import numpy as np
from jaxtyping import Float

NODES = 10  # per active feature; the kink of the ReLU leaves an error of the order of NODES⁻²


def expected_loss(
    weight: Float[np.ndarray, "model hidden feature"],
    bias: Float[np.ndarray, "model feature"],
    density: Float[np.ndarray, "model feature"],
    importance: Float[np.ndarray, "model feature"],
    *,
    most_active: int = 4,
    nodes: int = NODES,
) -> Float[np.ndarray, " model"]:
    """Returns the expected loss of ReLU models on independent features.

    Args:
        weight: directions of the features.
        bias: biases of the output.
        density: probability of each feature.
        importance: importance of each feature.
        most_active: patterns with more active features are left out; at most all of them.
        nodes: Gauss-Legendre nodes per active feature.
    """
    points, shares = np.polynomial.legendre.leggauss(nodes)
    points, shares = (points + 1) / 2, shares / 2
    features = weight.shape[-1]
    total = np.zeros(len(weight))
    for pattern in product((False, True), repeat=features):
        active = np.flatnonzero(pattern)
        if len(active) > most_active:
            continue
        chance = np.where(pattern, density, 1 - density).prod(1)
        x = np.zeros((nodes ** len(active), features))
        grid = np.indices((nodes,) * len(active)).reshape(len(active), len(x)).T
        x[:, active] = points[grid]
        each = shares[grid].prod(1)
        output = np.maximum(x @ np.swapaxes(weight, 1, 2) @ weight + bias[:, None], 0)
        total += chance * np.einsum("e,mef,mf->m", each, (output - x) ** 2, importance)
    return total
