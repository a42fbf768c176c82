"""A row for each context: its feature, its best neuron, its match in B, and what holding it makes A write."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from tqdm import tqdm

from replications.monosemanticity.coding import Moments, correlate, moments
from replications.monosemanticity.evidence import MAIN, OTHER, Evidence
from replications.monosemanticity.records import ContextRow
from replications.monosemanticity.sampling import sample
from replications.monosemanticity.specific import (
    STRONG_NEURON,
    column,
    correlate_label,
    label_moments,
    pearson,
    pearson_sums,
    share,
    share_by_level,
    share_sums,
    token_posterior,
)
from replications.monosemanticity.universality import WINDOWS_TOGETHER
from replications.monosemanticity.vectors import read_activations

OTHERS = 10  # random features that are held at their maximum beside each specific one
SHOWN_SAMPLES = 2  # texts kept for the page


@dataclass(frozen=True)
class ContextFindings:
    """What is known of a context.

    Attributes:
        row: the numbers.
        pearson_sums: by document, for the interval of the correlation with the proxy.
        neuron_sums: the same for the best neuron.
        match_sums: the same for the two matching features.
        share_sums: by document, of active tokens.
        strong_sums: by document, of strongly active tokens.
        levels: active tokens and those in the context by tenth of the maximum.
        texts: prompt, what was sampled without and with the feature held.
    """

    row: ContextRow
    pearson_sums: Float[np.ndarray, "document 6"]
    neuron_sums: Float[np.ndarray, "document 6"]
    match_sums: Float[np.ndarray, "document 6"]
    share_sums: Float[np.ndarray, "document 2"]
    strong_sums: Float[np.ndarray, "document 2"]
    levels: Float[np.ndarray, "level 2"]
    texts: list[dict[str, str]]


def find_contexts(evidence: Evidence, rng: np.random.Generator) -> dict[str, ContextFindings]:
    """Returns the findings for every context that occurs in the text."""
    neurons = _find_neurons(evidence)
    written = _Writing(evidence, rng)
    return {
        name: _find_context(evidence, name, label, neurons[name], written)
        for name, label in tqdm(evidence.labels.items(), desc="contexts", unit="context")
    }


def _find_context(
    evidence: Evidence, name: str, label: Bool[np.ndarray, " token"], neuron: int, written: "_Writing"
) -> ContextFindings:
    half = evidence.half
    documents = evidence.documents[half:]
    codes, params = evidence.codes[MAIN], evidence.params
    feature = int(correlate_label(codes[:half], label[:half]).argmax())
    activations = column(codes, feature)
    maximum, late, inside = activations.max(), activations[half:], label[half:]
    match = _match(evidence, activations[:half])
    matched = column(evidence.codes[OTHER], match)[half:]
    alone = read_neuron(evidence, neuron)[half:]
    shares = share_sums(late, inside, 0.0, documents)
    strong = share_sums(late, inside, params.strong * maximum, documents)
    sums = {key: pearson_sums(x, y, documents) for key, x, y in
            (("feature", late, inside), ("neuron", alone, inside), ("match", late, matched))}  # fmt: skip
    direction = evidence.dictionaries[MAIN][0].decoder[feature]
    weights, other = _logits(evidence, MAIN, feature), _logits(evidence, OTHER, match)
    posterior = token_posterior(evidence.tokens[:half], label[:half], evidence.workshop.setting.vocabulary)
    typical = posterior > label[:half].mean()
    clean, clamped, other_clamped, texts = written.judge(feature, maximum, posterior)
    row = ContextRow(
        name, float(label.mean()), feature, int(shares[:, 0].sum()), share(shares), share(strong),
        pearson(sums["feature"]), neuron, pearson(sums["neuron"]), int((direction.abs() >= STRONG_NEURON).sum()),
        match, pearson(sums["match"]), float(np.corrcoef(weights, other)[0, 1]),
        float(typical[np.argsort(-weights)[: params.logit_tokens]].mean()), float(typical.mean()),
        clean, clamped, other_clamped,
    )  # fmt: skip
    levels = share_by_level(late, inside)
    return ContextFindings(row, sums["feature"], sums["neuron"], sums["match"], shares, strong, levels, texts)


def _match(evidence: Evidence, activations: Float[np.ndarray, " token"]) -> int:
    """Returns the feature of B/1 with the highest correlation with these activations on the first half."""
    codes = evidence.codes[OTHER][: evidence.half]
    products = (codes.T @ activations.astype(np.float32)).astype(np.float64)[:, None]
    return int(correlate(products, moments(codes), moments(activations[:, None])).argmax())


def _logits(evidence: Evidence, name: str, feature: int) -> Float[np.ndarray, " vocabulary"]:
    transformer = evidence.transformers[evidence.workshop.setting.dictionaries[name].transformer]
    direction = evidence.dictionaries[name][0].decoder[feature : feature + 1]
    return transformer.logit_weights(direction)[0].cpu().numpy().astype(np.float64)


def _find_neurons(evidence: Evidence) -> dict[str, int]:
    """Returns the neuron of A that follows each context best on the first half."""
    labels = {name: label[: evidence.half] for name, label in evidence.labels.items()}
    windows = evidence.windows[: len(evidence.windows) // 2]
    context = windows.shape[1]
    products, total, square = 0.0, 0.0, 0.0
    for first in range(0, len(windows), WINDOWS_TOGETHER):
        values = read_activations(evidence.transformers["A"], windows[first : first + WINDOWS_TOGETHER]).cpu().numpy()
        span = slice(first * context, first * context + len(values))
        stacked = np.stack([label[span] for label in labels.values()], axis=1).astype(np.float32)
        products = products + (values.T @ stacked).astype(np.float64)
        some = moments(values)
        total, square = total + some.total, square + some.square
    neurons = Moments(evidence.half, total, square)
    return {
        name: int(correlate(products[:, [place]], neurons, label_moments(label)).argmax())
        for place, (name, label) in enumerate(labels.items())
    }


def read_neuron(evidence: Evidence, neuron: int) -> Float[np.ndarray, " token"]:
    """Returns the activations of one neuron of A on all tokens."""
    windows = evidence.windows
    parts = [
        read_activations(evidence.transformers["A"], windows[first : first + WINDOWS_TOGETHER])[:, neuron].cpu()
        for first in range(0, len(windows), WINDOWS_TOGETHER)
    ]
    return torch.cat(parts).numpy().astype(np.float64)


class _Writing:
    """Sampled text with and without a feature held, judged by the tokens alone."""

    def __init__(self, evidence: Evidence, rng: np.random.Generator) -> None:
        params, windows = evidence.params, evidence.windows
        self._evidence, self._seed = evidence, int(rng.integers(2**31))
        length = windows.shape[1] - params.clamp_tokens
        chosen = rng.choice(len(windows), min(params.clamp_prompts, len(windows)), replace=False)
        self._prompts = windows[np.sort(chosen)][:, : min(length, windows.shape[1] // 2)]
        codes = evidence.codes[MAIN]
        largest = codes.max(axis=0).toarray().ravel()
        live = np.flatnonzero(np.bincount(codes.indices, minlength=codes.shape[1]) >= params.fewest_active)
        others = rng.choice(live, OTHERS, replace=False) if len(live) >= OTHERS else live
        self._clean = self._sample(None)
        self._others = [self._sample((int(other), float(largest[other]))) for other in others]

    def _sample(self, held: tuple[int, float] | None) -> np.ndarray:
        autoencoder = self._evidence.dictionaries[MAIN][0]
        return sample(
            self._evidence.transformers["A"], self._prompts, self._evidence.params.clamp_tokens,
            np.random.default_rng(self._seed), None if held is None else (autoencoder, *held),
        )  # fmt: skip

    def judge(
        self, feature: int, value: float, posterior: Float[np.ndarray, " vocabulary"]
    ) -> tuple[float, float, float, list[dict[str, str]]]:
        """Returns the mean probability of the context without, with the feature, with random ones; and some texts."""
        held = self._sample((feature, float(value)))
        others = np.mean([posterior[other].mean() for other in self._others]) if self._others else 0.0
        decode = self._evidence.workshop.text.tokenizer.decode
        texts = [
            {"prompt": decode(p.tolist()), "clean": decode(c.tolist()), "held": decode(h.tolist())}
            for p, c, h in zip(self._prompts, self._clean, held, strict=True)
        ]
        means = float(posterior[self._clean].mean()), float(posterior[held].mean()), float(others)
        return *means, texts[:SHOWN_SAMPLES]
