"""Blind rating: cards of features and neurons that look alike, the page that shows them, and what ratings say.

Source: bricken2023monosemanticity, Global Analysis, manual human analysis; App. rubric
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float, Int

from replications.monosemanticity.vocabulary import Vocabulary

INTERVALS = 4  # of the activations, by quantile
EXAMPLES = 5  # of an interval
BEFORE, AFTER, LISTED, SHADES = 10, 5, 8, 9
# The rubric's questions with their highest points, 14 in all.
RUBRIC = {
    "confidence": ("How confident are you that you know what this unit responds to?", 3),
    "consistency": ("How well do the shaded tokens fit that interpretation?", 5),
    "logits": ("How well do the tokens that it raises fit it?", 3),
    "specificity": ("How specific is the interpretation?", 3),
}
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:1rem auto;padding:0 1rem}
body{color-scheme:light dark}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #8888;padding-left:.5rem}
fieldset{margin:1.5rem 0}label{display:block}input{width:4rem;font:inherit}"""


@dataclass(frozen=True)
class Card:
    """An interval of a unit's activations, without its name.

    Attributes:
        examples: lines of text as pairs of token and shade.
        raised: tokens with the largest logit weights.
        lowered: tokens with the smallest.
    """

    examples: tuple[tuple[tuple[str, int], ...], ...]
    raised: tuple[str, ...]
    lowered: tuple[str, ...]


def make_cards(
    values: Float[np.ndarray, " token"],
    windows: Int[np.ndarray, "window position"],
    weights: Float[np.ndarray, " vocabulary"],
    vocabulary: Vocabulary,
    intervals: int,
    rng: np.random.Generator,
) -> list[Card]:
    """Returns cards for some intervals of a unit, drawn at random.

    Args:
        values: activations of the unit on every token of the windows.
        windows: the text.
        weights: the unit's logit weights.
        vocabulary: text of the tokens.
        intervals: how many of the four are drawn.
        rng: source of the draw.
    """
    active = np.flatnonzero(values > 0)
    ranked = active[np.argsort(values[active], kind="stable")]
    parts = [part for part in np.array_split(ranked, INTERVALS) if len(part)]
    chosen = rng.choice(len(parts), min(intervals, len(parts)), replace=False)
    order = np.argsort(-weights)
    ends = tuple(map(vocabulary.show, order[:LISTED])), tuple(map(vocabulary.show, order[::-1][:LISTED]))
    cards = []
    for number in chosen:
        places = rng.choice(parts[number], min(EXAMPLES, len(parts[number])), replace=False)
        lines = tuple(_line(int(place), values, windows, vocabulary) for place in places)
        cards.append(Card(lines, *ends))
    return cards


def _line(place: int, values: np.ndarray, windows: np.ndarray, vocabulary: Vocabulary) -> tuple[tuple[str, int], ...]:
    window, position = divmod(place, windows.shape[1])
    span = slice(max(0, position - BEFORE), position + AFTER + 1)
    shades = np.ceil(SHADES * values.reshape(windows.shape)[window, span] / values.max()).astype(int)
    return tuple(zip(vocabulary.show_run(windows[window, span].tolist()), shades.tolist(), strict=True))


def write_page(cards: Sequence[Card]) -> str:
    """Returns the page: all cards with the rubric, and a button that saves the ratings as a file; needs no server."""
    body = "\n".join(_show(number, card) for number, card in enumerate(cards))
    script = """document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const ratings = {};
  for (const [name, value] of new FormData(event.target)) {
    const [card, question] = name.split(" ");
    (ratings[card] ??= {})[question] = Number(value);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(ratings, null, 1)], { type: "application/json" }));
  link.download = "ratings.json";
  link.click();
});"""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Blind rating</title><style>{STYLE}</style>
<h1>What does it respond to?</h1>
<p>Each card shows where one unit of a transformer is active: the darker a token, the stronger. Some units are
features, some are neurons; nothing here tells which. Find what the shaded tokens have in common, then answer. There
are {len(cards)} cards.</p><form>{body}<button>Save ratings.json</button></form><script>{script}</script></html>
"""


def _show(number: int, card: Card) -> str:
    lines = "".join(
        "<pre>" + "".join(
            f'<span style="background:rgba(0,114,178,{shade / (2 * SHADES):.2f})">{escape(token)}</span>'
            for token, shade in line
        ) + "</pre>" for line in card.examples
    )  # fmt: skip
    raised, lowered = (", ".join(f"<code>{escape(repr(t))}</code>" for t in row) for row in (card.raised, card.lowered))
    questions = "".join(
        f'<label>{text} 0 to {most} <input type="number" name="{number} {name}" min="0" max="{most}" required></label>'
        for name, (text, most) in RUBRIC.items()
    )
    return (
        f"<fieldset><legend>Card {number + 1}</legend>{lines}<p>Raises: {raised}</p><p>Lowers: {lowered}</p>"
        f"{questions}</fieldset>"
    )


def read_ratings(text: str, kinds: Sequence[str]) -> Mapping[str, Float[np.ndarray, " card"]]:
    """Returns the points (0 to 14) of the cards of each kind.

    Args:
        text: of the file that the page saved.
        kinds: `feature` or `neuron`, by card.

    Raises:
        ValueError: a card or a question is missing, or points are out of range.
    """
    ratings = json.loads(text)
    points: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number, kind in enumerate(kinds):
        given = ratings.get(str(number), {})
        faults = [name for name, (_, most) in RUBRIC.items() if not 0 <= given.get(name, -1) <= most]
        if faults:
            raise ValueError(f"card {number + 1}: got no points in range for {faults}; rate it and save again")
        points[kind].append(sum(given[name] for name in RUBRIC))
    return {kind: np.array(values, dtype=np.float64) for kind, values in points.items()}
