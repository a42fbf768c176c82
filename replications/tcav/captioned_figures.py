"""The figures of the captioned networks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from replications.tcav.experiment import Pictures, Record
from replications.tcav.tables import Score
from replications.tcav.words import CLASS_WORDS

MARKERS = ("o", "s", "^", "D")


def conditions_of(scores: Sequence[Score]) -> list[str]:
    """Returns the conditions in the order of the file."""
    return list(dict.fromkeys(score.condition for score in scores))


def stages_of(scores: Sequence[Score]) -> list[str]:
    """Returns the stages in the order of the network."""
    return list(dict.fromkeys(score.stage for score in scores))


def draw_examples(pictures: Pictures) -> Figure:
    """Returns an image of each class under each condition."""
    conditions = [name for name in pictures if name.startswith("p =") or name == "no captions"]
    figure: Figure
    figure, grid = plt.subplots(len(conditions), len(CLASS_WORDS), figsize=(5.2, 5.4))
    for condition, line in zip(conditions, grid, strict=True):
        for axes, image in zip(line, pictures[condition], strict=True):
            show_image(axes, image)
        line[0].set_ylabel(condition)
    for axes, word in zip(grid[0], CLASS_WORDS, strict=True):
        axes.set_title(word, size=10)
    figure.suptitle("One image of each class (columns) under each condition (rows)", size=11)
    return figure


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Draws an image of channels, rows and columns in bytes, without ticks."""
    axes.imshow(image.transpose(1, 2, 0), interpolation="none")  # kept at its own size in the file
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_scatter(scores: Sequence[Score], networks: Mapping[str, Record]) -> Figure:
    """Returns TCAV scores of the image and of the caption concept against accuracy without captions.

    Source: kim2018tcav, Fig. 7, where the same is shown as two bars beside each other.
    """
    figure: Figure
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 3.9), sharey=True)
    conditions = conditions_of(scores)
    for axes, kind in zip(panels, ("image of {}", "caption {}"), strict=True):
        for network, record in networks.items():
            for number, word in enumerate(CLASS_WORDS):
                rows = [
                    s for s in scores if s.network == network and s.inputs == word and s.concept == kind.format(word)
                ]
                axes.scatter(
                    record["accuracy"][word],
                    np.mean([row.score for row in rows]),
                    marker=MARKERS[conditions.index(rows[0].condition)],
                    color=f"C{number}",
                    s=32,
                    alpha=0.8,
                    linewidths=0,
                )
        axes.axhline(0.5, color=plt.rcParams["grid.color"], zorder=0)
        axes.set(xlabel="accuracy without captions (fraction)", xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    panels[0].set(ylabel="TCAV score (fraction, mean over stages)", title="Image concept of the class")
    panels[1].set(title="Caption concept of the class")
    ink = plt.rcParams["text.color"]
    handles = [Patch(color=f"C{number}", label=word) for number, word in enumerate(CLASS_WORDS)]
    handles += [
        Line2D([], [], marker=marker, color=ink, linestyle="", label=condition)
        for marker, condition in zip(MARKERS, conditions, strict=False)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def draw_bars(scores: Sequence[Score]) -> Figure:
    """Returns the scores of both concepts at each stage, a panel for each class and condition.

    Source: kim2018tcav, Fig. 4 and 7; a star marks what does not pass the test there.
    """
    conditions, stages = conditions_of(scores), stages_of(scores)
    figure: Figure
    figure, grid = plt.subplots(
        len(conditions), len(CLASS_WORDS), figsize=(9.6, 7.4), sharex=True, sharey=True, squeeze=False
    )
    for condition, line in zip(conditions, grid, strict=True):
        for word, axes in zip(CLASS_WORDS, line, strict=True):
            for side, concept in enumerate((f"image of {word}", f"caption {word}")):
                chosen = [s for s in scores if (s.condition, s.inputs, s.concept) == (condition, word, concept)]
                draw_concept(axes, chosen, stages, side, f"C{side}")
            axes.axhline(0.5, color=plt.rcParams["grid.color"], linewidth=1, zorder=0)
            axes.set_ylim(0, 1.14)
        line[0].set_ylabel(condition)
    for axes, word in zip(grid[0], CLASS_WORDS, strict=True):
        axes.set_title(word, size=10)
    for axes in grid[-1]:
        axes.set_xticks(range(len(stages)), stages, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    handles = [Patch(color=f"C{side}", label=name) for side, name in enumerate(("image concept", "caption concept"))]
    handles.append(Line2D([], [], marker="$*$", color=plt.rcParams["text.color"], linestyle="", label="fails the test"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.supylabel("TCAV score (fraction)", size=10)
    return figure


def draw_concept(axes: Axes, rows: Sequence[Score], stages: Sequence[str], side: int, colour: str) -> None:
    """Draws the bars of one concept: mean over seeds, whiskers from the lowest to the highest seed, stars."""
    for place, stage in enumerate(stages):
        values = [row.score for row in rows if row.stage == stage]
        mean, x = float(np.mean(values)), place + 0.4 * side - 0.2
        axes.bar(x, mean, width=0.36, color=colour)
        axes.plot([x, x], [min(values), max(values)], color=plt.rcParams["text.color"], linewidth=0.8)
        passing = np.mean([row.passes for row in rows if row.stage == stage])
        if passing <= 0.5:
            axes.text(x, max(values) + 0.01, "*", ha="center", va="bottom", fontsize=9)


def draw_saliency(pictures: Pictures, networks: Mapping[str, Record]) -> Figure:
    """Returns Integrated Gradients for a network of p = 0 and one of p = 1, and what falls on the caption in all."""
    figure: Figure = plt.figure(figsize=(9.6, 3.9))
    images, shares = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    names = ("explained", "map p = 0", "map p = 1")
    grid = images.subplots(len(names), len(CLASS_WORDS))
    for name, line in zip(names, grid, strict=True):
        for axes, picture in zip(line, pictures[name], strict=True):
            shown = picture if picture.ndim == 3 else np.repeat(stretch(picture)[None], 3, axis=0)
            show_image(axes, shown)
        line[0].set_ylabel({"explained": "image"}.get(name, name.removeprefix("map ")))
    images.suptitle("Integrated Gradients of two networks", size=10)
    axes = shares.subplots()
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
    axes.set(ylabel="share of attribution on the caption", ylim=(0, 1), title="All networks")
    axes.title.set_size(10)
    axes.legend(
        handles=[Patch(color="C0", label="Integrated Gradients"), Patch(color="C1", label="SmoothGrad")], fontsize=8
    )
    return figure


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
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
