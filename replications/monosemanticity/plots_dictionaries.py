"""Figures about dictionaries as wholes: the front, densities, matches, training, the map of directions."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from replications.common.figures import PALETTE
from replications.monosemanticity.records import SWEEP, DictionaryRow, ExplainedRow, FeatureRow

DEAD_AT = -7.5  # where features without activity stand in the histogram of logarithms


def draw_front(rows: Sequence[DictionaryRow]) -> Figure:
    """Returns active features against loss recovered: the sweep as a line, the dictionaries of A as points."""
    figure, axes = plt.subplots(figsize=(6.5, 4))
    measured = [row for row in rows if row.recovered is not None]
    swept = sorted((row for row in measured if row.name.startswith(SWEEP)), key=lambda row: row.active)
    if swept:
        label = f"sweep of the L1 coefficient, {swept[0].features:,} features"
        axes.plot([row.active for row in swept], [row.recovered for row in swept], "o-", label=label)
    for place, row in enumerate(row for row in measured if not row.name.startswith(SWEEP)):
        colour = PALETTE[(place + 1) % len(PALETTE)]
        label = f"{row.name}, {row.features:,} features, {row.vectors / 1e6:g} M vectors"
        axes.plot(row.active, row.recovered, "D", color=colour, markersize=8, label=label)
    if all(row.active > 0 for row in measured):
        axes.set_xscale("log")
    axes.set(xlabel="active features per token (L0)", ylabel="loss recovered (fraction)",
             title="What is lost by having few active features")  # fmt: skip
    axes.grid(alpha=0.4)
    axes.legend(fontsize=8)
    return figure


def draw_densities(arrays: Mapping[str, np.ndarray], rare: float) -> Figure:
    """Returns a histogram of the logarithm of density for each dictionary; dead features in a bar of their own."""
    names = [name for name in arrays if name.startswith("density/")]
    figure, panels = plt.subplots(len(names), 1, figsize=(6.5, 1.3 * len(names) + 1), sharex=True, squeeze=False)
    bins = np.concatenate([[DEAD_AT - 0.25, DEAD_AT + 0.25], np.arange(-6.5, 0.26, 0.25)])
    for axes, name in zip(panels[:, 0], names, strict=True):
        density = arrays[name]
        logarithm = np.log10(density, out=np.full_like(density, DEAD_AT), where=density > 0)
        axes.hist(logarithm, bins=bins)
        axes.axvline(np.log10(rare), linestyle="--", linewidth=1, color=PALETTE[1])
        axes.set_ylabel(name.removeprefix("density/"), rotation=0, ha="right", va="center")
        axes.grid(alpha=0.4)
    ticks = [DEAD_AT, *range(-6, 1)]
    panels[-1, 0].set_xticks(ticks, ["dead", *(f"$10^{{{tick}}}$" for tick in ticks[1:])])
    panels[-1, 0].set_xlabel("density: share of tokens on which a feature is active")
    panels[0, 0].set_title("How often features are active (number of features)")
    return figure


def draw_matches(rows: Sequence[FeatureRow], neurons: np.ndarray, rare: float) -> Figure:
    """Returns histograms of best correlations: features in B, features in the random transformer, neurons in B."""
    live = [row for row in rows if row.density >= rare]
    samples = {
        "features of A/1 in B/1": [row.match_pearson for row in live],
        "features of A/1 in the random transformer": [row.random_pearson for row in live],
        "neurons of A in B": neurons,
    }
    figure, axes = plt.subplots(figsize=(6.5, 4))
    bins = np.linspace(0, 1, 41)
    for place, (name, values) in enumerate(samples.items()):
        if not len(values):
            continue
        median = float(np.median(values))
        weights = np.full(len(values), 1 / len(values))
        label = f"{name}, median {median:.2f}"
        axes.hist(np.clip(values, 0, 1), bins=bins, weights=weights, histtype="step", linewidth=1.8,
                  color=PALETTE[place], label=label)  # fmt: skip
        axes.axvline(median, color=PALETTE[place], linewidth=1, linestyle=":")
    axes.set(xlabel="correlation of activations with the best match", ylabel="share of units",
             title="Units of A with a match in another transformer")  # fmt: skip
    axes.legend(fontsize=8)
    return figure


def draw_training(arrays: Mapping[str, np.ndarray]) -> Figure:
    """Returns the curves of training: loss of the transformers; error, active and dead features of the dictionaries."""
    curves = {name.removeprefix("curve/"): array for name, array in arrays.items() if name.startswith("curve/")}
    figure, panels = plt.subplots(2, 2, figsize=(8, 6))
    titles = ("transformers: loss (nats)", "mean squared error", "active features per token", "dead features (share)")
    for axes, title in zip(panels.flat, titles, strict=True):
        axes.set(title=title, xlabel="step")
        axes.grid(alpha=0.4)
    place = 0
    for name, curve in curves.items():
        if curve.ndim != 2 or not len(curve):
            continue
        if curve.shape[1] == 2:
            panels[0, 0].plot(curve[:, 0], curve[:, 1], label=name)
            continue
        colour = PALETTE[place % len(PALETTE)]
        features = max(1, len(arrays.get(f"density/{name}", ())))
        values = (curve[:, 1], curve[:, 2], curve[:, 4] / features)
        for axes, column in zip(panels.flat[1:], values, strict=True):
            axes.plot(curve[:, 0], column, color=colour, label=name, linewidth=1)
        place += 1
    panels[0, 1].set_yscale("log")
    panels[1, 0].set_yscale("log")
    panels[0, 0].legend(fontsize=8)
    panels[0, 1].legend(fontsize=8)
    return figure


def draw_map(arrays: Mapping[str, np.ndarray], rows: Sequence[FeatureRow]) -> Figure:
    """Returns the map of the directions of A/0 and A/1, with the features of the declared contexts named."""
    figure, axes = plt.subplots(figsize=(7.5, 6.5))
    places, small = arrays["map"], len(arrays["map_small"])
    axes.scatter(*places[small:].T, s=4, alpha=0.5, color=PALETTE[4], label="A/1", rasterized=True)
    axes.scatter(*places[:small].T, s=18, facecolors="none", edgecolors=PALETTE[5], linewidths=0.7, label="A/0")
    drawn = {int(feature): place for place, feature in enumerate(arrays["map_main"], start=small)}
    for row in rows:
        if row.context and row.feature in drawn:
            at = places[drawn[row.feature]]
            axes.scatter(*at, s=30, color=PALETTE[0])
            axes.annotate(row.context, at, xytext=(4, 4), textcoords="offset points", fontsize=9)
    axes.set(xticks=[], yticks=[], title="Directions of 512 and of 4,096 features on a plane")
    axes.legend(fontsize=8, markerscale=1.5, loc="upper right")
    return figure


def draw_scores(rows: Sequence[ExplainedRow]) -> Figure:
    """Returns the scores of explanations, sorted, for features, neurons and features of the random transformer."""
    names = {"feature": "features of A/1", "neuron": "neurons of A", "random": "features of the random transformer"}
    figure, axes = plt.subplots(figsize=(6.5, 4))
    for place, (kind, name) in enumerate(names.items()):
        scores = np.sort([row.score for row in rows if row.kind == kind])
        if len(scores):
            axes.plot(scores, (np.arange(len(scores)) + 0.5) / len(scores), color=PALETTE[place], label=name)
    axes.axhline(0.5, linewidth=0.8, linestyle=":", color=PALETTE[1])
    axes.set(xlabel="Spearman correlation of predicted and real activations", ylabel="share of units at or below",
             title="How well a table of the last three tokens explains a unit")  # fmt: skip
    axes.grid(alpha=0.4)
    axes.legend(fontsize=8)
    return figure
