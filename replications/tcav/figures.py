"""Stage: draws the figures of a setting from its small result files.

python -P -m replications.tcav.figures SETTING
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from replications.common.figures import save_figure
from replications.common.params import StageParams, load_params
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.tcav import captioned_figures, published_figures, textured_figures
from replications.tcav.experiment import Pictures
from replications.tcav.tables import Score, read_scores

Drawing = tuple[Callable[[], Figure], str]  # what draws the figure, and its caption


class Params(StageParams):
    """Section `figures` of `params.yaml`."""

    level: float


def draw_captions(scores: Sequence[Score], networks: dict, pictures: Pictures) -> dict[str, Drawing]:
    """Returns the figures of the setting `captions` by file name."""
    real = [score for score in scores if "," not in score.inputs]
    return {
        "examples": (
            lambda: captioned_figures.draw_examples(pictures),
            "The data: photographs from Fashion-MNIST on drawn backgrounds. A caption names the class; with "
            "probability p it is replaced by an unrelated word.",
        ),
        "tcav-and-ground-truth": (
            lambda: captioned_figures.draw_scatter(real, networks),
            "TCAV scores against the ground truth, how often a network recognises the class without captions; a point "
            "a network and class. If TCAV follows the ground truth, points rise on the left and fall on the right. The "
            "line at 0.5 is no effect. Networks without captions never saw a caption.",
        ),
        "scores-by-stage": (
            lambda: captioned_figures.draw_bars(real),
            "TCAV scores at every stage, mean over networks of different seed, with whiskers from the lowest to the "
            "highest. A star marks bars that pass the test in no more than half of the networks.",
        ),
        "saliency": (
            lambda: captioned_figures.draw_saliency(pictures, networks),
            "Left: images with right captions, and the size of Integrated Gradients for a network that saw right "
            "captions only (p = 0) and for one that saw unrelated ones (p = 1). Right: the share of attribution that "
            "falls on the rows of the caption, over all images and networks.",
        ),
        "adversarial": (
            lambda: captioned_figures.draw_adversarial(scores),
            "Networks without captions. TCAV scores of images of a class against those of noise images that a single "
            "gradient step turned into the class; a point a network, class, stage and concept. On the diagonal the two "
            "kinds of input would look the same to TCAV.",
        ),
    }


def draw_textures(
    scores: Sequence[Score], calibration: Sequence[Score], networks: dict, pictures: Pictures, level: float
) -> dict[str, Drawing]:
    """Returns the figures of the setting `textures` by file name."""
    return {
        "examples": (
            lambda: textured_figures.draw_examples(pictures),
            "The data: a swatch of each texture, an object of each class when texture and shape both tell it, and "
            "objects whose texture belongs to another class than their shape.",
        ),
        "scores-by-stage": (
            lambda: textured_figures.draw_bars(scores),
            "TCAV scores of each class's own texture and shape at every stage, mean over networks of different seed, "
            "whiskers from the lowest to the highest. Where the class is told by shape alone, the pairing with a "
            "texture is arbitrary, and the other way round. A star marks bars that pass the test in at most half of "
            "the networks.",
        ),
        "shortcut": (
            lambda: textured_figures.draw_scatter(scores, networks),
            "TCAV score of each class's own texture against how often texture wins when texture and shape disagree; a "
            "point a network and class.",
        ),
        "sorted-by-stripes": (
            lambda: textured_figures.draw_sorted(pictures),
            "Objects with random shape and texture, sorted by the cosine of their activations with the CAV of stripes "
            "in a network whose classes are told by texture: the six most and the six least striped.",
        ),
        "cav-accuracy": (
            lambda: textured_figures.draw_accuracy(scores),
            "How often the classifier behind a CAV is right on held-out images, by stage: the colour red, the five "
            "textures, the five shapes, and random images against random images, where 0.5 is chance.",
        ),
        "calibration": (
            lambda: textured_figures.draw_calibration(scores, calibration, level),
            "p-values of the test for concepts that are none. If the test kept its level, they would be spread evenly: "
            "once when all runs of a concept share one set of random images, as runs of a real concept do, and once "
            "when each run draws that set anew.",
        ),
    }


def draw_published(scores: Sequence[Score]) -> dict[str, Drawing]:
    """Returns the figure of a published network by file name."""
    return {
        "relative-scores": (
            lambda: published_figures.draw_bars(scores),
            "TCAV scores of relative CAVs, each concept against the others of its panel, for the class named above it, "
            "by stage. A star marks bars that fail the test.",
        )
    }


def read_pictures(path: Path) -> Pictures:
    """Returns the images that the stage `measure` kept."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting("tcav")
    level = load_params("tcav", "figures", Params).level
    folder = results_dir("tcav", setting)
    scores = read_scores(folder / "scores.csv")
    networks = json.loads((folder / "networks.json").read_text(encoding="utf-8"))
    pictures = read_pictures(folder / "pictures.npz")
    if setting == "captions":
        drawings = draw_captions(scores, networks, pictures)
    elif setting != "textures":
        drawings = draw_published(scores)
    else:
        calibration = read_scores(folder / "calibration.csv")
        drawings = draw_textures(scores, calibration, networks, pictures, level)
    for name, (draw, caption) in drawings.items():
        save_figure(draw, folder / "figures" / name, caption=caption)


if __name__ == "__main__":
    main()
