"""Figures of the pretrained model: maps of its head scores, and what ablation does to repetition."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.induction_heads.method import PERIOD
from replications.induction_heads.plots_circuit import Arrays, draw_copying
from replications.induction_heads.tables import HeadRow


def draw_maps(rows: Sequence[HeadRow]) -> Figure:
    """Returns maps of prefix matching, copying and previous-token scores, layers by heads."""
    n_layers, n_heads = rows[-1].layer + 1, rows[-1].head + 1
    figure: Figure
    figure, panels = plt.subplots(3, 1, figsize=(7.4, 6.6), sharex=True)
    titles = {"prefix": "Prefix matching", "copying": "Copying", "previous": "Previous token"}
    for axes, (column, title) in zip(panels, titles.items(), strict=True):
        scores = np.array([getattr(row, column) for row in rows]).reshape(n_layers, n_heads).T
        lowest = -1 if column == "copying" else 0
        image = axes.imshow(scores, cmap="viridis", vmin=lowest, vmax=1, aspect="auto")
        axes.set(title=title, ylabel="head")
        axes.set_yticks(range(n_heads))
        figure.colorbar(image, ax=axes, label="score", pad=0.01)
        if column == "prefix":
            for row in (row for row in rows if row.induction):
                axes.plot(row.layer, row.head, "o", markersize=8, markerfacecolor="none", color="C5")
    panels[-1].set_xlabel("layer")
    panels[-1].set_xticks(range(0, n_layers, 2))
    return figure


def draw_scatter(rows: Sequence[HeadRow]) -> Figure:
    """Returns copying against prefix matching, and copying against eigenvalues, a point per head.

    Source: olsson2022context, App. Validating evaluators.
    """
    figure: Figure
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6))
    depth = [row.layer for row in rows]
    points = left.scatter([row.prefix for row in rows], [row.copying for row in rows], c=depth, s=14, cmap="viridis")
    left.set(title="All heads, by layer", xlabel="prefix matching score", ylabel="copying score")
    left.grid(alpha=0.5)
    figure.colorbar(points, ax=left, label="layer", pad=0.01)
    draw_copying(right, rows)
    return figure


def draw_repetition(losses: Arrays) -> Figure:
    """Returns the mean loss on repeated random tokens, whole and ablated."""
    figure: Figure
    figure, axes = plt.subplots(figsize=(6.4, 3))
    shown = {
        "repeated": "whole model",
        "ablated": "without the heads that match prefixes best",
        "random": "without random heads",
    }
    for name, label in shown.items():
        axes.plot(range(1, len(losses[name]) + 1), losses[name], label=label, linewidth=1.3)
    for copy in range(1, 4):
        axes.axvline(copy * PERIOD + 0.5, color=plt.rcParams["grid.color"], linewidth=0.8)
    axes.set(
        title="Loss on 25 random tokens, repeated four times", xlabel="position", ylabel="loss (nats)", ylim=(0, None)
    )
    axes.legend(fontsize=8)
    return figure
