"""Features for contexts that were declared beforehand: found on one half of the held-out text, measured on the other.

Source: bricken2023monosemanticity, Detailed investigations of individual features
"""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from replications.monosemanticity.coding import Moments, correlate, moments

STRONG_NEURON = 0.1  # coefficient from which a neuron takes part in a feature; Arabic script
LEVELS = 10  # tenths of the maximum, for the share by activation


def label_moments(label: Bool[np.ndarray, " token"]) -> Moments:
    """Returns the moments of a label as of a single unit."""
    count = np.array([float(label.sum())])
    return Moments(len(label), count, count)


def correlate_label(codes: sp.csr_array, label: Bool[np.ndarray, " token"]) -> Float[np.ndarray, " feature"]:
    """Returns the Pearson correlation of every feature with a label."""
    products = (codes.T @ label.astype(np.float32)).astype(np.float64)[:, None]
    return correlate(products, moments(codes), label_moments(label))[:, 0]


def find_feature(codes: sp.csr_array, label: Bool[np.ndarray, " token"]) -> int:
    """Returns the feature with the highest correlation with a label."""
    return int(correlate_label(codes, label).argmax())


def column(codes: sp.csr_array, feature: int) -> Float[np.ndarray, " token"]:
    """Returns the activations of one feature on all tokens."""
    mask = codes.indices == feature
    rows = np.searchsorted(codes.indptr, np.flatnonzero(mask), side="right") - 1
    values = np.zeros(codes.shape[0], dtype=np.float64)
    values[rows] = codes.data[mask]
    return values


def sum_by_document(
    documents: Int[np.ndarray, " token"], *values: Float[np.ndarray, " token"]
) -> Float[np.ndarray, "document value"]:
    """Returns the sums of values over the tokens of each document."""
    _, place = np.unique(documents, return_inverse=True)
    return np.stack([np.bincount(place, value.astype(np.float64)) for value in values], axis=1)


def pearson_sums(
    first: Float[np.ndarray, " token"], second: Float[np.ndarray, " token"], documents: Int[np.ndarray, " token"]
) -> Float[np.ndarray, "document 6"]:
    """Returns for each document the sums from which `pearson` follows: 1, x, y, x², y², xy."""
    x, y = first.astype(np.float64), second.astype(np.float64)
    return sum_by_document(documents, np.ones_like(x), x, y, x * x, y * y, x * y)


def pearson(sums: Float[np.ndarray, "document 6"]) -> float:
    """Returns the correlation over all tokens of the documents; 0 if one of the two does not vary."""
    n, x, y, xx, yy, xy = sums.sum(0)
    spread = (n * xx - x * x) * (n * yy - y * y)
    return float((n * xy - x * y) / np.sqrt(spread)) if spread > 0 else 0.0


def share_sums(
    activations: Float[np.ndarray, " token"],
    label: Bool[np.ndarray, " token"],
    above: float,
    documents: Int[np.ndarray, " token"],
) -> Float[np.ndarray, "document 2"]:
    """Returns for each document the tokens with more than `above` activation, and those of them in the context."""
    active = activations > above
    return sum_by_document(documents, active, active & label)


def share(sums: Float[np.ndarray, "document 2"]) -> float:
    """Returns the share of active tokens that are in the context; 0 if none is active."""
    active, inside = sums.sum(0)
    return float(inside / active) if active else 0.0


def share_by_level(
    activations: Float[np.ndarray, " token"], label: Bool[np.ndarray, " token"]
) -> Float[np.ndarray, "level 2"]:
    """Returns for each tenth of the maximal activation the number of active tokens and of those in the context."""
    active = activations > 0
    level = np.minimum((LEVELS * activations[active] / max(activations.max(), 1e-12)).astype(int), LEVELS - 1)
    return np.stack([
        np.bincount(level, minlength=LEVELS), np.bincount(level, label[active], minlength=LEVELS)
    ], axis=1).astype(np.float64)  # fmt: skip


def count_specific(codes: sp.csr_array, label: Bool[np.ndarray, " token"], least_share: float, fewest: int) -> int:
    """Returns the number of features that are active on at least `fewest` tokens, mostly in the context."""
    active = np.bincount(codes.indices, minlength=codes.shape[1])
    rows = np.repeat(np.arange(codes.shape[0]), np.diff(codes.indptr))
    inside = np.bincount(codes.indices, label[rows].astype(np.float64), minlength=codes.shape[1])
    return int(((active >= fewest) & (inside >= least_share * active)).sum())


def token_posterior(
    tokens: Int[np.ndarray, " token"], label: Bool[np.ndarray, " token"], vocabulary: int
) -> Float[np.ndarray, " vocabulary"]:
    """Returns for each token of the vocabulary the probability that an occurrence is in the context.

    One occurrence at the base rate is added, so that a token that never occurs has the base rate.
    """
    seen = np.bincount(tokens, minlength=vocabulary)
    inside = np.bincount(tokens, label.astype(np.float64), minlength=vocabulary)
    return (inside + label.mean()) / (seen + 1)
