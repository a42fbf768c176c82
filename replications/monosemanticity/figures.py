"""Stage: draws the figures of a setting from its small result files.

python -P -m replications.monosemanticity.figures SETTING
"""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from replications.common.figures import save_figure
from replications.common.params import load_params
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.monosemanticity.plots_contexts import draw_clamping, draw_contexts, draw_levels
from replications.monosemanticity.plots_dictionaries import (
    draw_densities,
    draw_front,
    draw_map,
    draw_matches,
    draw_scores,
    draw_training,
)
from replications.monosemanticity.records import ContextRow, DictionaryRow, ExplainedRow, FeatureRow, read_arrays
from replications.monosemanticity.settings import MeasureParams

REPLICATION = "monosemanticity"

CAPTIONS = {
    "1-front": (
        "Active features per token against the share of the loss that is recovered when the reconstruction takes the "
        "place of the MLP. The line is the sweep of the L1 coefficient at the size of the smallest dictionary; the "
        "points are the dictionaries, which share one coefficient. Up and to the left is better."
    ),
    "2-densities": (
        "How often features are active on held-out text, for each dictionary. Dead features stand at the left; the "
        "dashed line is the density below which a feature counts as ultralow."
    ),
    "3-universality": (
        "For each live feature of A/1 the highest correlation of its activations with a feature of B/1, and with one "
        "of the transformer with shuffled weights; for each neuron of A the highest with a neuron of B. Dotted lines "
        "are medians."
    ),
    "4-contexts": (
        "For each context the feature and the neuron that follow it best on one half of the held-out text, and their "
        "correlation with it on the other half; and the correlation of the feature with its match in B/1."
    ),
    "5-levels": (
        "Of the tokens on which a specific feature is active, the share that lies in its context, by the strength of "
        "the activation; n is the number of active tokens. The dashed line is the share among all tokens."
    ),
    "6-clamping": (
        "Texts are continued with a feature held at its maximum. The bars are the mean probability that a sampled "
        "token lies in the context, judged by the token alone."
    ),
    "7-explanations": (
        "Scores of explanations made of examples, on other examples. A line further to the right is a kind of unit "
        "that is easier to explain by the last three tokens."
    ),
    "8-map": (
        "Directions of the live features of A/0 (circles) and A/1 (dots), placed by t-SNE so that near directions are "
        "near. Where dots crowd around a circle, a feature has split. Named are the features found for the contexts."
    ),
    "9-training": "The training of the transformers and of the dictionaries.",
}


def list_drawings(folder: Path, rare: float) -> dict[str, Callable[[], Figure]]:
    """Returns what draws each figure, by file name."""
    arrays = read_arrays(folder / "arrays.npz")
    contexts = read_rows(folder / "contexts.csv", ContextRow)
    dictionaries = read_rows(folder / "dictionaries.csv", DictionaryRow)
    features = read_rows(folder / "features.csv", FeatureRow)
    explained = read_rows(folder / "explained.csv", ExplainedRow)
    return {
        "1-front": lambda: draw_front(dictionaries),
        "2-densities": lambda: draw_densities(arrays, rare),
        "3-universality": lambda: draw_matches(features, arrays["neurons_in_b"], rare),
        "4-contexts": lambda: draw_contexts(contexts),
        "5-levels": lambda: draw_levels(arrays, contexts),
        "6-clamping": lambda: draw_clamping(contexts),
        "7-explanations": lambda: draw_scores(explained),
        "8-map": lambda: draw_map(arrays, features),
        "9-training": lambda: draw_training(arrays),
    }


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting(REPLICATION)
    folder = results_dir(REPLICATION, setting)
    rare = load_params(REPLICATION, "measure", MeasureParams).rare
    for name, draw in list_drawings(folder, rare).items():
        save_figure(draw, folder / "figures" / name, caption=CAPTIONS[name])


if __name__ == "__main__":
    main()
