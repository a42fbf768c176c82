"""Figures of the circuit: attention on a repeated sequence, composition, ablation bars, eigenvalues."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replications.common.figures import DIVERGING
from replications.induction_heads.tables import HeadRow

Arrays = Mapping[str, np.ndarray]
STILLS = 5  # snapshots of the forming pattern


def draw_patterns(circuit: Arrays, names: Sequence[str]) -> Figure:
    """Returns the attention of both heads of the circuit on a repeated sequence.

    Source: olsson2022context, Key Concepts (figure of an induction head).
    """
    figure: Figure
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.2))
    for axes, place, title in zip(panels, (0, 1), head_titles(circuit), strict=True):
        _show_pattern(axes, circuit["watched"][-1, place])
        axes.set(title=title, xlabel="attended to (key)", ylabel="attending (query)")
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
        axes.set_yticks(range(len(names)), names, fontsize=6.5)
    return figure


def draw_stills(circuit: Arrays) -> Figure:
    """Returns the attention of both heads at some snapshots, early to late."""
    chosen = pick_stills(circuit)
    figure: Figure
    figure, grid = plt.subplots(2, len(chosen), figsize=(1.75 * len(chosen), 3.9))
    for column, snapshot in enumerate(chosen):
        for row in (0, 1):
            _show_pattern(grid[row, column], circuit["watched"][snapshot, row])
            grid[row, column].set_xticks([])
            grid[row, column].set_yticks([])
        grid[0, column].set_title(f"{circuit['tokens'][snapshot] / 1e6:.1f} M tokens", size=9)
    for row, title in enumerate(head_titles(circuit)):
        grid[row, 0].set_ylabel(title.replace(" head ", "\nhead "), size=9)
    return figure


def pick_stills(circuit: Arrays) -> list[int]:
    """Returns snapshots, evenly spread over the training."""
    return [int(place) for place in np.linspace(0, len(circuit["tokens"]) - 1, STILLS).round()]


def head_titles(circuit: Arrays) -> tuple[str, str]:
    """Returns what the two heads are called, with their addresses."""
    earlier, later = (".".join(str(int(n)) for n in circuit[key]) for key in ("previous_token_head", "induction_head"))
    return f"previous-token head {earlier}", f"induction head {later}"


def _show_pattern(axes: Axes, pattern: Float[np.ndarray, "query key"]) -> None:
    axes.imshow(pattern, cmap="viridis", vmin=0, vmax=1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def draw_composition(circuit: Arrays) -> Figure:
    """Returns the composition scores of the first layer's heads with the second's, random baseline subtracted.

    Source: elhage2021framework, § Two-Layer Transformers.
    """
    kinds = ("query", "key", "value")
    scores = [circuit[f"{kind}_composition"] for kind in kinds]
    limit = max(np.abs(score).max() for score in scores)
    figure: Figure
    figure, panels = plt.subplots(1, 3, figsize=(8.4, 2.9), sharey=True)
    for axes, kind, score in zip(panels, kinds, scores, strict=True):
        image = axes.imshow(score, cmap=DIVERGING, vmin=-limit, vmax=limit)
        for (row, column), value in np.ndenumerate(score):
            colour = "white" if abs(value) > 0.6 * limit else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", size=8, color=colour)
        axes.set_title(f"{kind[0].upper()}-composition")
        axes.set_xticks(range(score.shape[1]), [f"1.{head}" for head in range(score.shape[1])])
        axes.set_yticks(range(score.shape[0]), [f"0.{head}" for head in range(score.shape[0])])
        axes.set_xlabel("head of layer 1")
    panels[0].set_ylabel("head of layer 0")
    figure.colorbar(image, ax=panels, label="score minus baseline", pad=0.01)
    return figure


def draw_ablations(rows: Sequence[HeadRow], ablations: Arrays) -> Figure:
    """Returns what each head's ablation takes from the in-context score, and what ablations together take.

    Source: olsson2022context, Argument 3.
    """
    alone = [row for row in rows if not np.isnan(row.ablation)]
    seeds = sorted({row.seed for row in alone})
    figure: Figure
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), width_ratios=(3, 1.2))
    place, ticks = 0.0, []
    for seed in seeds:
        for row in (row for row in alone if row.seed == seed):
            left.bar(place, row.ablation, color="C5" if row.induction else "C0")
            ticks.append((place, f"{row.layer}.{row.head}"))
            place += 1
        place += 1
    left.set_xticks([x for x, _ in ticks], [name for _, name in ticks], fontsize=7, rotation=90)
    left.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
    for name, colour in (("induction head", "C5"), ("other head", "C0")):
        left.bar(0, 0, color=colour, label=name)
    left.legend(fontsize=8)
    left.set(title="Heads ablated one by one, a group per seed", xlabel="head", ylabel="in-context score lost (nats)")
    means = [ablations["without_induction_heads"], ablations["without_random_heads"].mean(1)]
    for x, (values, colour) in enumerate(zip(means, ("C5", "C0"), strict=True)):
        right.bar(x, values.mean(), color=colour, width=0.6)
        right.plot([x] * len(values), values, "o", color=plt.rcParams["text.color"], markersize=4)
    right.set_xticks([0, 1], ["induction\nheads", "as many\nother heads"], fontsize=8)
    right.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
    right.set(title="Ablated together", ylabel="share of the score lost")
    return figure


def draw_eigenvalues(circuit: Arrays, rows: Sequence[HeadRow]) -> Figure:
    """Returns the OV eigenvalues of the circuit's two heads, and copying against positive eigenvalues for all heads.

    Source: elhage2021framework, § One-Layer Transformers; olsson2022context, App. Validating evaluators.
    """
    figure: Figure
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6))
    keys = ("previous_token_head", "induction_head")
    for key, colour, marker in zip(keys, ("C0", "C5"), ("o", "^"), strict=True):
        address = tuple(int(n) for n in circuit[key])
        real, imaginary = circuit["eigenvalues_real"][address], circuit["eigenvalues_imaginary"][address]
        scale = np.hypot(real, imaginary).max()
        name = key.replace("_token", "-token").replace("_", " ")
        left.plot(real / scale, imaginary / scale, marker, color=colour, markersize=4, label=name, alpha=0.8)
    left.axhline(0, color=plt.rcParams["grid.color"], linewidth=0.8)
    left.axvline(0, color=plt.rcParams["grid.color"], linewidth=0.8)
    left.legend(fontsize=8)
    left.set(
        title="Eigenvalues of the OV circuit", xlabel="real part over largest", ylabel="imaginary part over largest"
    )
    left.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    draw_copying(right, rows)
    return figure


def draw_copying(axes: Axes, rows: Sequence[HeadRow]) -> None:
    """Draws copying score against the share of positive eigenvalues, a point per head."""
    for induction, colour, name in ((0, "C0", "other head"), (1, "C5", "induction head")):
        chosen = [row for row in rows if row.induction == induction]
        eigenvalues, copying = [row.eigenvalues for row in chosen], [row.copying for row in chosen]
        axes.plot(eigenvalues, copying, "o", color=colour, markersize=3.5, alpha=0.7, label=name)
    axes.set(title="All heads", xlabel="sum of eigenvalues / sum of sizes", ylabel="copying score")
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08))
    axes.grid(alpha=0.5)
    axes.legend(fontsize=8, loc="upper left")
