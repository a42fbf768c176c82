"""Automated interpretability without a large model: an explanation is a table of the last tokens.

The paper asks Claude 2 to explain a feature from examples, and to predict its activations on others from the
explanation. Here the explanation is, for each run of up to three tokens in the examples, the mean activation at its
end. It can say "active on `import` after a line break"; it cannot say "active in Hebrew". What such a table predicts is
a lower bound.

Source: bricken2023monosemanticity, Global Analysis, automated interpretability of activations
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import spearmanr

LONGEST_RUN = 3  # tokens


@dataclass(frozen=True)
class Examples:
    """Snippets of text with the activations of one unit.

    Attributes:
        tokens: of each snippet, with `LONGEST_RUN - 1` more before it, which are read but not scored.
        activations: of the unit on the scored tokens.
    """

    tokens: Int[np.ndarray, "snippet wide"]
    activations: Float[np.ndarray, "snippet scored"]


def draw_examples(
    activations: Float[np.ndarray, " token"],
    tokens: Int[np.ndarray, " token"],
    context: int,
    count: int,
    snippet: int,
    rng: np.random.Generator,
) -> Examples:
    """Returns examples of a unit: half of them around active tokens, spread evenly over quantiles; half anywhere.

    Args:
        activations: on all tokens.
        tokens: the same tokens; a snippet stays within a context of `context` tokens.
        context: tokens of a context.
        count: of examples.
        snippet: tokens that are scored.
        rng: source of the draw.
    """
    wide = snippet + LONGEST_RUN - 1
    active = np.flatnonzero(activations > 0)
    ranked = active[np.argsort(activations[active], kind="stable")]
    around = [int(rng.choice(part)) for part in np.array_split(ranked, count // 2) if len(part)]
    anywhere = rng.integers(len(tokens), size=count - len(around)).tolist()
    starts = []
    for place in around + anywhere:
        window = place // context * context
        first = place - window - LONGEST_RUN + 1 - int(rng.integers(snippet))  # the token is anywhere in the snippet
        starts.append(window + min(max(first, 0), context - wide))
    spans = np.array(starts)[:, None] + np.arange(wide)
    return Examples(tokens[spans], activations[spans[:, LONGEST_RUN - 1 :]])


def explain(examples: Examples) -> dict[tuple[int, ...], float]:
    """Returns the explanation: mean activation at the end of each run of one to three tokens."""
    sums: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for tokens, activations in zip(examples.tokens.tolist(), examples.activations.tolist(), strict=True):
        for place, value in enumerate(activations, start=LONGEST_RUN):
            for length in range(1, LONGEST_RUN + 1):
                sums[tuple(tokens[place - length : place])].append(value)
    return {run: float(np.mean(values)) for run, values in sums.items()}


def predict(explanation: dict[tuple[int, ...], float], examples: Examples) -> Float[np.ndarray, "snippet scored"]:
    """Returns the activation that the longest known run predicts; 0 where not even the token is known."""
    predicted = np.zeros_like(examples.activations)
    for row, tokens in enumerate(examples.tokens.tolist()):
        for column in range(predicted.shape[1]):
            end = column + LONGEST_RUN
            runs = (tuple(tokens[end - length : end]) for length in range(LONGEST_RUN, 0, -1))
            predicted[row, column] = next((explanation[run] for run in runs if run in explanation), 0.0)
    return predicted


def score(explanation: dict[tuple[int, ...], float], examples: Examples) -> float:
    """Returns the Spearman correlation of predicted and real activations; 0 if one of them does not vary."""
    predicted, real = predict(explanation, examples).ravel(), examples.activations.ravel()
    if np.ptp(predicted) == 0 or np.ptp(real) == 0:
        return 0.0
    return float(spearmanr(predicted, real).statistic)
