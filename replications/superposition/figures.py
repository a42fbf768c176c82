"""Stage: draws the figures of a setting.

python -P -m replications.superposition.figures SETTING
"""

from collections.abc import Callable

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from replications.common.arrays import Curves, read_arrays
from replications.common.figures import DIVERGING, PALETTE, save_figure
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.superposition.phases import OUTCOMES
from replications.superposition.uniform import BIN, LINES

NAME = "superposition"
LINE_NAMES = ("tetrahedron 3/4", "triangle 2/3", "antipodal pair 1/2", "pentagon 2/5", "square antiprism 3/8")
MISSING = "#8c959f"


def _draw_bars(curves: Curves, name: str, title: str) -> Figure:
    densities = curves[f"{name}_densities"]
    figure, axes = plt.subplots(len(densities), 1, figsize=(7, 1.05 * len(densities) + 0.6), sharex=True, sharey=True)
    for panel, length, shared, density in zip(
        axes, curves[f"{name}_norms"], curves[f"{name}_interference"], densities, strict=True
    ):
        colours = plt.get_cmap("viridis")(np.clip(shared, 0, 1))
        panel.bar(np.arange(len(length)), length, color=colours, width=0.85)
        panel.set_ylabel(f"{density:g}", rotation=0, ha="right", va="center", labelpad=8)
        panel.set_yticks([0, 1])
    axes[0].set_title(title)
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1].set_xlabel("feature, from the most to the least important")
    figure.supylabel("density 1 − S; bars: norm of the feature", fontsize=10)
    scale = plt.cm.ScalarMappable(cmap="viridis", norm=plt.Normalize(0, 1))
    figure.colorbar(scale, ax=list(axes), label="superposition: projection of others (1 or more: yellow)", pad=0.02)
    return figure


def draw_demonstration(curves: Curves) -> Figure:
    """Draws norm and superposition of each feature at each density, n = 20 and m = 5."""
    return _draw_bars(curves, "demonstration", "ReLU models, 20 features in 5 dimensions")


def draw_large(curves: Curves) -> Figure:
    """Draws the same for n = 80 and m = 20."""
    return _draw_bars(curves, "large", "ReLU models, 80 features in 20 dimensions")


