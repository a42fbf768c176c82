"""Figures about the specific features."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from replications.common.figures import PALETTE
from replications.monosemanticity.records import ContextRow

COLUMNS = 3


def draw_contexts(rows: Sequence[ContextRow]) -> Figure:
    """Returns for each context the correlation of its feature, of the best neuron, and of the two matching features."""
    figure, axes = plt.subplots(figsize=(7.5, 4))
    bars = {
        "feature of A/1 with the proxy": [row.pearson for row in rows],
        "best neuron with the proxy": [row.neuron_pearson for row in rows],
        "feature of A/1 with its match in B/1": [row.match_pearson for row in rows],
    }
    _draw_bars(axes, rows, bars)
    axes.set(ylabel="Pearson correlation", title="Features for contexts declared beforehand")
    return figure


def draw_clamping(rows: Sequence[ContextRow]) -> Figure:
    """Returns how probable each context is in sampled text, without and with features held at their maximum."""
    figure, axes = plt.subplots(figsize=(7.5, 4))
    bars = {
        "no intervention": [row.clean for row in rows],
        "the context's feature at its maximum": [row.clamped for row in rows],
        "random features at their maximum": [row.other_clamped for row in rows],
    }
    _draw_bars(axes, rows, bars)
    axes.set(ylabel="probability that a sampled token is in the context", title="What the transformer then writes")
    return figure


def draw_levels(arrays: Mapping[str, np.ndarray], rows: Sequence[ContextRow]) -> Figure:
    """Returns for each context the share of tokens in it by activation, and how many tokens there are."""
    height = max(1, -(-len(rows) // COLUMNS))
    figure, panels = plt.subplots(
        height, COLUMNS, figsize=(8, 2.1 * height + 0.6), sharex=True, sharey=True, squeeze=False
    )
    for axes, row in zip(panels.flat, rows, strict=False):
        levels = arrays[f"levels/{row.context}"]
        middle = (np.arange(len(levels)) + 0.5) / len(levels)
        seen = levels[:, 0] > 0
        axes.bar(middle[seen], levels[seen, 1] / levels[seen, 0], width=0.09)
        axes.axhline(row.base_rate, color=PALETTE[1], linewidth=1, linestyle="--")
        axes.set_title(f"{row.context} (feature {row.feature}, n = {int(levels[:, 0].sum())})", fontsize=8)
        axes.set_ylim(0, 1.02)
    for axes in panels.flat[len(rows) :]:
        axes.set_visible(False)
    figure.supxlabel("activation as a share of the maximum", fontsize=9)
    figure.supylabel("share of tokens in the context", fontsize=9)
    return figure


def _draw_bars(axes: plt.Axes, rows: Sequence[ContextRow], bars: Mapping[str, Sequence[float]]) -> None:
    width = 0.8 / len(bars)
    places = np.arange(len(rows))
    for number, (name, heights) in enumerate(bars.items()):
        axes.bar(places + (number - (len(bars) - 1) / 2) * width, heights, width, label=name, color=PALETTE[number])
    axes.set_xticks(places, [row.context for row in rows], rotation=25, ha="right")
    axes.axhline(0, linewidth=0.8, color="gray")
    axes.grid(alpha=0.4, axis="y")
    axes.legend(fontsize=8)
