"""Codes of the held-out text: which features are active on which tokens, as sparse matrices."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int

from replications.monosemanticity.method import Autoencoder
from replications.monosemanticity.transformer import Transformer
from replications.monosemanticity.vectors import read_activations

WINDOWS_TOGETHER = 16


@torch.no_grad()
def encode_text(
    transformer: Transformer, autoencoder: Autoencoder, windows: Int[np.ndarray, "window position"]
) -> sp.csr_array:
    """Returns the codes (token, feature) of every token of the windows, zeros left out."""
    parts = []
    for first in range(0, len(windows), WINDOWS_TOGETHER):
        codes = autoencoder.encode(read_activations(transformer, windows[first : first + WINDOWS_TOGETHER]))
        rows, columns = codes.nonzero(as_tuple=True)
        values = codes[rows, columns].cpu().numpy()
        indices = rows.cpu().numpy(), columns.cpu().numpy()
        parts.append(sp.csr_array((values, indices), shape=tuple(codes.shape)))
    return sp.csr_array(sp.vstack(parts))


def density(codes: sp.csr_array) -> Float[np.ndarray, " feature"]:
    """Returns the share of tokens on which each feature is active."""
    return np.bincount(codes.indices, minlength=codes.shape[1]) / codes.shape[0]


def active_by_window(codes: sp.csr_array, context: int) -> Float[np.ndarray, " window"]:
    """Returns the mean number of active features on a token (L0), for each window."""
    return np.diff(codes.indptr).reshape(-1, context).mean(1)


@dataclass(frozen=True)
class Moments:
    """Sums over tokens from which correlations follow.

    Attributes:
        count: of tokens.
        total: sum of each unit's activations.
        square: sum of their squares.
    """

    count: int
    total: Float[np.ndarray, " unit"]
    square: Float[np.ndarray, " unit"]

    @property
    def deviation(self) -> Float[np.ndarray, " unit"]:
        """Standard deviation of each unit over tokens."""
        return np.sqrt(np.maximum(self.square / self.count - (self.total / self.count) ** 2, 0))


def moments(activations: sp.csr_array | Float[np.ndarray, "token unit"]) -> Moments:
    """Returns the moments of features (sparse) or neurons (dense)."""
    if isinstance(activations, np.ndarray):
        wide = activations.astype(np.float64)
        return Moments(len(wide), wide.sum(0), np.square(wide).sum(0))
    total, square = (
        np.bincount(activations.indices, values, minlength=activations.shape[1])
        for values in (activations.data.astype(np.float64), np.square(activations.data.astype(np.float64)))
    )
    return Moments(activations.shape[0], total, square)


def correlate(
    products: Float[np.ndarray, "unit other"], first: Moments, second: Moments
) -> Float[np.ndarray, "unit other"]:
    """Returns Pearson correlations from sums of products over tokens; 0 where a unit never varies."""
    covariance = products / first.count - np.outer(first.total / first.count, second.total / second.count)
    scale = np.outer(first.deviation, second.deviation)
    return np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
