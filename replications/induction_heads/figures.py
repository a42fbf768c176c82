"""Stage: draws the figures of a setting from its small result files.

python -P -m replications.induction_heads.figures SETTING
"""

from pathlib import Path

from safetensors.numpy import load_file

from replications.common.figures import save_figure
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.induction_heads import plots_circuit, plots_pretrained, plots_training
from replications.induction_heads.settings import Experiment, Setting
from replications.induction_heads.tables import HeadRow, read_curves
from replications.induction_heads.words import WORDS

DEPTHS = ("one-layer", "two-layer", "three-layer")
SMEARED = ("one-layer", "smeared-one-layer", "two-layer", "smeared-two-layer")


class Params(StageParams):
    """Section `figures` of `params.yaml`."""

    smoothing: int


def name_tokens(tokens: list[int], experiment: Experiment) -> list[str]:
    """Returns what the tokens of the watched sequence are called: words of phrase documents, else their numbers."""
    if experiment.corpus.source != "phrases":
        return [str(token) for token in tokens]
    return ["start" if token == len(WORDS) else WORDS[token] for token in tokens]


def draw_training(setting: Setting, arrays: Path, figures: Path, smoothing: int) -> None:
    """Writes the figures of training. They are numbered in the order of the page."""
    main = next(iter(setting.experiments))
    everything = read_curves(arrays / "curves.safetensors")
    curves = [curve for curve in everything if curve.experiment == main]
    save_figure(
        lambda: plots_training.draw_losses(curves, DEPTHS, smoothing),
        figures / "1-loss",
        caption="Mean loss on held-out documents over training, and its descent: how many nats it falls per e-fold of "
        "tokens. A line per seed. Where the descent rises again after it had slowed down, the loss curve has "
        "a bump.",
    )
    save_figure(
        lambda: plots_training.draw_scores(curves, DEPTHS, "In-context learning and induction heads appear together"),
        figures / "2-co-occurrence",
        caption="Over the same tokens: how much lower the loss is late in a document than early (more negative = more "
        "is learned in context), and the highest prefix matching score of all heads. A line per seed.",
    )
    save_figure(
        lambda: plots_training.draw_scores(curves, SMEARED, "Smeared keys and their controls"),
        figures / "3-smeared-keys",
        caption="A smeared key mixes a token's key with that of the token before, so that one layer suffices for "
        "prefix matching. Each smeared model and its control share seed and documents.",
    )
    if main == "phrases":
        counts = [("two-layer", "2"), ("phrases-4", "4"), ("phrases-8", "8"), ("phrases-never-recur", "used once")]
        widths = [("width-32", "width 32"), ("two-layer", "width 64"), ("width-128", "width 128")]
        save_figure(
            lambda: plots_training.draw_variations(curves, [("Phrases of a document", counts), ("Width", widths)]),
            figures / "8-recurrence-and-width",
            caption="Highest prefix matching score of two-layer models. Left: the more phrases a document owns, the "
            "less often each recurs; with phrases that are used once nothing recurs. Right: models of other widths.",
        )
    if "text" in setting.experiments and main != "text":
        text = [curve for curve in everything if curve.experiment == "text"]
        save_figure(
            lambda: plots_training.draw_scores(text, DEPTHS[:2], "On the source code of a package"),
            figures / "9-natural-text",
            caption="The same two scores for models trained on natural text, the source code of a package: "
            "late-minus-early loss and highest prefix matching score. A line per seed.",
        )


def draw_circuit(setting: Setting, arrays: Path, figures: Path) -> None:
    """Writes the figures of the circuit."""
    main, experiment = next(iter(setting.experiments.items()))
    circuit = load_file(arrays / "circuit.safetensors")
    rows = [row for row in read_rows(arrays / "heads.csv", HeadRow) if row.model.startswith(f"{main}/")]
    names = name_tokens([int(token) for token in circuit["watched_sequence"]], experiment)
    save_figure(
        lambda: plots_circuit.draw_patterns(circuit, names),
        figures / "4-patterns",
        caption="Attention of the two heads of the circuit on eight random words, repeated three times. The first "
        "attends to the word before; the second, from a word's second occurrence on, to the word that "
        "followed it.",
    )
    save_figure(
        lambda: plots_circuit.draw_composition(circuit),
        figures / "5-composition",
        caption="How much the queries, keys and values of each head of the second layer read what each head of the "
        "first wrote, after subtracting what random matrices give. Two-layer model, first seed.",
    )
    save_figure(
        lambda: plots_circuit.draw_ablations(rows, load_file(arrays / "ablations.safetensors")),
        figures / "6-ablations",
        caption="What ablation takes from the in-context score of two-layer models, attention patterns frozen. Left: "
        "one head at a time. Right: all induction heads of a model together, against as many others (points: "
        "seeds).",
    )
    save_figure(
        lambda: plots_circuit.draw_eigenvalues(circuit, rows),
        figures / "7-eigenvalues",
        caption="Left: eigenvalues of the full OV circuits of the two heads; positive ones copy. Right: a head's "
        "copying score against how positive its eigenvalues are, all heads of all models.",
    )
    save_figure(
        lambda: plots_circuit.draw_stills(circuit),
        figures / "4-patterns-forming",
        caption="The same attention as it forms, from the beginning of the training (left) to its end (right).",
    )


def draw_pretrained(arrays: Path, figures: Path) -> None:
    """Writes the figures of a pretrained model."""
    rows = read_rows(arrays / "heads.csv", HeadRow)
    save_figure(
        lambda: plots_pretrained.draw_maps(rows),
        figures / "1-head-scores",
        caption="Scores of all heads, layers from left to right. Rings: induction heads, that is prefix matching "
        "beyond the line and a positive copying score.",
    )
    save_figure(
        lambda: plots_pretrained.draw_scatter(rows),
        figures / "2-copying",
        caption="A point per head. Left: induction heads are at the upper right. Right: copying score against how "
        "positive the eigenvalues of the OV circuit are (MLPs left out).",
    )
    save_figure(
        lambda: plots_pretrained.draw_repetition(load_file(arrays / "losses.safetensors")),
        figures / "3-repetition",
        caption="Mean loss by position on random tokens that repeat. From the second copy on every token can be "
        "known. Heads are ablated together, attention patterns frozen.",
    )


def main() -> None:
    """Writes the figures of a setting with their captions."""
    name = parse_setting("induction_heads")
    params, setting = load_params("induction_heads", "figures", Params), load_setting("induction_heads", name, Setting)
    folder = results_dir("induction_heads", name)
    if setting.pretrained is not None:
        draw_pretrained(folder / "arrays", folder / "figures")
    else:
        draw_training(setting, folder / "arrays", folder / "figures", params.smoothing)
        draw_circuit(setting, folder / "arrays", folder / "figures")


if __name__ == "__main__":
    main()