def draw_products(curves: Curves) -> Figure:
    """Draws WᵀW of the first demonstration."""
    densities = curves["demonstration_densities"]
    columns = 4
    figure, axes = plt.subplots(-(-len(densities) // columns), columns, figsize=(8, 4.4))
    for panel in axes.flat:
        panel.axis("off")
    for panel, product, density in zip(axes.flat, curves["demonstration_products"], densities, strict=False):
        image = panel.imshow(product, cmap=DIVERGING, vmin=-1.2, vmax=1.2)
        panel.set_title(f"1 − S = {density:g}", fontsize=10)
    figure.colorbar(image, ax=list(axes.flat), label="WᵀW", shrink=0.8)
    return figure


def draw_phases(curves: Curves) -> Figure:
    """Draws the phase diagrams: theory and trained models, two and three features."""
    figure, axes = plt.subplots(2, 2, figsize=(7.4, 6.6), sharex=True, sharey=True)
    colours = ListedColormap([MISSING, PALETTE[1], PALETTE[0]])
    density, importance = curves["phases_densities"], curves["phases_importances"]
    for row, (number, title) in enumerate((("two", "2 features, 1 dimension"), ("three", "3 features, 2 dimensions"))):
        for panel, kind in zip(axes[row], ("theory", "trained"), strict=True):
            panel.pcolormesh(importance, 1 / density, curves[f"phases_{number}_{kind}"], cmap=colours, vmin=0, vmax=2)
            panel.set(xscale="log", yscale="log", title=f"{title}: {kind}")
        axes[row, 0].set_ylabel("sparsity 1/(1 − S)")
    for panel in axes[-1]:
        panel.set_xlabel("importance of the extra feature")
    patches = [Patch(color=colours(i), label=name) for i, name in enumerate(OUTCOMES)]
    figure.legend(handles=patches, loc="outside lower center", ncols=3, title="the extra feature is")
    return figure


def draw_dimensions(curves: Curves) -> Figure:
    """Draws D* and the dimensionality of each feature over sparsity, and the histogram of dimensionalities."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4.4), sharey=True, width_ratios=(2.2, 1), dpi=200)
    ratio, dims = curves["uniform_ratio"], curves["uniform_dimensionality"]
    for place, name in zip(LINES, LINE_NAMES, strict=True):
        for panel in (left, right):
            panel.axhline(place, color=MISSING, linewidth=0.7, zorder=0)
        left.annotate(name, (ratio[0], place), fontsize=8, va="top" if place == LINES[-1] else "bottom")
    left.scatter(
        np.repeat(ratio, dims.shape[1]), dims.ravel(), s=2, alpha=0.25, color=PALETTE[0], linewidths=0, rasterized=True
    )
    for number, row in enumerate(curves["uniform_per_feature"]):
        left.plot(
            ratio, row, color=PALETTE[5], linewidth=1.5, label="D* = m/‖W‖² (a seed each)" if number == 0 else None
        )
    left.plot([], [], "o", ms=3, color=PALETTE[0], label="dimensionality of a feature (first seed)")
    left.set(xscale="log", ylim=(-0.03, 1.2), xlabel="sparsity 1/(1 − S)", ylabel="dimensions")
    left.set_title("400 features in 30 dimensions")
    left.legend(loc="upper right", fontsize=8)
    found, turned = curves["uniform_histogram"]
    centres = BIN * np.arange(len(found))
    inner = centres > 0.05
    right.barh(centres[inner], found[inner], height=0.9 * BIN, color=PALETTE[0], label="trained")
    right.step(turned[inner], centres[inner], where="mid", color=PALETTE[1], label="random directions")
    right.set(xlabel="share of features", title="all densities with D* < 0.9")
    right.legend(fontsize=8)
    return figure


def draw_pentagon(curves: Curves) -> Figure:
    """Draws the loss curves of the geometries and the best solutions."""
    sparser, losses = curves["pentagon_sparser"], curves["pentagon_losses"]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(7.4, 5.4), height_ratios=(1.4, 1))
    names = ((1, "pentagon", PALETTE[0], "o"), (2, "two digons", PALETTE[1], "s"), (0, "other", MISSING, "x"))
    for kind, name, colour, marker in names:
        chosen = curves["pentagon_kind"] == kind
        x = np.broadcast_to(sparser[:, None], losses.shape)[chosen]
        top.plot(x, losses[chosen], marker, ms=4, alpha=0.5, color=colour, label=name)
    low, high = np.nanmin(losses), np.nanquantile(losses, 0.9)
    top.set(title="loss of every model", ylabel="expected loss", xlabel="how many times sparser the fifth feature is")
    top.set_ylim(low - 0.1 * (high - low), high + 0.3 * (high - low) + 1e-9)
    top.legend(fontsize=8)
    for number, weight in enumerate(curves["pentagon_best"]):
        across, down = 3.2 * (number % 6), -3.6 * (number // 6)
        for place, (x, y) in enumerate(weight.T):
            colour = PALETTE[5] if place == 4 else PALETTE[0]
            line = [across, across + x], [down, down + y]
            bottom.plot(*line, color=colour, linewidth=1.4, marker="o", ms=3)
        bottom.annotate(f"{sparser[number]:g}×", (across, down - 1.8), ha="center", fontsize=8)
    bottom.set(aspect="equal", ylim=(-3.6 * ((len(sparser) - 1) // 6) - 2.3, 1.6))
    bottom.set_title("the solution with the lowest loss; the fifth feature in orange")
    bottom.axis("off")
    return figure


def draw_correlated(curves: Curves) -> Figure:
    """Draws the directions of related features, five models of each kind."""
    densities = curves["densities_three-pairs"]
    rows = [
        ("2 pairs, correlated", curves["weights_correlated-pairs"][0]),
        ("2 pairs, anticorrelated", curves["weights_anticorrelated-pairs"][0]),
        ("2 pairs, independent", curves["weights_independent-pairs"][0]),
        (f"3 pairs, 1 − S = {densities[-1]:g}", curves["weights_three-pairs"][-1]),
        (f"3 pairs, 1 − S = {densities[0]:g}", curves["weights_three-pairs"][0]),
    ]
    columns = max(len(weights) for _, weights in rows)
    figure, axes = plt.subplots(len(rows), columns, figsize=(7.4, 7.6), squeeze=False)
    for panels, (title, weights) in zip(axes, rows, strict=True):
        for panel in panels:
            panel.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xticks=[], yticks=[])
            panel.spines[:].set_visible(False)
        for panel, weight in zip(panels, weights, strict=False):
            for place, (x, y) in enumerate(weight.T):
                panel.plot([0, x], [0, y], color=PALETTE[(0, 1, 2)[place // 2]], marker="o", ms=4, linewidth=1.5)
        panels[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def draw_vulnerability(curves: Curves) -> Figure:
    """Draws vulnerability over sparsity and over features per dimension."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.5), sharey=True)
    ratio, per_feature = curves["uniform_ratio"], curves["uniform_per_feature"]
    for seed, (harm, dims) in enumerate(zip(curves["uniform_vulnerability"], per_feature, strict=True)):
        left.plot(ratio, harm, marker="o", ms=3, label="vulnerability" if seed == 0 else None, color=PALETTE[0])
        left.plot(ratio, 1 / dims, color=PALETTE[1], label="features per dimension" if seed == 0 else None)
        right.plot(1 / dims, harm, "o", ms=3.5, color=f"C{seed % 6}", label=f"seed {seed + 1}")
    left.set(xscale="log", xlabel="sparsity 1/(1 − S)", ylabel="vulnerability, relative to no superposition")
    right.set(xlabel="features per dimension, ‖W‖²/m")
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    return figure


FIGURES: dict[str, tuple[Callable[[Curves], Figure], str]] = {
    "demonstration": (
        draw_demonstration,
        "What a model of 20 features and 5 dimensions represents, first seed. A row is a density; a bar is a "
        "feature, and its height is about 1 if the feature is represented. Dark features have a direction of "
        "their own, yellow ones share it.",
    ),
    "products": (
        draw_products,
        "The same models as the matrix WᵀW, features from the most to the least important. A linear model "
        "has the identity for the five most important and nothing else. Antipodal pairs are entries near −1 off "
        "the diagonal.",
    ),
    "large-demonstration": (
        draw_large,
        "The same for 80 features in 20 dimensions, importance 0.9^i.",
    ),
    "phases": (
        draw_phases,
        "What becomes of an extra feature for which there is no dimension left. Left: the choice with the lowest "
        "loss in closed form. Right: the mean of nine of ten trained models, the worst left out.",
    ),
    "dimensions": (
        draw_dimensions,
        "Left: dimensions per feature over sparsity, and the dimensionality of every single feature; grey lines are "
        "the fractions that the paper names. Right: how often each dimensionality occurs, against the same "
        "features in random "
        "directions.",
    ),
    "pentagon": (
        draw_pentagon,
        "Five features in two dimensions, the fifth one sparser. Top: the loss of every trained model; where the "
        "loss curves of the two geometries cross, the best solution changes. Bottom: the best solutions.",
    ),
    "correlated": (
        draw_correlated,
        "Directions of features in two dimensions, five models in each row; features of a pair have one colour. "
        "In the paper correlated features are orthogonal where they can be, else side by side, and collapse into one "
        "direction if they are dense; anticorrelated ones are opposite.",
    ),
    "vulnerability": (
        draw_vulnerability,
        "How much an attack of a tenth of the input's length harms a model, over the harm to a model without "
        "superposition. Left: over sparsity, with the number of features per dimension. Right: one over the "
        "other, a point per model.",
    ),
}  # fmt: skip


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting(NAME)
    folder = results_dir(NAME, setting)
    curves = read_arrays(folder / "curves.npz")
    for name, (draw, caption) in FIGURES.items():
        save_figure(lambda draw=draw: draw(curves), folder / "figures" / name, caption=caption)  # type: ignore[misc]


if __name__ == "__main__":
    main()
