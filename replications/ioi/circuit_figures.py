"""Figures of the second half: path-patching maps, completeness, minimality, and what the S-inhibition heads carry."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from replications.common.claims import Claims
from replications.common.figures import DIVERGING, PALETTE
from replications.common.measurements import Measurement
from replications.ioi.tables import NodeRow, PathRow, RemovalRow

KINDS = {"none": "nothing", "class": "a class", "random": "a random part", "greedy": "a greedy part"}
MARKERS = {"none": "*", "class": "o", "random": "^", "greedy": "s"}
BOUND = 0.01  # wang2023ioi, § 4.2: every head at least 1 %
DATA_SETS = ("random-token", "inverted-token", "inverted-position", "inverted-position-random-token", "both-inverted")

CAPTIONS = {
    "circuit": "The circuit as it was found, drawn from the results. Each box is a class of heads, at the position "
    "where they act; arrows lead from the heads that write to those that read. The number at an arrow is "
    "the change of the logit difference when everything that is read there comes from a prompt with "
    "unrelated names. Red: works against the answer; dotted: no head passed the line.",
    "path-effects": "Path patching to inner nodes: change of the logit difference when the path from one head into the "
    "receivers is patched. Blue: the answer is less sure without the path, so it helps. The strongest are "
    "named; the number in a title is for all paths together.",
    "completeness": "Logit difference of the circuit without a part K against that of the model without K. On the "
    "line the two agree, and the circuit is complete as far as K goes. The star is K = nothing: its "
    "distance to the line is what the circuit lacks in faithfulness.",
    "minimality": "How much the circuit's logit difference changes when a head leaves it, alone or after the rest of "
    "its class, whichever is more. The dashed line is the paper's bound of one percent; colours are "
    "classes.",
    "signals": "What is left of the logit difference when the S-inhibition heads' output at the last token comes "
    "from the same prompt with other names (token) or with the two names in each other's places "
    "(position). Bars: here, with 95 % intervals; diamonds: the paper's numbers for GPT-2 small.",
}


def draw_paths(rows: Sequence[PathRow], labelled: int) -> Figure:
    """Returns a map for each set of receivers: the effect of the path from every head, in percent.

    Source: wang2023ioi, Figures 4b and 5b, App. D.
    """
    names = list(dict.fromkeys(row.paths for row in rows))
    n_layers, n_heads = rows[-1].layer + 1, rows[-1].head + 1
    figure: Figure
    figure, grid = plt.subplots(
        len(names), 1, figsize=(2.2 + 0.28 * n_layers, (0.8 + 0.2 * n_heads) * len(names)), squeeze=False
    )
    for axes, name in zip(grid.flat, names, strict=True):
        chosen = [row for row in rows if row.paths == name]
        effects = 100 * np.array([row.effect for row in chosen]).reshape(n_layers, n_heads).T
        limit = max(np.abs(effects).max(), 1e-9)
        image = axes.imshow(effects, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
        for row in sorted(chosen, key=lambda row: -abs(row.effect))[:labelled]:
            colour = "white" if abs(100 * row.effect) > 0.6 * limit else "black"
            axes.text(row.layer, row.head, f"{row.layer}.{row.head}", ha="center", va="center", size=6.5, color=colour)
        axes.set_title(f"Paths into the {name} (all together {chosen[0].of_all:+.0%})", size=10)
        axes.set(ylabel="head")
        axes.set_xticks(range(0, n_layers, 1 if n_layers <= 16 else 2))
        axes.set_yticks(range(0, n_heads, 2))
        figure.colorbar(image, ax=axes, label="change (%)", pad=0.02)
    grid[-1, 0].set_xlabel("layer of the sender")
    return figure


def draw_completeness(rows: Sequence[RemovalRow]) -> Figure:
    """Returns F(C without K) against F(M without K); on the diagonal the circuit is complete.

    Source: wang2023ioi, Figure 6.
    """
    figure: Figure
    figure, grid = plt.subplots(1, 2, figsize=(8.4, 4.2), sharex=True, sharey=True)
    values = [value for row in rows for value in (row.of_circuit, row.of_model)]
    ends = [min(values), max(values)]
    for axes, circuit in zip(grid, ("full", "naive"), strict=True):
        axes.plot(ends, ends, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        for place, (kind, label) in enumerate(KINDS.items()):
            points = [row for row in rows if row.circuit == circuit and row.kind == kind]
            if points:
                axes.scatter(
                    [row.of_model for row in points], [row.of_circuit for row in points],
                    s=90 if kind == "none" else 28, marker=MARKERS[kind], color=PALETTE[place], label=label,
                )  # fmt: skip
        axes.set(title=f"{circuit} circuit", xlabel="model without K (logits)")
        axes.legend(title="K is", fontsize=8, title_fontsize=8)
    grid[0].set_ylabel("circuit without K (logits)")
    return figure


def draw_minimality(rows: Sequence[NodeRow]) -> Figure:
    """Returns a bar for each node: how much F changes when it leaves the circuit.

    Source: wang2023ioi, Figure 7.
    """
    chosen = sorted((row for row in rows if row.role), key=lambda row: row.minimality)
    roles = list(dict.fromkeys(row.role for row in rows if row.role))
    colours = plt.get_cmap("tab20")(np.linspace(0, 1, max(len(roles), 2)))
    figure: Figure
    figure, axes = plt.subplots(figsize=(6, 1.3 + 0.17 * len(chosen)))
    for place, row in enumerate(chosen):
        axes.barh(place, 100 * row.minimality, color=colours[roles.index(row.role)])
    axes.axvline(100 * BOUND, color=plt.rcParams["axes.edgecolor"], linewidth=1, linestyle="--")
    axes.set_yticks(range(len(chosen)), [f"{row.address} at {row.slot}" for row in chosen], size=7)
    axes.set(xlabel="change of the logit difference (% of the model's)", ylim=(-0.7, len(chosen) - 0.3))
    axes.set_title("What each head is needed for")
    handles = [plt.Rectangle((0, 0), 1, 1, color=colours[place]) for place in range(len(roles))]
    axes.legend(handles, roles, fontsize=8, loc="lower right")
    return figure


def draw_signals(measured: Mapping[str, Measurement], claims: Claims) -> Figure:
    """Returns the logit difference that is left with the S-inhibition heads' output from each data set.

    Source: wang2023ioi, Figure 9.
    """
    printed = {claim.id: claim.paper_value for claim in claims.claims}
    figure: Figure
    figure, axes = plt.subplots(figsize=(6, 3))
    for place, name in enumerate(DATA_SETS):
        m = measured[f"signal-{name}"]
        if m.value is None or m.low is None or m.high is None:
            continue
        error = [[m.value - m.low], [m.high - m.value]]
        axes.barh(place, m.value, xerr=error, color=PALETTE[0], ecolor=plt.rcParams["text.color"], height=0.55)
    papers = [printed[f"signal-{name}"] for name in DATA_SETS]
    axes.scatter(papers, range(len(DATA_SETS)), marker="D", color=PALETTE[1], zorder=3, label="paper, GPT-2 small")
    axes.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=1)
    axes.axvline(1, color=plt.rcParams["axes.edgecolor"], linewidth=1, linestyle=":")
    axes.set_yticks(range(len(DATA_SETS)), [name.replace("-", " ") for name in DATA_SETS])
    axes.invert_yaxis()
    axes.set(
        xlabel="logit difference left (fraction; dotted: nothing patched)", title="S-inhibition heads, patched at END"
    )
    figure.legend(fontsize=8, loc="outside lower right")
    return figure
