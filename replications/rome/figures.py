"""Stage: draws the figures of a setting from its small result files.

python -P -m replications.rome.figures SETTING
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replications.common.figures import DIVERGING, PALETTE, save_figure
from replications.common.params import load_setting
from replications.common.paths import results_dir
from replications.common.stage import parse_setting
from replications.rome.edit_estimates import collect_sweep, column, correlation, parts_of, select
from replications.rome.encoding import LAST, LAST_SUBJECT, ROLES
from replications.rome.evaluation import harmonic_score
from replications.rome.settings import Setting
from replications.rome.tables import FT, FTL, IDENTITY, ROME, UNEDITED, EditRow, read_edits
from replications.rome.traces import Traces, effect_at, read_traces

KINDS = {"states": "hidden state", "mlp": "window of MLPs", "attention": "window of attention"}
METHODS = (UNEDITED, FT, FTL, IDENTITY, ROME)
CAPTIONS = {
    "one-fact": (
        "One fact, traced. Noise spoils the subject (*); each cell is the probability of the answer when one "
        "clean hidden state, or the MLP or attention outputs of a window of layers, are put back at one "
        "token. Bright: the answer is back."
    ),
    "average-effects": (
        "Average indirect effects over {traced} facts (windows: {windowed}), by the role of the token and the "
        "layer. Red: the clean value brings probability of the answer back."
    ),
    "severed": (
        "Left: how much a hidden state at the last subject token restores, as it is, and with the MLPs or the "
        "attention of all later layers at this token held at their corrupted outputs. Right: windows of MLPs "
        "and attention at the two sites of the paper. Bands are 95 % intervals of the mean."
    ),
    "scores": (
        "{edited} facts, edited one by one. ES and PS: the new object is likelier than the true one on the "
        "edited prompt and on paraphrases. NS: the true object is still likelier for other subjects. The "
        "dotted line is chance."
    ),
    "layer-sweep": (
        "Left: success of ROME by the layer that is edited, beside what restoring the MLPs around that layer "
        "brings back. Right: each dot is a fact; does a fact that tracing finds at the layer take the edit "
        "better?"
    ),
}


def draw_map(example: Mapping[str, np.ndarray], traces: Traces) -> Figure:
    """Returns three maps of one fact, tokens by layers, in percent of probability.

    Source: meng2022rome, Fig. 1e to 1g.
    """
    *words, answer = (str(word) for word in example["map_words"])
    start, end = example["map_subject"]
    labels = [f"{w.strip()}{'*' if start <= n < end else ''}" for n, w in enumerate(words)]
    grids = {kind: 100 * example[f"map_{kind}"][start:] for kind in KINDS}
    low, high = min(g.min() for g in grids.values()), max(g.max() for g in grids.values())
    figure, axes = plt.subplots(1, 3, figsize=(11, 1.4 + 0.3 * (len(words) - start)), sharey=True)
    for ax, (kind, grid) in zip(axes, grids.items(), strict=True):
        image = _heat(ax, grid, traces.layers if kind == "states" else traces.centres, "viridis", low, high)
        ax.set(
            title=f"Restoring one {KINDS[kind]}", xlabel="layer" if kind == "states" else "centre of the window (layer)"
        )
    axes[0].set_yticks(range(len(words) - start), labels[start:])
    figure.colorbar(image, ax=axes, label=f"P(“{answer.strip()}”) (%)", pad=0.01)
    return figure


def draw_averages(traces: Traces) -> Figure:
    """Returns three maps of average indirect effects, roles by layers, in percentage points.

    Source: meng2022rome, Fig. 2.
    """
    grids = {kind: 100 * _mean(getattr(traces, kind)) for kind in KINDS}
    limit = max(float(np.nanmax(np.abs(grid))) for grid in grids.values()) or 1.0
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True)
    for ax, (kind, grid) in zip(axes, grids.items(), strict=True):
        image = _heat(ax, grid, traces.layers if kind == "states" else traces.centres, DIVERGING, -limit, limit)
        ax.set(
            title=f"Restoring one {KINDS[kind]}", xlabel="layer" if kind == "states" else "centre of the window (layer)"
        )
    axes[0].set_yticks(range(len(ROLES)), ROLES)
    figure.colorbar(image, ax=axes, label="average indirect effect (points)", pad=0.01)
    return figure


def draw_severed(traces: Traces) -> Figure:
    """Returns effects by layer: of states, with later MLPs or attention severed; and of windows at two tokens.

    Source: meng2022rome, Fig. 3 and App. B.2.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
    subject, last = ROLES.index(LAST_SUBJECT), ROLES.index(LAST)
    kept = ~np.isnan(traces.severed_mlp).any(1)
    curves = {
        "as it is": traces.states[kept, subject],
        "MLPs severed": traces.severed_mlp[kept],
        "attention severed": traces.severed_attention[kept],
    }
    for (label, values), colour in zip(curves.items(), PALETTE, strict=False):
        _curve(axes[0], traces.layers, values, label, colour)
    axes[0].set(title="Hidden state, last subject token", xlabel="layer", ylabel="average indirect effect (points)")
    windows = {
        "MLPs, last subject token": traces.mlp[:, subject],
        "attention, last subject token": traces.attention[:, subject],
        "MLPs, last token": traces.mlp[:, last], "attention, last token": traces.attention[:, last],
    }  # fmt: skip
    for (label, values), colour in zip(windows.items(), PALETTE, strict=False):
        _curve(axes[1], traces.centres, values, label, colour)
    axes[1].set(title="Windows", xlabel="centre of the window (layer)")
    for ax in axes:
        ax.axhline(0, color="gray", linewidth=0.8)
        ax.legend(fontsize=8)
    return figure


