"""The figures of the networks of textured objects."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from replications.tcav.captioned_figures import MARKERS, conditions_of, draw_concept, show_image, stages_of
from replications.tcav.experiment import Pictures, Record
from replications.tcav.objects import SHAPES, TEXTURES
from replications.tcav.tables import Score

EXAMPLES = {"swatches": "texture", "objects": "object", "conflicts": "conflict"}


def draw_examples(pictures: Pictures) -> Figure:
    """Returns a swatch of each texture, an object of each class, and one whose texture belongs to another class."""
    figure: Figure
    figure, grid = plt.subplots(len(EXAMPLES), len(TEXTURES), figsize=(6.4, 4.2))
    for (name, label), line in zip(EXAMPLES.items(), grid, strict=True):
        for axes, image in zip(line, pictures[name], strict=True):
            show_image(axes, image)
        line[0].set_ylabel(label)
    for axes, texture, shape in zip(grid[0], TEXTURES, SHAPES, strict=True):
        axes.set_title(f"{shape},\n{texture}", size=9)
    return figure


def draw_sorted(pictures: Pictures) -> Figure:
    """Returns the objects that are most and least like the CAV of stripes.

    Source: kim2018tcav, § 4.1, Fig. 2, with stripes in place of CEO and model women.
    """
    names = ("most striped", "least striped")
    count = len(pictures[names[0]])
    figure: Figure
    figure, grid = plt.subplots(len(names), count, figsize=(1.15 * count + 0.5, 2.7))
    for name, line in zip(names, grid, strict=True):
        for axes, image in zip(line, pictures[name], strict=True):
            show_image(axes, image)
        line[0].set_ylabel(name, size=9)
    figure.suptitle("Random objects, sorted by similarity to the CAV of stripes", size=11)
    return figure


def draw_bars(scores: Sequence[Score]) -> Figure:
    """Returns the score of each class's own texture and own shape at each stage, a panel for each condition.

    Source: kim2018tcav, Fig. 4.
    """
    conditions, stages = conditions_of(scores), stages_of(scores)
    figure: Figure
    figure, grid = plt.subplots(len(conditions), len(TEXTURES), figsize=(10.6, 5.8), sharex=True, sharey=True)
    for condition, line in zip(conditions, grid, strict=True):
        for axes, texture, shape in zip(line, TEXTURES, SHAPES, strict=True):
            for side, concept in enumerate((texture, shape)):
                rows = [
                    s for s in scores
                    if (s.condition, s.concept, s.inputs) == (condition, concept, f"{shape}, {texture}")
                ]  # fmt: skip
                draw_concept(axes, rows, stages, side, f"C{side}")
            axes.axhline(0.5, color=plt.rcParams["grid.color"], linewidth=1, zorder=0)
            axes.set_ylim(0, 1.14)
        line[0].set_ylabel(f"told by {condition}")
    for axes, texture, shape in zip(grid[0], TEXTURES, SHAPES, strict=True):
        axes.set_title(f"{shape}, {texture}", size=10)
    for axes in grid[-1]:
        axes.set_xticks(range(len(stages)), stages, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    handles = [Patch(color="C0", label="the class's texture"), Patch(color="C1", label="the class's shape")]
    handles.append(Line2D([], [], marker="$*$", color=plt.rcParams["text.color"], linestyle="", label="fails the test"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.supylabel("TCAV score (fraction)", size=10)
    return figure


def draw_scatter(scores: Sequence[Score], networks: Mapping[str, Record]) -> Figure:
    """Returns the score of each class's own texture against the share of conflicts decided by texture."""
    conditions = conditions_of(scores)
    figure: Figure
    figure, axes = plt.subplots(figsize=(5.6, 4))
    for network, record in networks.items():
        for number, (shape, texture) in enumerate(zip(SHAPES, TEXTURES, strict=True)):
            name = f"{shape}, {texture}"
            rows = [s for s in scores if (s.network, s.inputs, s.concept) == (network, name, texture)]
            axes.scatter(
                record["reliance"][name],
                np.mean([row.score for row in rows]),
                marker=MARKERS[conditions.index(rows[0].condition)],
                color=f"C{number}",
                s=32,
                alpha=0.8,
                linewidths=0,
            )
    axes.axhline(0.5, color=plt.rcParams["grid.color"], zorder=0)
    axes.set(
        xlabel="conflicting objects decided by texture (fraction)",
        ylabel="TCAV score of the class's texture\n(fraction, mean over stages)",
        title="Does TCAV tell how much texture is used?",
        xlim=(-0.04, 1.04),
        ylim=(-0.04, 1.04),
    )
    ink = plt.rcParams["text.color"]
    handles = [Patch(color=f"C{n}", label=f"{s}, {t}") for n, (s, t) in enumerate(zip(SHAPES, TEXTURES, strict=True))]
    handles += [
        Line2D([], [], marker=marker, color=ink, linestyle="", label=f"told by {condition}")
        for marker, condition in zip(MARKERS, conditions, strict=False)
    ]
    figure.legend(handles=handles, loc="outside right center", fontsize=8)
    return figure


def draw_accuracy(scores: Sequence[Score]) -> Figure:
    """Returns how often CAVs of simple and of abstract concepts are right on held-out images, by stage.

    Source: kim2018tcav, Fig. 5.
    """
    conditions, stages = conditions_of(scores), stages_of(scores)
    kinds = {"red": ("red",), "textures": TEXTURES, "shapes": SHAPES, "random images": ("random",)}
    figure: Figure
    figure, panels = plt.subplots(1, len(conditions), figsize=(9.6, 3.5), sharey=True)
    for axes, condition in zip(panels, conditions, strict=True):
        for number, (label, concepts) in enumerate(kinds.items()):
            means = [
                np.mean(
                    [
                        s.accuracy
                        for s in scores
                        if (s.condition, s.stage) == (condition, stage) and s.concept in concepts
                    ]
                )
                for stage in stages
            ]
            axes.plot(range(len(stages)), means, marker=MARKERS[number], label=label)
        axes.set_xticks(range(len(stages)), stages, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
        axes.set(title=f"Class told by {condition}", ylim=(0.4, 1.02))
        axes.title.set_size(10)
    panels[0].set_ylabel("accuracy of the CAV on\nheld-out images (fraction)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def draw_calibration(scores: Sequence[Score], calibration: Sequence[Score], level: float) -> Figure:
    """Returns the distribution of p-values for random concepts, whose images are fixed or drawn anew each run."""
    figure: Figure
    figure, axes = plt.subplots(figsize=(6, 3.4))
    bins = np.linspace(0, 1, 21)
    samples = {
        "one set of random images for all runs": [score.p_value for score in calibration],
        "random images drawn anew each run": [score.p_value for score in scores if score.concept == "random"],
    }
    for label, values in samples.items():
        axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), alpha=0.7, label=label)
    axes.axhline(
        1 / (len(bins) - 1), color=plt.rcParams["text.color"], linewidth=1, linestyle=":", label="as it should be"
    )
    axes.set(
        xlabel=f"p-value of the t-test against 0.5 (the test wants less than {level:g})",
        ylabel="share of tests",
        title="The test on concepts that are none",
    )
    axes.legend(fontsize=9)
    return figure
