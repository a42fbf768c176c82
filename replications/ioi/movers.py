"""Heads by address, the search for movers among them, and random heads for comparison.

Source: wang2023ioi, § 3.1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class NoOtherHeadError(ValueError):
    """A layer in which every head is a mover, so that none is left for comparison."""


class Head(NamedTuple):
    """The address of an attention head, counted from 0; prints as in the paper, `9.6`."""

    layer: int
    head: int

    def __str__(self) -> str:
        return f"{self.layer}.{self.head}"


class Movers(NamedTuple):
    """The heads beyond the line, strongest first."""

    name_movers: list[Head]
    negative_name_movers: list[Head]


def find_movers(effects: Float[np.ndarray, "layer head"], line: float) -> Movers:
    """Returns the heads whose mean direct effect is at most -line (name movers) or at least +line (negative ones).

    Source: wang2023ioi, § 3.1, where they are picked by eye.

    Args:
        effects: mean change of the logit difference, as a fraction of the clean one.
        line: in the same unit.
    """
    # Deviation: declared-line
    helping = [Head(int(layer), int(head)) for layer, head in np.argwhere(effects <= -line)]
    hindering = [Head(int(layer), int(head)) for layer, head in np.argwhere(effects >= line)]
    return Movers(sorted(helping, key=lambda h: effects[h]), sorted(hindering, key=lambda h: -effects[h]))


def draw_random_heads(
    found: Sequence[Head], excluded: Sequence[Head], n_heads: int, draws: int, rng: np.random.Generator
) -> Int[np.ndarray, "draw found 2"]:
    """Returns `draws` control sets: for each found head another head (layer, index) of its layer that is not excluded.

    Raises:
        NoOtherHeadError: every head of a layer is excluded.
    """
    columns = []
    for head in found:
        others = [other for other in range(n_heads) if Head(head.layer, other) not in excluded]
        if not others:
            raise NoOtherHeadError(f"every head of layer {head.layer} is a mover, so none is left for comparison")
        columns.append(np.stack([np.full(draws, head.layer), rng.choice(others, size=draws)], axis=-1))
    return np.stack(columns, axis=1)
