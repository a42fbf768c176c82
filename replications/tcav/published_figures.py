"""The figure of a published network."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.tcav.drawing import name_stages, stages_of
from replications.tcav.published_readings import GROUPS
from replications.tcav.tables import Score


def draw_bars(scores: Sequence[Score]) -> Figure:
    """Returns the relative scores of the concepts of each class at each stage.

    Source: kim2018tcav, Fig. 4; a star marks what does not pass the test there.
    """
    stages = stages_of(scores)
    classes = [name for name in GROUPS if any(score.inputs == name for score in scores)]
    figure: Figure
    figure, grid = plt.subplots(len(classes), 1, figsize=(3 + 0.7 * len(stages), 2.1 * len(classes)), squeeze=False)
    for axes, name in zip(grid[:, 0], classes, strict=True):
        width = 0.8 / len(GROUPS[name])
        for side, concept in enumerate(GROUPS[name]):
            rows = [s for s in scores if s.inputs == name and s.concept == f"{concept}, relative"]
            places = np.arange(len(rows)) + (side - (len(GROUPS[name]) - 1) / 2) * width
            axes.bar(places, [row.score for row in rows], width=0.9 * width, label=concept)
            for place, row in zip(places, rows, strict=True):
                if not row.passes:
                    axes.text(place, row.score + 0.01, "*", ha="center", va="bottom")
        axes.axhline(0.5, color=plt.rcParams["grid.color"], linewidth=1, zorder=0)
        axes.set(ylim=(0, 1.12), title=name)
        name_stages(axes, stages)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.supylabel("relative TCAV score (fraction)", size=10)
    return figure
