"""Stage: draws the figures from what was measured.

python -P -m replications.grokking.figures SETTING
"""

from collections.abc import Callable, Iterator, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replications.common.arrays import Curves, read_arrays
from replications.common.figures import DIVERGING, save_figure
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.grokking.tables import Progress, select_rows

NAME = "grokking"
Rows = Sequence[Progress]
CONTROLS = {
    "seed-0": "30 % of the pairs, decay 1",
    "much-data-0": "60 % of the pairs",
    "little-data": "10 % of the pairs",
    "no-decay": "no decay",
    "weak-decay": "decay 0.3",
    "strong-decay": "decay 3",
}
ALTERED = {
    "own": "nothing changed",
    "cosines": "fitted cosines for logits",
    "waves": "only waves of a + b",
    "components": "only key components",
    "polynomials": "neurons as polynomials",
    "directions": "only what is read off neurons",
    "no-skip": "no way around the neurons",
    "without": "without one key frequency",
    "no-directions": "without what is read off",
}


def main_networks(curves: Curves) -> list[str]:
    """Returns the names of the networks that were read."""
    return [name.removesuffix("/phases") for name in curves if name.endswith("/phases")]


def draw_losses(curves: Curves, rows: Rows) -> Figure:
    """Returns accuracy and loss along training of the main networks."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3))
    for place, name in enumerate(main_networks(curves)):
        epochs = np.maximum(curves[f"{name}/epoch"], 10)
        for kind, style in (("train", ":"), ("test", "-")):
            label = f"{'held-out' if kind == 'test' else 'training'} pairs, {name.replace('-', ' ')}"
            left.semilogx(epochs, curves[f"{name}/{kind}_accuracy"], style, color=f"C{place}", lw=1.3)
            right.loglog(epochs, curves[f"{name}/{kind}_loss"], style, color=f"C{place}", lw=1.3, label=label)
    left.set(title="Right answers", xlabel="epoch", ylabel="share of pairs")
    right.set(title="Loss", xlabel="epoch", ylabel="nats")
    right.legend(fontsize=7, loc="lower left")
    return figure


def draw_progress(curves: Curves, rows: Rows) -> Figure:
    """Returns losses, sparsity and squared weights along training, a row for each main network.

    Source: nanda2023grokking, Fig. 7
    """
    names = main_networks(curves)
    figure, grid = plt.subplots(len(names), 3, figsize=(9, 0.6 + 2.3 * len(names)), squeeze=False, sharex=True)
    for name, (losses, sparsity, weights) in zip(names, grid, strict=True):
        mine, epochs = select_rows(rows, name), curves[f"{name}/epoch"]
        for label, x, y, colour in (
            ("training", epochs, curves[f"{name}/train_loss"], "C4"),
            ("excluded (training)", mine["epoch"], mine["excluded"], "C1"),
            ("restricted", mine["epoch"], mine["restricted"], "C2"),
            ("test", epochs, curves[f"{name}/test_loss"], "C0"),
        ):
            losses.semilogy(x, y, color=colour, lw=1.3, label=label)
        sparsity.plot(mine["epoch"], mine["gini_embedding"], color="C0", label="embedding")
        sparsity.plot(mine["epoch"], mine["gini_map"], color="C1", label="neurons to logits")
        weights.plot(epochs, curves[f"{name}/squared_weights"], color="C3")
        for axes in (losses, sparsity, weights):
            _shade_phases(axes, curves[f"{name}/phases"])
        losses.set_ylabel(f"{name.replace('-', ' ')}\nnats")
    for axes, title in zip(grid[0], ("Losses", "Gini coefficient of waves", "Sum of squared weights"), strict=True):
        axes.set_title(title)
    grid[0][0].legend(fontsize=7, loc="lower left")
    grid[0][1].legend(fontsize=7, loc="upper left")
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    return figure


def draw_waves(curves: Curves, rows: Rows) -> Figure:
    """Returns the norm of each frequency in the embedding and the map from neurons to logits.

    Source: nanda2023grokking, Fig. 3
    """
    names = main_networks(curves)
    figure, grid = plt.subplots(len(names), 2, figsize=(8, 0.6 + 1.6 * len(names)), squeeze=False, sharex=True)
    for name, line in zip(names, grid, strict=True):
        for axes, what in zip(line, ("norms_embedding", "norms_map"), strict=True):
            norms = curves[f"{name}/{what}"]
            key = np.isin(np.arange(1, len(norms) + 1), curves[f"{name}/key"])
            for chosen, colour in ((key, "C1"), (~key, "C0")):
                axes.bar(np.flatnonzero(chosen) + 1, norms[chosen], color=colour)
        line[0].set_ylabel(f"{name.replace('-', ' ')}\nnorm")
        for k in curves[f"{name}/key"]:
            line[1].annotate(f"{k:.0f}", (k, norms[int(k) - 1]), ha="center", va="bottom", fontsize=7)
        line[1].margins(y=0.2)
    grid[0][0].set_title("Embedding")
    grid[0][1].set_title("From neurons to logits")
    for axes in grid[-1]:
        axes.set_xlabel("frequency")
    return figure


def draw_neurons(curves: Curves, rows: Rows) -> Figure:
    """Returns three neurons of the first main network over all pairs, and how much one frequency explains of each.

    Source: nanda2023grokking, Fig. 5
    """
    names = main_networks(curves)
    pictures, shown = curves[f"{names[0]}/pictures"], curves[f"{names[0]}/shown"]
    figure, grid = plt.subplots(1, len(pictures) + 1, figsize=(2.3 * (len(pictures) + 1), 2.6))
    for axes, picture, frequency in zip(grid, pictures, shown, strict=False):
        centred = picture - picture.mean()
        most = np.abs(centred).max() or 1
        axes.imshow(centred, cmap=DIVERGING, vmin=-most, vmax=most, interpolation="none", rasterized=True)
        axes.set(
            title=f"a neuron of frequency {frequency:.0f}", xlabel="b", ylabel="a", xticks=[0, 112], yticks=[0, 112]
        )
        axes.title.set_fontsize(9)
    for place, name in enumerate(names):
        shares = curves[f"{name}/shares"]
        grid[-1].hist(shares, np.linspace(0, 1, 21), histtype="step", color=f"C{place}", label=name.replace("-", " "))
    grid[-1].axvline(0.85, ls=":", color="C5")
    grid[-1].set(title="all neurons", xlabel="share one frequency explains", ylabel="neurons")
    grid[-1].title.set_fontsize(9)
    grid[-1].legend(fontsize=7, loc="upper left")
    return figure


def draw_ablations(curves: Curves, rows: Rows) -> Figure:
    """Returns the test loss after each change of the main networks.

    Source: nanda2023grokking, § 4.2 and 4.4
    """
    figure, axes = plt.subplots(figsize=(7, 3.6))
    for place, name in enumerate(main_networks(curves)):
        for row, what in enumerate(ALTERED):
            found = [float(loss) for loss in _losses(curves, name, what)]
            label = name.replace("-", " ") if row == 0 else None
            height = np.full(len(found), row + 0.15 * (place - 1))
            axes.semilogx(found, height, "o", ms=5, color=f"C{place}", alpha=0.8, label=label)
    axes.axvline(np.log(113), ls=":", color="C5")
    axes.annotate(
        "chance", (np.log(113), len(ALTERED) - 0.4), ha="right", fontsize=8, xytext=(-3, 0), textcoords="offset points"
    )
    axes.set_yticks(range(len(ALTERED)), list(ALTERED.values()))
    axes.set_ylim(len(ALTERED) - 0.3, -0.7)
    axes.set(title="Loss on held-out pairs", xlabel="nats")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_controls(curves: Curves, rows: Rows) -> Figure:
    """Returns the accuracy on held-out pairs along training with other amounts of data and of weight decay."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3), sharey=True)
    for axes, names, title in (
        (left, ("much-data-0", "seed-0", "little-data"), "Data"),
        (right, ("strong-decay", "seed-0", "weak-decay", "no-decay"), "Weight decay"),
    ):
        for name in names:
            place = list(CONTROLS).index(name)
            epochs = np.maximum(curves[f"{name}/epoch"], 10)
            axes.semilogx(epochs, curves[f"{name}/test_accuracy"], color=f"C{place}", label=CONTROLS[name])
        axes.set(title=title, xlabel="epoch")
        axes.legend(fontsize=8, loc="upper left")
    left.set_ylabel("share of held-out pairs right")
    left.set_ylim(-0.03, 1.45)
    left.set_yticks(np.linspace(0, 1, 6))
    return figure


