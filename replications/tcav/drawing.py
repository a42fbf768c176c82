"""What the figures of the settings share: rows of images, scores by stage, and scores against a ground truth."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from replications.tcav.tables import Score

MARKERS = ("o", "s", "^", "D")


def conditions_of(scores: Sequence[Score]) -> list[str]:
    """Returns the conditions in the order of the file."""
    return list(dict.fromkeys(score.condition for score in scores))


def stages_of(scores: Sequence[Score]) -> list[str]:
    """Returns the stages in the order of the network."""
    return list(dict.fromkeys(score.stage for score in scores))


def show_row(line: Sequence[Axes], images: Iterable[np.ndarray], label: str) -> None:
    """Draws images of channels, rows and columns in bytes beside each other, without ticks."""
    for axes, image in zip(line, images, strict=True):
        axes.imshow(image.transpose(1, 2, 0), interpolation="none")  # kept at its own size in the file
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    line[0].set_ylabel(label)


def name_stages(axes: Axes, stages: Sequence[str]) -> None:
    """Puts the names of the stages on the horizontal axis."""
    axes.set_xticks(range(len(stages)), stages, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)


def draw_score_grid(
    scores: Sequence[Score], concepts: Mapping[str, tuple[str, str]], labels: tuple[str, str], row_label: str
) -> Figure:
    """Returns the scores of two concepts at each stage, a panel for each condition and class.

    Source: kim2018tcav, Fig. 4 and 7; a star marks what does not pass the test there.

    Args:
        scores: of all networks.
        concepts: the two concepts of each class.
        labels: what the two are.
        row_label: with a place for the condition.
    """
    conditions, stages = conditions_of(scores), stages_of(scores)
    size = (1.2 + 2.0 * len(concepts), 0.7 + 1.7 * len(conditions))
    figure: Figure
    figure, grid = plt.subplots(len(conditions), len(concepts), figsize=size, sharex=True, sharey=True, squeeze=False)
    for condition, line in zip(conditions, grid, strict=True):
        for (name, pair), axes in zip(concepts.items(), line, strict=True):
            for side, concept in enumerate(pair):
                chosen = [s for s in scores if (s.condition, s.inputs, s.concept) == (condition, name, concept)]
                draw_concept(axes, chosen, stages, side)
            axes.axhline(0.5, color=plt.rcParams["grid.color"], linewidth=1, zorder=0)
            axes.set_ylim(0, 1.14)
        line[0].set_ylabel(row_label.format(condition))
    for axes, name in zip(grid[0], concepts, strict=True):
        axes.set_title(name, size=10)
    for axes in grid[-1]:
        name_stages(axes, stages)
    handles: list[Artist] = [Patch(color=f"C{side}", label=label) for side, label in enumerate(labels)]
    handles.append(Line2D([], [], marker="$*$", color=plt.rcParams["text.color"], linestyle="", label="fails the test"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.supylabel("TCAV score (fraction)", size=10)
    return figure


def draw_concept(axes: Axes, rows: Sequence[Score], stages: Sequence[str], side: int) -> None:
    """Draws the bars of one concept: mean over seeds, whiskers from the lowest to the highest seed, stars."""
    for place, stage in enumerate(stages):
        values = [row.score for row in rows if row.stage == stage]
        mean, x = float(np.mean(values)), place + 0.4 * side - 0.2
        axes.bar(x, mean, width=0.36, color=f"C{side}")
        axes.plot([x, x], [min(values), max(values)], color=plt.rcParams["text.color"], linewidth=0.8)
        passing = np.mean([row.passes for row in rows if row.stage == stage])
        if passing <= 0.5:
            axes.text(x, max(values) + 0.01, "*", ha="center", va="bottom", fontsize=9)


def draw_points(
    axes: Axes, scores: Sequence[Score], truth: Mapping[str, Mapping[str, float]], concepts: Mapping[str, str]
) -> None:
    """Draws mean scores over stages against a ground truth, a point a network and class.

    Args:
        axes: where.
        scores: of all networks.
        truth: by network and class.
        concepts: the concept of each class.
    """
    conditions = conditions_of(scores)
    for network, by_class in truth.items():
        for number, (name, concept) in enumerate(concepts.items()):
            rows = [s for s in scores if (s.network, s.inputs, s.concept) == (network, name, concept)]
            axes.scatter(
                by_class[name],
                np.mean([row.score for row in rows]),
                marker=MARKERS[conditions.index(rows[0].condition)],
                color=f"C{number}",
                s=32,
                alpha=0.8,
                linewidths=0,
            )
    axes.axhline(0.5, color=plt.rcParams["grid.color"], zorder=0)
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))


def explain_points(classes: Iterable[str], conditions: Iterable[str]) -> list[Artist]:
    """Returns the entries of the legend of `draw_points`: a colour a class, a marker a condition."""
    colours = [Patch(color=f"C{number}", label=name) for number, name in enumerate(classes)]
    ink = plt.rcParams["text.color"]
    shapes = [
        Line2D([], [], marker=marker, color=ink, linestyle="", label=condition)
        for marker, condition in zip(MARKERS, conditions, strict=False)
    ]
    return [*colours, *shapes]
