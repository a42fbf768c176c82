"""The figures of the captioned networks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from replications.tcav.drawing import (
    conditions_of,
    draw_points,
    draw_score_grid,
    explain_points,
    show_row,
    stages_of,
)
from replications.tcav.experiment import Pictures, Record
from replications.tcav.tables import Score
from replications.tcav.words import CLASS_WORDS


def draw_examples(pictures: Pictures) -> Figure:
    """Returns an image of each class under each condition."""
    conditions = [name for name in pictures if name.startswith("p =") or name == "no captions"]
    figure: Figure
    figure, grid = plt.subplots(len(conditions), len(CLASS_WORDS), figsize=(5.2, 5.4))
    for condition, line in zip(conditions, grid, strict=True):
        show_row(line, pictures[condition], condition)
    for axes, word in zip(grid[0], CLASS_WORDS, strict=True):
        axes.set_title(word, size=10)
    figure.suptitle("One image of each class (columns) under each condition (rows)", size=11)
    return figure


def draw_scatter(scores: Sequence[Score], networks: Mapping[str, Record]) -> Figure:
    """Returns TCAV scores of the image and of the caption concept against accuracy without captions.

    Source: kim2018tcav, Fig. 7, where the same is shown as two bars beside each other.
    """
    figure: Figure
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 3.9), sharey=True)
    accuracy = {network: record["accuracy"] for network, record in networks.items()}
    for axes, kind in zip(panels, ("image of {}", "caption {}"), strict=True):
        draw_points(axes, scores, accuracy, {word: kind.format(word) for word in CLASS_WORDS})
        axes.set_xlabel("accuracy without captions (fraction)")
    panels[0].set(ylabel="TCAV score (fraction, mean over stages)", title="Image concept of the class")
    panels[1].set(title="Caption concept of the class")
    handles = explain_points(CLASS_WORDS, conditions_of(scores))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def draw_bars(scores: Sequence[Score]) -> Figure:
    """Returns the scores of both concepts at each stage, a panel for each class and condition."""
    concepts = {word: (f"image of {word}", f"caption {word}") for word in CLASS_WORDS}
    return draw_score_grid(scores, concepts, ("image concept", "caption concept"), "{}")


def draw_saliency(pictures: Pictures, networks: Mapping[str, Record]) -> Figure:
    """Returns Integrated Gradients for a network of p = 0 and one of p = 1, and what falls on the caption in all."""
    figure: Figure = plt.figure(figsize=(9.6, 3.9))
    images, shares = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    labels = {"explained": "image", "map p = 0": "p = 0", "map p = 1": "p = 1"}
    for (name, label), line in zip(labels.items(), images.subplots(len(labels), len(CLASS_WORDS)), strict=True):
        show_row(line, [p if p.ndim == 3 else np.repeat(stretch(p)[None], 3, axis=0) for p in pictures[name]], label)
    images.suptitle("Integrated Gradients of two networks", size=10)
    draw_shares(shares.subplots(), networks)
    return figure


def draw_shares(axes: Axes, networks: Mapping[str, Record]) -> None:
    """Draws the distribution of the share of attribution on the caption, by condition and method."""
    captioned = {name: record["share_on_caption"] for name, record in networks.items() if "share_on_caption" in record}
    conditions = list(dict.fromkeys(name.split(",")[0] for name in captioned))
    ink = {"color": plt.rcParams["text.color"]}
    for side, method in enumerate(("integrated-gradients", "smoothgrad")):
        found = [
            np.concatenate([r[method] for name, r in captioned.items() if name.startswith(f"{c},")]) for c in conditions
        ]
        places = np.arange(len(conditions)) + 0.34 * side - 0.17
        box = {"facecolor": f"C{side}", "edgecolor": plt.rcParams["text.color"]}
        axes.boxplot(
            found, positions=places, widths=0.28, patch_artist=True, sym="",
            boxprops=box, medianprops=ink, whiskerprops=ink, capprops=ink,
        )  # fmt: skip
    axes.set_xticks(range(len(conditions)), conditions)
    axes.set(ylabel="share of attribution on the caption", ylim=(0, 1))
    axes.set_title("All networks", size=10)
    axes.legend(
        handles=[Patch(color="C0", label="Integrated Gradients"), Patch(color="C1", label="SmoothGrad")], fontsize=8
    )


def stretch(picture: np.ndarray) -> np.ndarray:
    """Returns a map in bytes, its brightest hundredth cut off, so that the rest can be seen."""
    return np.clip(255.0 * picture / max(float(np.quantile(picture, 0.99)), 1.0), 0, 255).astype(np.uint8)


def draw_adversarial(scores: Sequence[Score]) -> Figure:
    """Returns the scores of real inputs against those of adversarial ones, a point for each stage and concept.

    Source: kim2018tcav, App. A.
    """
    table = {(s.network, s.stage, s.concept, s.inputs): s.score for s in scores}
    figure: Figure
    figure, axes = plt.subplots(figsize=(4.8, 4.5))
    for number, stage in enumerate(stages_of(scores)):
        pairs = [
            (score, table[network, place, concept, f"{inputs}, adversarial"])
            for (network, place, concept, inputs), score in table.items()
            if place == stage and concept != "random" and (network, place, concept, f"{inputs}, adversarial") in table
        ]
        if pairs:
            axes.scatter(*np.transpose(pairs), s=10, alpha=0.6, linewidths=0, color=f"C{number}", label=stage)
    axes.plot([0, 1], [0, 1], color=plt.rcParams["grid.color"], zorder=0)
    axes.set(
        xlabel="TCAV score of real inputs (fraction)",
        ylabel="TCAV score of adversarial inputs (fraction)",
        title="Two profiles of one class",
    )
    axes.legend(fontsize=8, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