def _losses(curves: Curves, name: str, what: str) -> Iterator[np.ndarray]:
    """Yields the loss after a change, or after the removal of each key frequency."""
    for key, loss in curves.items():
        if key == f"{name}/loss/{what}" or (what == "without" and key.startswith(f"{name}/loss/without-")):
            yield loss


def _shade_phases(axes: Axes, phases: np.ndarray) -> None:
    """Shades circuit formation and cleanup, if cleanup was over."""
    if np.isfinite(phases).all():
        memorised, begin, end = phases
        axes.axvspan(memorised, begin, color="C4", alpha=0.12, lw=0)
        axes.axvspan(begin, end, color="C1", alpha=0.15, lw=0)


FIGURES: dict[str, tuple[Callable[[Curves, Rows], Figure], str]] = {
    "losses": (
        draw_losses,
        "Grokking: the networks know their training pairs (dotted) after some hundred epochs, and the held-out pairs "
        "(lines) thousands of epochs later. Axes of epochs and of losses are logarithmic.",
    ),
    "progress": (
        draw_progress,
        "Each network along training. The test loss stays high, then drops. The restricted loss has nothing but the "
        "key frequencies, the excluded loss all but these. Shaded: circuit formation, then cleanup.",
    ),
    "waves": (
        draw_waves,
        "How much of each frequency is in the embedding and in the map from neurons to logits of each trained network. "
        "Numbers and the second colour mark the key frequencies.",
    ),
    "neurons": (
        draw_neurons,
        "Three neurons of the first network, each over all pairs of numbers (mean subtracted); and for all networks, "
        "how much of a neuron's variance one frequency explains. Right of the dotted line it is of one frequency.",
    ),
    "ablations": (
        draw_ablations,
        "Loss on held-out pairs if a part of the network is replaced, kept alone or removed. Left is better; the "
        "dotted line is chance.",
    ),
    "controls": (
        draw_controls,
        "Share of held-out pairs that are right along training: with more and less data, with stronger, weaker and no "
        "weight decay. Each curve is one network.",
    ),
}


def main() -> None:
    """Writes the figures of a setting with their captions."""
    folder = results_dir(NAME, parse_setting(NAME))
    curves, rows = read_arrays(folder / "curves.npz"), read_rows(folder / "progress.csv", Progress)
    for name, (draw, caption) in FIGURES.items():
        save_figure(lambda draw=draw: draw(curves, rows), folder / "figures" / name, caption=caption)  # type: ignore[misc]


if __name__ == "__main__":
    main()