def draw_scores(rows: Sequence[EditRow], main: int) -> Figure:
    """Returns the scores of every method as bars, with 95 % intervals of means.

    Source: meng2022rome, Table 4.
    """
    figure, ax = plt.subplots(figsize=(8.5, 3.4))
    names = ("efficacy (ES)", "paraphrases (PS)", "neighbours (NS)", "all three (S)")
    width = 0.8 / len(METHODS)
    for place, (method, colour) in enumerate(zip(METHODS, PALETTE, strict=False)):
        parts = parts_of(select(rows, method, main if method == ROME else None))
        heights = [100 * float(part.mean()) for part in parts] + [100 * harmonic_score(*parts)]
        errors = [196 * float(part.std()) / np.sqrt(len(part)) for part in parts] + [0.0]
        at = np.arange(len(names)) + (place - (len(METHODS) - 1) / 2) * width
        ax.bar(
            at, heights, width, yerr=errors, label=method, color=colour, error_kw={"elinewidth": 0.8, "ecolor": "gray"}
        )
    ax.axhline(50, color="gray", linewidth=0.8, linestyle=":")
    ax.set(title="Edited facts, paraphrases and neighbours", ylabel="score (%)", ylim=(0, 105))
    ax.set_xticks(range(len(names)), names)
    ax.legend(fontsize=8, ncols=len(METHODS), loc="upper center", bbox_to_anchor=(0.5, -0.12))
    return figure


def draw_sweep(rows: Sequence[EditRow], traces: Traces, setting: Setting) -> Figure:
    """Returns edit success by layer beside the tracing effect, and fact by fact at the edited layer.

    Source: hase2023localization, § 4.
    """
    sweep = collect_sweep(rows, setting.sweep_layers, traces)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    _curve(left, sweep.layers, sweep.rewrite, "rewrite score", PALETTE[0])
    scores = [100 * harmonic_score(*sweep.parts[:, n].T) for n in range(len(sweep.layers))]
    left.plot(sweep.layers, scores, "s--", color=PALETTE[2], label="S", markersize=4)
    _curve(left, sweep.layers, sweep.traced, "tracing effect (MLPs)", PALETTE[1])
    left.set(
        title=f"{len(sweep.rewrite)} facts, edited at each layer", xlabel="edited layer", ylabel="score or effect (%)"
    )
    left.legend(fontsize=8)
    place = {int(case): number for number, case in enumerate(traces.case_id)}
    at_main = [row for row in select(rows, ROME, setting.edit_layer) if row.case_id in place]
    traced = effect_at(traces, setting.edit_layer)[[place[row.case_id] for row in at_main]]
    kept, rewrite = ~np.isnan(traced), column(at_main, "rewrite")
    right.scatter(100 * traced[kept], 100 * rewrite[kept], s=14, color=PALETTE[0])
    found = correlation(traced[kept], rewrite[kept])
    right.set(
        title=f"Edited at layer {setting.edit_layer}: correlation {found:.2f}",
        xlabel="tracing effect (points)",
        ylabel="rewrite score (%)",
    )
    return figure


def _heat(
    ax: Axes, grid: Float[np.ndarray, "row layer"], layers: np.ndarray, colours: str, low: float, high: float
) -> object:
    image = ax.imshow(grid, aspect="auto", cmap=colours, vmin=low, vmax=high)
    step = max(1, len(layers) // 6)
    ax.set_xticks(range(0, len(layers), step), [str(layer) for layer in layers[::step]])
    return image


def _curve(ax: Axes, layers: np.ndarray, values: Float[np.ndarray, "fact layer"], label: str, colour: str) -> None:
    """Draws the mean of the facts that have a number, in percent, with its 95 % interval."""
    found = 100 * values[~np.isnan(values).any(1)]
    if not len(found):
        return
    mean, error = found.mean(0), 1.96 * found.std(0) / np.sqrt(len(found))
    ax.plot(layers, mean, "o-", color=colour, label=label, markersize=3)
    ax.fill_between(layers, mean - error, mean + error, color=colour, alpha=0.15, linewidth=0)


def _mean(effects: Float[np.ndarray, "fact role layer"]) -> Float[np.ndarray, "role layer"]:
    """Returns means over the facts that have a token of the role; NaN for a role that no fact has."""
    counted = (~np.isnan(effects)).sum(0)
    with np.errstate(invalid="ignore"):
        return np.nansum(effects, axis=0) / np.where(counted, counted, np.nan)


def main() -> None:
    """Writes `results/<setting>/figures/`."""
    name = parse_setting("rome")
    folder, setting = results_dir("rome", name), load_setting("rome", name, Setting)
    traces, example = read_traces(folder / "traces.npz")
    rows = read_edits(folder / "edits.csv")
    drawn: dict[str, Callable[[], Figure]] = {
        "one-fact": lambda: draw_map(example, traces),
        "average-effects": lambda: draw_averages(traces),
        "severed": lambda: draw_severed(traces),
        "scores": lambda: draw_scores(rows, setting.edit_layer),
    }
    if setting.sweep_facts:
        drawn["layer-sweep"] = lambda: draw_sweep(rows, traces, setting)
    counts = {
        "traced": len(traces.clean),
        "windowed": int((~np.isnan(traces.scattered)).sum()),
        "edited": len(select(rows, UNEDITED)),
    }
    for figure, draw in drawn.items():
        save_figure(draw, folder / "figures" / figure, caption=CAPTIONS[figure].format(**counts))


if __name__ == "__main__":
    main()
