"""What the browser shows of a feature: a histogram, examples with shaded tokens, logit weights, neighbours."""

from typing import Protocol

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from replications.monosemanticity.records import FeatureRow
from replications.monosemanticity.vocabulary import Vocabulary

BINS = 20  # of the histogram of activations
LISTED = 8  # tokens at each end of the logit weights, and nearest features
QUANTILES = 4  # of the activations, from which further examples are drawn
SHADES = 9  # of a token; 0 is inactive


class Choice(Protocol):
    """How many examples, and how long."""

    top_examples: int
    quantile_examples: int
    before: int
    after: int


def describe_feature(
    row: FeatureRow,
    codes: sp.csc_array,
    windows: Int[np.ndarray, "window position"],
    weights: Float[np.ndarray, " vocabulary"],
    cosine: Float[np.ndarray, " feature"],
    vocabulary: Vocabulary,
    choice: Choice,
    rng: np.random.Generator,
) -> dict[str, object]:
    """Returns everything shown of a feature; examples as text, the rest as numbers of tokens and features.

    Args:
        row: from `features.csv`.
        codes: its activations on every token, a single column.
        windows: the same tokens.
        weights: its logit weights.
        cosine: with every other feature; -1 with itself.
        vocabulary: text of the tokens.
        choice: of examples.
        rng: source of the draws from quantiles.
    """
    values = np.zeros(windows.size, dtype=np.float32)
    values[codes.indices] = codes.data
    order = np.argsort(weights)
    nearest = np.argsort(-cosine)[:LISTED]
    counts, _ = np.histogram(codes.data, bins=BINS, range=(0, row.maximum)) if len(codes.data) else ([], [])
    return {
        "feature": row.feature,
        "density": float(f"{row.density:.3g}"),
        "maximum": round(row.maximum, 3),
        "match": [row.match, round(row.match_pearson, 2)],
        "random": round(row.random_pearson, 2),
        "parent": [row.parent, round(row.parent_cosine, 2)],
        "context": row.context,
        "histogram": [int(count) for count in counts],
        "top": [[int(token), round(float(weights[token]), 2)] for token in order[::-1][:LISTED]],
        "bottom": [[int(token), round(float(weights[token]), 2)] for token in order[:LISTED]],
        "nearest": [[int(other), round(float(cosine[other]), 2)] for other in nearest],
        "examples": pick_examples(values, windows, max(row.maximum, 1e-9), vocabulary, choice, rng),
    }


def pick_examples(
    values: Float[np.ndarray, " token"],
    windows: Int[np.ndarray, "window position"],
    maximum: float,
    vocabulary: Vocabulary,
    choice: Choice,
    rng: np.random.Generator,
) -> list[dict[str, object]]:
    """Returns examples: the strongest, one a context, then some at random from each quantile of the active tokens."""
    active = np.flatnonzero(values > 0)
    ranked = active[np.argsort(-values[active], kind="stable")]
    context = windows.shape[1]
    _, firsts = np.unique(ranked // context, return_index=True)
    strongest = ranked[np.sort(firsts)][: choice.top_examples]
    picked = [("top", int(place)) for place in strongest]
    for number, part in enumerate(np.array_split(ranked, QUANTILES)):
        if len(part):
            drawn = rng.choice(part, min(choice.quantile_examples, len(part)), replace=False)
            picked += [(f"quantile {number + 1}", int(place)) for place in drawn]
    return [_show(group, place, values, windows, maximum, vocabulary, choice) for group, place in picked]


def _show(
    group: str,
    place: int,
    values: Float[np.ndarray, " token"],
    windows: Int[np.ndarray, "window position"],
    maximum: float,
    vocabulary: Vocabulary,
    choice: Choice,
) -> dict[str, object]:
    window, position = divmod(place, windows.shape[1])
    span = slice(max(0, position - choice.before), position + choice.after + 1)
    activations = values.reshape(windows.shape)[window, span]
    shades = np.ceil(SHADES * activations / maximum).astype(int).clip(0, SHADES)
    return {
        "group": group,
        "value": round(float(values[place]), 2),
        "at": position - span.start,
        "tokens": vocabulary.show_run(windows[window, span].tolist()),
        "shades": "".join(map(str, shades)),
    }
