"""The algorithm in the network, and the two measures of progress towards it, in the order of the paper.

All in float64. Logits are those of the 113 numbers, for all pairs: pair 113 a + b is (a, b).
"""

from collections.abc import Sequence
from math import pi

import torch
from torch import Tensor

from replications.grokking.dataset import MODULUS, list_pairs
from replications.grokking.fourier import (
    FREQUENCIES,
    components_of,
    explained_by_frequency,
    keep_products,
    keep_waves_of_sum,
    make_basis,
)
from replications.grokking.network import Weights, compute_neurons, read_out
from replications.grokking.training import compute_loss


def to_double(weights: Weights) -> Weights:
    """Returns the weights in float64."""
    return Weights(**{name: w.double() for name, w in weights.named().items()})


def compute_logits(weights: Weights, residual: Tensor, neurons: Tensor) -> Tensor:
    """Returns the logits of the 113 numbers [pair, output] from what `compute_neurons` returns, or altered copies."""
    return read_out(weights, residual, neurons)[:, :MODULUS]


def loss_on(logits: Tensor, numbers: Tensor) -> float:
    """Returns the mean cross-entropy in nats over the pairs with these numbers, given the logits of all pairs."""
    return float(compute_loss(logits[numbers], list_pairs().sums[numbers]))


# § 4.1 and 4.2: weights
def fourier_norms(matrix: Tensor) -> Tensor:
    """Returns the norm of each frequency's two waves in a matrix [number, …], by frequency."""
    coefficients = make_basis() @ matrix
    return torch.stack([coefficients[components_of([k])].norm() for k in FREQUENCIES])


def component_norms(matrix: Tensor) -> Tensor:
    """Returns the norm of each of the 113 Fourier components of a matrix [number, …]."""
    return (make_basis() @ matrix).norm(dim=1)


def map_neurons_to_logits(weights: Weights) -> Tensor:
    """Returns W_L [output, neuron], what each neuron adds to the logits of the 113 numbers."""
    return (weights.W_out @ weights.W_U[:, :MODULUS]).T


def find_frequencies(norms: Tensor, threshold: float) -> list[int]:
    """Returns the frequencies whose norm is at least `threshold` of the largest.

    Source: nanda2023grokking, App. C.2, which names no threshold.
    """
    # Deviation: key-frequency-threshold
    return [k for k, norm in zip(FREQUENCIES, norms.tolist(), strict=True) if norm >= threshold * float(norms.max())]


def read_directions(neuron_map: Tensor, frequencies: Sequence[int]) -> Tensor:
    """Returns u_k and v_k of each frequency in turn [2 · frequency, neuron]: what W_L reads for cos and sin of w_k c.

    Source: nanda2023grokking, § 4.2, eq. 2
    """
    return make_basis()[components_of(frequencies)] @ neuron_map


def residual_of_map(neuron_map: Tensor, frequencies: Sequence[int]) -> float:
    """Returns the norm of W_L without these frequencies over its norm."""
    power = (make_basis() @ neuron_map).pow(2).sum(1)
    others = [place for place in range(MODULUS) if place not in components_of(frequencies)]
    return float((power[others].sum() / power.sum()).sqrt())


def explained_by_waves(neurons: Tensor, directions: Tensor, frequencies: Sequence[int]) -> Tensor:
    """Returns the share of the variance of each direction's activity that its own wave of a + b explains.

    Source: nanda2023grokking, § 4.2, Table 1
    """
    pairs, basis = list_pairs(), make_basis()
    waves = basis[components_of(frequencies)][:, pairs.sums]
    waves = waves / waves.norm(dim=1, keepdim=True)
    read = neurons @ directions.T
    read = read - read.mean(0)
    return (waves * read.T).sum(1) ** 2 / (read**2).sum(0)


def fit_cosines(logits: Tensor, frequencies: Sequence[int]) -> tuple[Tensor, Tensor, float]:
    """Returns the coefficients of the best Σ α_k cos(w_k(a + b − c)), these logits, and their share of the variance.

    The cosines are orthogonal to each other over all a, b and c, so that each coefficient is a projection.

    Source: nanda2023grokking, § 4.2
    """
    pairs = list_pairs()
    differences = (pairs.sums[:, None] - torch.arange(MODULUS)) % MODULUS
    mean = torch.zeros(MODULUS, dtype=logits.dtype).index_add_(0, differences.flatten(), logits.flatten()) / MODULUS**2
    cosines = torch.cos(2 * pi / MODULUS * torch.outer(torch.tensor(frequencies), torch.arange(MODULUS)).double())
    coefficients = 2 / MODULUS * cosines @ mean
    fitted = (coefficients @ cosines)[differences]
    return coefficients, fitted, float((fitted**2).sum() / ((logits - logits.mean()) ** 2).sum())


# § 4.3 and 4.4: neurons and ablations
def as_polynomials(neurons: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """Returns which neurons one frequency explains [neuron], and all neurons, these replaced by what it explains."""
    grid = neurons.view(MODULUS, MODULUS, -1)
    best = explained_by_frequency(grid).max(0)
    chosen = best.values > threshold
    replaced = grid.clone()
    for place, k in enumerate(FREQUENCIES):
        mine = chosen & (best.indices == place)
        if mine.any():
            replaced[..., mine] = keep_products(grid[..., mine], [k], make_basis())
    return chosen, replaced.view_as(neurons)


def keep_directions(neurons: Tensor, directions: Tensor) -> Tensor:
    """Returns the part of the neurons' activity in the span of the directions."""
    basis = torch.linalg.qr(directions.T).Q
    return neurons @ basis @ basis.T


def keep_key_components(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """Returns the logits' mean and all products of waves of one key frequency."""
    return keep_products(logits.view(MODULUS, MODULUS, -1), frequencies, make_basis()).reshape(logits.shape)


# § 5.1: progress measures
def restrict(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """Returns the logits with nothing but their mean over pairs and the waves of a + b of these frequencies.

    Source: nanda2023grokking, § 5.1.
    """
    # Deviation: sum-waves
    return logits.mean(0) + keep_waves_of_sum(logits, frequencies, make_basis())


def exclude(logits: Tensor, frequencies: Sequence[int]) -> Tensor:
    """Returns the logits without the waves of a + b of these frequencies.

    Source: nanda2023grokking, § 5.1.
    """
    # Deviation: sum-waves
    return logits - keep_waves_of_sum(logits, frequencies, make_basis())


def run_all_pairs(weights: Weights) -> tuple[Tensor, Tensor]:
    """Returns the last token before the MLP [pair, d_model] and the neurons [pair, neuron] for all pairs."""
    with torch.no_grad():
        return compute_neurons(weights, list_pairs())
