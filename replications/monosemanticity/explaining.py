"""Which units are explained, and how well their explanations predict them on text that was not used to make them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from replications.monosemanticity.evidence import MAIN, RANDOM, Evidence
from replications.monosemanticity.explainer import draw_examples, explain, score
from replications.monosemanticity.records import ExplainedRow
from replications.monosemanticity.specific import column
from replications.monosemanticity.vectors import read_activations

NEURON_WINDOWS = (
    256  # of each half of the text, from which examples of neurons are drawn; they are active nearly anywhere
)


def explain_units(
    evidence: Evidence, densities: Mapping[str, np.ndarray], rng: np.random.Generator
) -> list[ExplainedRow]:
    """Returns the score of features of A/1, of neurons of A, and of features of the random transformer."""
    half, count = evidence.half, evidence.params.explained
    rows = []
    for kind, name in (("feature", MAIN), ("random", RANDOM)):
        codes = evidence.codes[name]
        halves = [np.bincount(part.indices, minlength=codes.shape[1]) for part in (codes[:half], codes[half:])]
        live = np.flatnonzero((np.minimum(*halves) >= evidence.params.fewest_active) & evidence.live(name, densities))
        chosen = np.sort(rng.choice(live, min(count, len(live)), replace=False))
        for unit in tqdm(chosen, desc=f"explaining {name}", unit="feature"):
            rows.append(ExplainedRow(kind, int(unit), _score(evidence, _halve(column(codes, unit), half), rng)))
    parts = _read_neurons(evidence)
    neurons = rng.choice(
        evidence.workshop.setting.neurons, min(count, evidence.workshop.setting.neurons), replace=False
    )
    for unit in tqdm(np.sort(neurons), desc="explaining neurons", unit="neuron"):
        rows.append(ExplainedRow("neuron", int(unit), _score(evidence, [part[:, unit] for part in parts], rng)))
    return rows


def _halve(values: Float[np.ndarray, " token"], half: int) -> list[np.ndarray]:
    return [values[:half], values[half:]]


def _read_neurons(evidence: Evidence) -> list[Float[np.ndarray, "token neuron"]]:
    """Returns the neurons of A at the beginning of each half of the text."""
    middle = len(evidence.windows) // 2
    starts = (0, middle)
    return [
        read_activations(
            evidence.transformers["A"], evidence.windows[first : min(first + NEURON_WINDOWS, first + middle)]
        )
        .cpu()
        .numpy()
        for first in starts
    ]


def _score(evidence: Evidence, halves: list[np.ndarray], rng: np.random.Generator) -> float:
    params, context = evidence.params, evidence.windows.shape[1]
    counts = params.explain_examples, params.score_examples
    starts = (0, evidence.half)
    made, scored = (
        draw_examples(values, evidence.tokens[start : start + len(values)], context, number, params.snippet, rng)
        for values, start, number in zip(halves, starts, counts, strict=True)
    )
    return score(explain(made), scored)
