"""The figures of the networks of textured objects."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.tcav.drawing import (
    MARKERS,
    conditions_of,
    draw_points,
    draw_score_grid,
    explain_points,
    name_stages,
    show_row,
    stages_of,
)
from replications.tcav.experiment import Pictures, Record
from replications.tcav.objects import SHAPES, TEXTURES
from replications.tcav.tables import Score
from replications.tcav.textured import CLASSES

EXAMPLES = {"swatches": "texture", "objects": "object", "conflicts": "conflict"}


def draw_examples(pictures: Pictures) -> Figure:
    """Returns a swatch of each texture, an object of each class, and one whose texture belongs to another class."""
    figure: Figure
    figure, grid = plt.subplots(len(EXAMPLES), len(TEXTURES), figsize=(6.4, 4.2))
    for (name, label), line in zip(EXAMPLES.items(), grid, strict=True):
        show_row(line, pictures[name], label)
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
        show_row(line, pictures[name], name)
    figure.suptitle("Random objects, sorted by similarity to the CAV of stripes", size=11)
    return figure


def draw_bars(scores: Sequence[Score]) -> Figure:
    """Returns the score of each class's own texture and own shape at each stage, a panel for each condition."""
    concepts = {name: (texture, shape) for name, texture, shape in zip(CLASSES, TEXTURES, SHAPES, strict=True)}
    return draw_score_grid(scores, concepts, ("the class's texture", "the class's shape"), "told by {}")


def draw_scatter(scores: Sequence[Score], networks: Mapping[str, Record]) -> Figure:
    """Returns the score of each class's own texture against the share of conflicts decided by texture."""
    figure: Figure
    figure, axes = plt.subplots(figsize=(5.6, 4))
    reliance = {network: record["reliance"] for network, record in networks.items()}
    draw_points(axes, scores, reliance, dict(zip(CLASSES, TEXTURES, strict=True)))
    axes.set(
        xlabel="conflicting objects decided by texture (fraction)",
        ylabel="TCAV score of the class's texture\n(fraction, mean over stages)",
        title="Does TCAV tell how much texture is used?",
    )
    handles = explain_points(CLASSES, [f"told by {condition}" for condition in conditions_of(scores)])
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
            mine = [s for s in scores if s.condition == condition and s.concept in concepts]
            means = [np.mean([s.accuracy for s in mine if s.stage == stage]) for stage in stages]
            axes.plot(range(len(stages)), means, marker=MARKERS[number], label=label)
        name_stages(axes, stages)
        axes.set_ylim(0.4, 1.02)
        axes.set_title(f"Class told by {condition}", size=10)
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
