"""Stage: draws the figures from the tables and pictures of a setting.

python -P -m replications.trak.figures SETTING
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replications.common.figures import save_figure
from replications.common.measurements import read_measurements
from replications.common.params import load_setting
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.trak.settings import NAME, Setting
from replications.trak.tables import Fall, Score

# Colour and marker of each method.
STYLES = {
    "trak": ("C0", "o", "TRAK"),
    "datamodels-lasso": ("C1", "s", "datamodels (lasso)"),
    "datamodels-ridge": ("C1", "D", "datamodels (ridge)"),
    "empirical-influence": ("C5", "^", "empirical influence"),
    "influence-last-layer": ("C2", "v", "influence, last layer"),
    "influence-arnoldi": ("C2", "x", "influence, Arnoldi"),
    "tracin": ("C3", "P", "TracIn, checkpoints"),
    "tracin-last": ("C3", "+", "TracIn, last checkpoint"),
    "gradient-similarity": ("C4", "*", "gradient similarity (GAS)"),
    "representation-similarity": ("C4", ">", "representation similarity"),
    "random": ("0.5", ".", "random"),
}
VARIANTS = {
    "trak": "TRAK",
    "soft-threshold": "soft threshold",
    "mean-of-products": "products averaged",
    "no-reweighting": "without Q",
    "no-inverse": "without the inverse",
}


@dataclass(frozen=True)
class Results:
    """What the figures show."""

    setting: Setting
    scores: Sequence[Score]
    falls: Sequence[Fall]
    pictures: dict[str, np.ndarray]
    ceiling: float | None


def draw_scores(results: Results) -> Figure:
    """Returns the LDS of all methods over the number of networks trained, and over seconds.

    Source: park2023trak, Fig. 1
    """
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.6), sharey=True)
    for method, (color, marker, label) in STYLES.items():
        rows = sorted((s for s in results.scores if s.method == method and s.models), key=lambda s: s.models)
        for panel, key in zip(panels, ("models", "seconds"), strict=True):
            chosen = [row for row in rows if getattr(row, key) is not None]
            if chosen:
                x, y = [getattr(row, key) for row in chosen], [row.lds for row in chosen]
                errors = np.abs([[row.lds - row.low for row in chosen], [row.high - row.lds for row in chosen]])
                style = {"color": color, "marker": marker, "ms": 5, "lw": 1, "elinewidth": 0.8}
                panel.errorbar(x, y, errors, label=label, **style)
    for panel in panels:
        panel.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        if results.ceiling is not None:
            panel.axhline(results.ceiling, color="0.5", linestyle=":", label="ceiling set by noise")
        panel.set_xscale("log")
    panels[0].set(
        title="By networks", xlabel="networks trained, each on half of the data", ylabel="LDS (mean rank correlation)"
    )
    panels[1].set(title="By time", xlabel="seconds here: training and attributing")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def draw_ablations(results: Results) -> Figure:
    """Returns the LDS of TRAK over its dimension, and of its variants."""
    setting, at = results.setting, results.setting.ablation_models
    by_name = {(s.method, s.models): s for s in results.scores}
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6))
    by_dimension = {d: by_name.get((f"dimension-{d}", at)) for d in setting.dimensions}
    by_dimension[setting.dimension] = by_name.get(("trak", at))
    rows = [(d, row) for d, row in sorted(by_dimension.items()) if row is not None]
    _bars(left, [d for d, _ in rows], [row for _, row in rows], line=True)
    left.set(xscale="log", xlabel="dimension after projection", ylabel="LDS", title=f"{at} networks")
    left.set_xticks([d for d, _ in rows], [str(d) for d, _ in rows], rotation=45)
    left.minorticks_off()
    named = [(label, by_name.get((method, at))) for method, label in VARIANTS.items()]
    several = len(setting.training.checkpoints)
    if several > 1:
        named += [
            ("1 network", by_name.get(("trak", 1))),
            (f"1, {several} checkpoints", by_name.get(("checkpoints", 1))),
        ]
        named += [(f"{several} networks", by_name.get(("trak", several)))]
    shown = [(label, row) for label, row in named if row is not None]
    places = list(range(len(shown)))[::-1]
    values = [row.lds for _, row in shown]
    errors = np.abs([[row.lds - row.low for _, row in shown], [row.high - row.lds for _, row in shown]])
    right.barh(places, values, xerr=errors, height=0.6, error_kw={"lw": 0.8, "ecolor": plt.rcParams["text.color"]})
    right.set_yticks(places, [label for label, _ in shown])
    right.set(xlabel="LDS", title="variants")
    return figure


def _bars(axes: Axes, x: Sequence[float], rows: Sequence[Score], *, line: bool) -> None:
    errors = np.abs([[row.lds - row.low for row in rows], [row.high - row.lds for row in rows]])
    axes.errorbar(x, [row.lds for row in rows], errors, marker="o", ms=5, lw=1 if line else 0, elinewidth=0.8)


def draw_falls(results: Results) -> Figure:
    """Returns how far outputs fall over the number of images removed, by method."""
    figure, axes = plt.subplots(figsize=(6.6, 4.0))
    methods = list(dict.fromkeys(fall.method for fall in results.falls))
    for number, method in enumerate(methods):
        color, marker, label = STYLES[method]
        rows = [fall for fall in results.falls if fall.method == method]
        x = [row.removed * 1.03 ** (number - len(methods) / 2) for row in rows]
        errors = np.abs([[row.fall - row.low for row in rows], [row.high - row.fall for row in rows]])
        style = {"color": color, "marker": marker, "ms": 5, "lw": 1, "elinewidth": 0.8}
        axes.errorbar(x, [row.fall for row in rows], errors, label=label, **style)
    removed = sorted({fall.removed for fall in results.falls})
    axes.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
    axes.set(
        title="Without the most helpful images",
        xscale="log",
        xlabel=f"training images removed, of {results.setting.images}",
        ylabel="fall of the output (log-odds)",
    )
    axes.set_xticks(removed, [str(count) for count in removed])
    axes.minorticks_off()
    axes.legend(fontsize=8)
    return figure


def draw_attributions(results: Results) -> Figure:
    """Returns ten targets with the training images that TRAK calls most helpful and most harmful."""
    p = results.pictures
    each = p["helpful"].shape[1]
    figure, grid = plt.subplots(
        len(p["targets"]), 1 + 2 * each, figsize=(8.4, 0.86 * len(p["targets"]) + 0.4), squeeze=False
    )
    for row, line in enumerate(grid):
        images = [p["targets"][row], *p["helpful"][row], *p["harmful"][row]]
        labels = [p["target_labels"][row], *p["helpful_labels"][row], *p["harmful_labels"][row]]
        for axes, image, label in zip(line, images, labels, strict=True):
            shown = image.transpose(1, 2, 0) / p["brightest"]
            axes.imshow(
                shown if shown.shape[2] == 3 else shown[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="none"
            )
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.set_title(str(p["classes"][label]), fontsize=6, pad=2)
    for column, text in ((0, "target"), (1, "most helpful"), (1 + each, "most harmful")):
        grid[-1, column].set_xlabel(text, fontsize=8, loc="left")
    return figure


def draw_leave_one_out(results: Results) -> Figure:
    """Returns predicted against actual effects of leaving an image out on the loss.

    Source: koh2017influence, Fig. 2, left
    """
    predicted, actual = results.pictures["predicted"], results.pictures["actual"]
    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    for x, y in zip(actual, predicted, strict=True):
        axes.plot(x, y, ".", ms=3)
    ends = np.array([min(actual.min(), predicted.min()), max(actual.max(), predicted.max())])
    axes.plot(ends, ends, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, zorder=0)
    axes.set(xlabel="actual change of the loss (nats)", ylabel="predicted change (nats)", title="one image left out")
    return figure


FIGURES: dict[str, tuple[Callable[[Results], Figure], str]] = {
    "scores": (
        draw_scores,
        "How well each method predicts the outputs of networks that are trained again on random halves of the "
        "data: linear datamodeling score (LDS), with 95 % intervals over subsets and targets. Left: over the "
        "number of networks trained for the method, which does not count the gradients that it then takes. Right: "
        "over the seconds of both.",
    ),
    "ablations": (
        draw_ablations,
        "LDS of TRAK when one thing is changed. Left: the dimension of the projection. Right: its variants, and "
        "checkpoints of one network in place of independent networks. Intervals of 95 % over subsets and targets.",
    ),
    "falls": (
        draw_falls,
        "How far the output for a test image falls when the training images that a method calls most helpful are "
        "removed and the network is trained again; mean over test images with 95 % intervals. Points are moved "
        "aside a little.",
    ),
    "attributions": (
        draw_attributions,
        "Ten test images (left), the five training images that TRAK calls most helpful for the correct answer and "
        "the five that it calls most harmful, the strongest first. Above each image stands its label.",
    ),
    "leave-one-out": (
        draw_leave_one_out,
        "Each point is a training image left out of a logistic regression: the change of a test image's loss that "
        "its influence predicts over the actual one; colours are test images, each with the images of the largest "
        "predicted effects.",
    ),
}


def main() -> None:
    """Writes the figures of a setting with their captions."""
    name = parse_setting(NAME)
    folder = results_dir(NAME, name)
    with np.load(folder / "pictures.npz", allow_pickle=False) as arrays:
        pictures = dict(arrays)
    ceiling = read_measurements(NAME, name).get("noise-ceiling")
    results = Results(
        load_setting(NAME, name, Setting),
        read_rows(folder / "scores.csv", Score),
        read_rows(folder / "falls.csv", Fall),
        pictures,
        ceiling.value if ceiling else None,
    )
    for figure, (draw, caption) in FIGURES.items():
        if figure != "leave-one-out" or "predicted" in pictures:
            save_figure(partial(draw, results), folder / "figures" / figure, caption=caption)


if __name__ == "__main__":
    main()
