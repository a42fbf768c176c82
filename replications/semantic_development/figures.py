"""Stage: draws the figures from the curves that were measured.

python -P -m replications.semantic_development.figures SETTING
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.common.arrays import Curves, read_arrays
from replications.common.figures import save_figure
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.semantic_development.dataset import LEVEL_OF_MODE, LEVELS
from replications.semantic_development.generalization import noisy_singular_value, overlap

NAME = "semantic_development"
FLY, SALMON = 3, 1  # property and item of the illusion that is drawn


def draw_items(curves: Curves) -> Figure:
    """Returns the strengths of the modes over time with and without a hidden layer, and an illusion."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
    time = curves["items_time"]
    for panel, name, title in ((axes[0], "modes", "With a hidden layer"), (axes[1], "flat", "Without")):
        theory = curves["items_theory" if name == "modes" else "items_flat_theory"]
        for mode, level in enumerate(LEVEL_OF_MODE):
            label = LEVELS[level] if mode == LEVEL_OF_MODE.index(level) else None
            panel.plot(time, curves[f"items_{name}"][:, mode], color=f"C{level}", label=label)
            panel.plot(time, theory[:, mode], color=plt.rcParams["text.color"], linestyle=":", linewidth=1)
        panel.set(title=title, xlabel="time (τ)", ylabel="strength of a mode", ylim=(-0.15, 2.9))
    axes[0].legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 0.05))
    for name, label in (("deep", "with a hidden layer"), ("shallow", "without")):
        axes[2].plot(time, curves[f"items_{name}"][:, FLY, SALMON], label=label)
    axes[2].set(title='"The salmon flies"', xlabel="time (τ)", ylabel="strength of the belief", ylim=(-0.1, 0.6))
    axes[2].legend(fontsize=8)
    return figure


def draw_noise(curves: Curves) -> Figure:
    """Returns what noise makes of singular values and singular vectors, with theory."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    for row, aspect in enumerate(curves["noise_aspects"]):
        signal, fine = curves["noise_signals"][row], np.linspace(0.05, curves["noise_signals"].max(), 300)
        panels = (("noise_inflated", noisy_singular_value), ("noise_turned", overlap))
        for panel, (name, theory) in zip(axes, panels, strict=True):
            observed = curves[name][:, row]
            panel.plot(fine, theory(fine, aspect), color=f"C{row}", linewidth=1)
            spread = observed.std(0) if len(observed) > 1 else None
            panel.errorbar(
                signal, observed.mean(0), spread, color=f"C{row}", fmt="o", ms=4, label=f"outputs / inputs = {aspect:g}"
            )
    axes[0].set(title="Singular value", xlabel="signal s̄ of the teacher", ylabel="singular value ŝ of the data")
    axes[1].set(title="Singular vectors", xlabel="signal s̄ of the teacher", ylabel="overlap O with the teacher's")
    axes[0].legend(fontsize=8)
    return figure


def draw_learning_curves(curves: Curves) -> Figure:
    """Returns train and test error over training, students and theory, a column for each teacher."""
    columns = len(curves["errors_signals"])
    figure, axes = plt.subplots(1, columns, figsize=(2.6 * columns, 3.4), sharey=True)
    time = curves["errors_time"]
    for column, (panel, signal) in enumerate(zip(axes, curves["errors_signals"], strict=True)):
        for name, label, colour in (
            ("test", "test, aligned", "C0"),
            ("random", "test, random", "C1"),
            ("train", "training, aligned", "C2"),
        ):
            panel.semilogy(time, curves[f"errors_{name}"][column], color=colour, label=label)
        for name in ("test", "train"):
            ink = plt.rcParams["text.color"]
            panel.semilogy(time, curves[f"errors_{name}_theory"][column], color=ink, linestyle=":", linewidth=1.2)
        panel.set(title="s̄ = " + ", ".join(f"{s:g}" for s in signal if s), xlabel="epoch", ylim=(0.01, 30))
    axes[0].set_ylabel("error (1 = says nothing)")
    axes[-1].legend(fontsize=7, loc="upper left")
    return figure


def draw_transfer(curves: Curves) -> Figure:
    """Returns the benefit of a second task over alignment, a panel for each signal of the first."""
    panels = len(curves["transfer_signals_a"])
    figure, axes = plt.subplots(1, panels, figsize=(3.4 * panels, 3.3))
    for row, (panel, signal_a) in enumerate(zip(axes, curves["transfer_signals_a"], strict=True)):
        for column, signal_b in enumerate(curves["transfer_signals_b"]):
            observed, theory = curves["transfer"][:, row, column], curves["transfer_theory"][row, column]
            panel.plot(curves["transfer_alignments"], theory, color=f"C{column}", linewidth=1)
            panel.plot(
                curves["transfer_alignments"],
                observed.mean(0),
                "o",
                ms=3.5,
                color=f"C{column}",
                label=f"{signal_b:.3g}",
            )
        panel.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        panel.set(title=f"task A: s̄ = {signal_a:.3g}", xlabel="alignment q of the inputs")
    axes[0].set_ylabel("benefit of task B for task A")
    axes[0].legend(title="s̄ of task B", fontsize=8, title_fontsize=8)
    axes[-1].ticklabel_format(axis="y", scilimits=(0, 0))
    return figure


FIGURES: dict[str, tuple[Callable[[Curves], Figure], str]] = {
    "items": (
        draw_items,
        "One network of each kind learns which of four items has which properties. Left and middle: strength of each "
        "mode over time, with theory dotted. With a hidden layer the broad distinctions come first, each in a burst; "
        "without, all come at once. Right: how strongly each network believes that the salmon flies; the true value "
        "is 0.",
    ),
    "noise": (
        draw_noise,
        "What noise does to a teacher with one mode: points are means and standard deviations over noisy teachers, "
        "lines are theory. Weak signals vanish at the edge of the noise; strong ones are inflated and slightly turned. "
        "Signals near the critical one, where finite size matters most, were not drawn.",
    ),
    "learning-curves": (
        draw_learning_curves,
        "Errors over training for teachers of rank 1 and 3, mean over runs; dotted is theory for the aligned student. "
        "The test error falls while signal is learned and rises as noise follows.",
    ),
    "transfer": (
        draw_transfer,
        "How much the best test error of task A improves when task B is learned beside it, over the alignment of "
        "their inputs; points are means over runs, lines are theory. Left: a task at the critical signal, below which "
        "nothing can be learned alone. Middle: a modest one. Right: a strong one (note the scale).",
    ),
}


def main() -> None:
    """Writes the figures of a setting with their captions."""
    setting = parse_setting(NAME)
    folder = results_dir(NAME, setting)
    curves = read_arrays(folder / "curves.npz")
    for name, (draw, caption) in FIGURES.items():
        save_figure(lambda draw=draw: draw(curves), folder / "figures" / name, caption=caption)  # type: ignore[misc]


if __name__ == "__main__":
    main()
