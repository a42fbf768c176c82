"""Rows of the result files, and the arrays of the figures."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes

SWEEP = "sweep/"  # before the number of a dictionary of the sweep


@dataclass(frozen=True)
class ContextRow:
    """A context and its feature in A/1.

    Attributes:
        base_rate: share of tokens in the context.
        feature: found on the first half of the text.
        active: tokens of the second half on which it is active.
        share: of them in the context.
        share_strong: of those with more than half of the maximal activation.
        pearson: with the proxy.
        neuron: the best one on the first half.
        neuron_pearson: with the proxy, second half.
        large_coefficients: neurons with a coefficient of at least 0.1 in the feature's direction.
        match: feature of B/1 with the highest correlation on the first half.
        match_pearson: of the two features' activations, second half.
        match_logits: correlation of their logit weights.
        typical_logits: share of the tokens with the largest logit weights that are typical of the context.
        typical_tokens: share of all tokens that are.
        clean, clamped, other_clamped: probability that a sampled token is in the context: without intervention, with
            the feature at its maximum, with random features at theirs.
    """

    context: str
    base_rate: float
    feature: int
    active: int
    share: float
    share_strong: float
    pearson: float
    neuron: int
    neuron_pearson: float
    large_coefficients: int
    match: int
    match_pearson: float
    match_logits: float
    typical_logits: float
    typical_tokens: float
    clean: float
    clamped: float
    other_clamped: float


@dataclass(frozen=True)
class DictionaryRow:
    """A dictionary as a whole.

    Attributes:
        coefficient: λ of the L1 penalty.
        active: mean number of active features on a held-out token (L0).
        dead: features that are never active on held-out text.
        ultralow: live features below the density that `params.yaml` calls rare.
        median_density: of the live ones.
        unexplained: squared error over the variance of the activations.
        recovered: share of the loss that is recovered, against an MLP at zero; None where it was not measured.
        recovered_of_mean: the same against an MLP at its mean.
    """

    name: str
    transformer: str
    features: int
    vectors: int
    coefficient: float
    active: float
    dead: int
    ultralow: int
    median_density: float
    unexplained: float
    recovered: float | None
    recovered_of_mean: float | None


@dataclass(frozen=True)
class FeatureRow:
    """A feature of A/1.

    Attributes:
        maximum: of its activation on held-out text.
        token: which it is most active on, by the sum of activations.
        match: the feature of B/1 with the highest correlation of activations.
        match_pearson: that correlation.
        random_pearson: the highest with a feature of the transformer with shuffled weights.
        parent: the nearest direction of A/0.
        parent_cosine: its cosine.
        context: the declared context that it was found for, or nothing.
    """

    feature: int
    density: float
    maximum: float
    token: int
    match: int
    match_pearson: float
    random_pearson: float
    parent: int
    parent_cosine: float
    context: str


@dataclass(frozen=True)
class ExplainedRow:
    """How well an explanation predicts a unit: a feature of A/1 or of the random transformer, or a neuron of A."""

    kind: str
    unit: int
    score: float


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes named arrays as compressed npz, float32; the same arrays give the same file."""
    content = io.BytesIO()
    np.savez_compressed(content, **{name: np.asarray(array, dtype=np.float32) for name, array in arrays.items()})
    write_bytes(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns the arrays of a file of `write_arrays`."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
