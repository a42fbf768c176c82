"""Stage: draws the figures of a setting from its small result files.

python -P -m replications.ioi.figures SETTING
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.common.claims import load_claims
from replications.common.figures import DIVERGING, save_figure
from replications.common.measurements import read_measurements
from replications.common.params import StageParams, load_params
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.ioi.circuit_figures import CAPTIONS, draw_completeness, draw_minimality, draw_paths, draw_signals
from replications.ioi.correlation import pearson
from replications.ioi.diagram import draw_diagram
from replications.ioi.movers import Head
from replications.ioi.tables import HeadRow, NodeRow, PathRow, Points, RemovalRow, read_points


class Params(StageParams):
    """Section `figures` of `params.yaml`."""

    labelled_heads: int
    scattered_heads: int


def draw_effects(rows: Sequence[HeadRow], labelled: int) -> Figure:
    """Returns the map of direct effects, layers by heads, in percent of the logit difference.

    Source: wang2023ioi, Fig. 3b.
    """
    n_layers, n_heads = rows[-1].layer + 1, rows[-1].head + 1
    effects = 100 * np.array([row.effect for row in rows]).reshape(n_layers, n_heads).T
    limit = np.abs(effects).max()
    figure: Figure
    figure, axes = plt.subplots(figsize=(2.2 + 0.28 * n_layers, 1.6 + 0.28 * n_heads))
    image = axes.imshow(effects, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for row in sorted(rows, key=lambda row: -abs(row.effect))[:labelled]:
        strong = abs(100 * row.effect) > 0.6 * limit  # the ends of the colour map are dark
        colour = "white" if strong else "black"
        axes.text(row.layer, row.head, str(row.address), ha="center", va="center", size=6.5, color=colour)
    axes.set(xlabel="layer", ylabel="head", title="Direct effect of each head on the logit difference")
    axes.set_xticks(range(0, n_layers, 1 if n_layers <= 16 else 2))
    axes.set_yticks(range(n_heads))
    figure.colorbar(image, ax=axes, label="change of the logit difference (%)", pad=0.02)
    return figure


def draw_scatter(points: Points, roles: Mapping[Head, str], shown: int) -> Figure:
    """Returns, for each of the strongest movers, attention to a name against output in the name's direction.

    Source: wang2023ioi, Fig. 3c.
    """
    columns = min(3, shown)
    lines = -(-shown // columns)
    figure: Figure
    figure, grid = plt.subplots(lines, columns, figsize=(3 * columns, 2.7 * lines), squeeze=False, dpi=200)
    for axes in grid.flat[shown:]:
        axes.set_axis_off()
    for place, axes in enumerate(grid.flat[:shown]):
        clouds = {
            "IO": (points.attention_io[:, place], points.projection_io[:, place]),
            "S (S1 + S2)": (points.attention_s[:, place], points.projection_s[:, place]),
        }
        for label, (attention, projection) in clouds.items():
            # As pixels: a thousand circles a panel would make the file half a megabyte.
            axes.scatter(attention, projection, s=6, alpha=0.5, linewidths=0, label=label, rasterized=True)
        r = pearson(*(np.concatenate(axis) for axis in zip(*clouds.values(), strict=True)))
        head = points.heads[place]
        axes.set_title(f"{head}, {roles[head]}, r = {r:.2f}", size=9)
        axes.set_xlim(-0.03, 1.03)
    grid[0, 0].legend(fontsize=8, markerscale=2, loc="best")
    figure.supxlabel("attention from END to the name", size=10)
    figure.supylabel("output along the name's unembedding", size=10)
    return figure


def draw_histogram(points: Points) -> Figure:
    """Returns the histogram of logit differences over all prompts."""
    figure: Figure
    figure, axes = plt.subplots(figsize=(6, 2.8))
    mean = points.logit_difference.mean()
    axes.hist(points.logit_difference, bins=40)
    axes.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=1)
    axes.axvline(mean, color="C1", linewidth=1.5, label=f"mean {mean:.2f}")
    axes.set(xlabel="logit of IO minus logit of S", ylabel="prompts", title="Logit difference on p_IOI")
    axes.legend()
    return figure


def save_circuit_figures(folder: Path, labelled: int, setting: str) -> None:
    """Writes the figures of the second half."""
    nodes, paths, removals = (
        read_rows(folder / name, kind)
        for name, kind in (("circuit.csv", NodeRow), ("paths.csv", PathRow), ("removals.csv", RemovalRow))
    )
    drawings: dict[str, Callable[[], Figure]] = {
        "circuit": lambda: draw_diagram(nodes, paths),
        "path-effects": lambda: draw_paths(paths, labelled),
        "completeness": lambda: draw_completeness(removals),
        "minimality": lambda: draw_minimality(nodes),
        "signals": lambda: draw_signals(read_measurements("ioi", setting), load_claims("ioi")),
    }
    if not paths:
        del drawings["path-effects"]
    for name, draw in drawings.items():
        save_figure(draw, folder / "figures" / name, caption=CAPTIONS[name])


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting("ioi")
    params = load_params("ioi", "figures", Params)
    folder = results_dir("ioi", setting)
    rows = read_rows(folder / "heads.csv", HeadRow)
    points = read_points(folder / "points.safetensors")
    save_figure(
        lambda: draw_effects(rows, params.labelled_heads),
        folder / "figures" / "direct-effects",
        caption="Direct effect of each head on the logit difference, by path patching (patched minus clean, as a share "
        "of the mean logit difference, on the prompts that find the heads). Blue: the answer is less sure without the "
        f"head, so it helps; red: it works against the answer. The {params.labelled_heads} strongest are named.",
    )
    shown = min(params.scattered_heads, len(points.heads))
    if shown:
        roles = {row.address: row.role for row in rows}
        save_figure(
            lambda: draw_scatter(points, roles, shown),
            folder / "figures" / "attention-and-projection",
            caption="For the strongest movers, a point per prompt and name: attention from the last token to the name "
            "against the head's output along the name's unembedding vector. A head that copies rises to the right, one "
            "that suppresses falls. Prompts that were not used to find the heads; r is the Pearson correlation over "
            "both colours.",
        )
    save_circuit_figures(folder, params.labelled_heads, setting)
    save_figure(
        lambda: draw_histogram(points),
        folder / "figures" / "logit-difference",
        caption="Logit of the indirect object minus logit of the subject at the last token, over all prompts. Right of "
        "zero the model prefers the right name.",
    )


if __name__ == "__main__":
    main()
