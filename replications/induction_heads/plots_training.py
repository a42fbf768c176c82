"""Figures of training: loss with its descent, scores over tokens on one axis, and how the transition moves."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replications.induction_heads.curves import descent
from replications.induction_heads.tables import Curve

MILLION = 1e6
IN_CONTEXT, PREFIX = "late-minus-early\nloss (nats)", "highest prefix\nmatching score"


def draw_losses(curves: Sequence[Curve], models: Sequence[str], smoothing: int) -> Figure:
    """Returns the loss curves of some models above their descent.

    Source: olsson2022context, Argument 1 and Model Analysis Table.
    """
    figure, (above, below) = _stack(2, "Loss over training, and how fast it falls")
    for colour, model in enumerate(models):
        for curve in _of(curves, model):
            label = _label(curve, curves)
            above.plot(curve.tokens / MILLION, curve.loss, color=f"C{colour}", label=label, linewidth=1.3)
            times, slopes = descent(curve.tokens, curve.loss, smoothing)
            below.plot(times / MILLION, slopes, color=f"C{colour}", linewidth=1.3)
    above.set_ylabel("loss (nats)")
    below.set_ylabel("descent (nats\nper e-fold of tokens)")
    _finish(above, below)
    return figure


def draw_scores(curves: Sequence[Curve], models: Sequence[str], title: str) -> Figure:
    """Returns in-context score and highest prefix matching score of some models over the same tokens.

    Source: olsson2022context, Argument 1 (co-occurrence) and Argument 2 (smeared keys).
    """
    figure, (above, below) = _stack(2, title)
    for colour, model in enumerate(models):
        for curve in _of(curves, model):
            label = _label(curve, curves)
            above.plot(curve.tokens / MILLION, curve.in_context, color=f"C{colour}", label=label, linewidth=1.3)
            below.plot(curve.tokens / MILLION, curve.prefix, color=f"C{colour}", linewidth=1.3)
    above.set_ylabel(IN_CONTEXT)
    below.set_ylabel(PREFIX)
    below.set_ylim(-0.03, 1.03)
    _finish(above, below)
    return figure


def draw_variations(curves: Sequence[Curve], groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> Figure:
    """Returns the highest prefix matching score over training, a panel for each group of models.

    Args:
        curves: of the runs.
        groups: for each panel its title, and the models with the labels that they get in it.
    """
    figure: Figure
    figure, panels = plt.subplots(1, len(groups), figsize=(3.7 * len(groups), 2.8), sharey=True, squeeze=False)
    for axes, (title, models) in zip(panels[0], groups, strict=True):
        for colour, (model, label) in enumerate(models):
            for number, curve in enumerate(_of(curves, model)):
                shown = label if number == 0 else None
                axes.plot(curve.tokens / MILLION, curve.prefix, color=f"C{colour}", label=shown, linewidth=1.3)
        axes.set(title=title, xlabel="tokens seen (millions)", ylim=(-0.03, 1.3))
        axes.grid(alpha=0.5)
        axes.legend(fontsize=8, loc="upper center", ncols=2)
    panels[0, 0].set_ylabel(PREFIX)
    return figure


def _stack(rows: int, title: str) -> tuple[Figure, Sequence[Axes]]:
    figure: Figure
    figure, axes = plt.subplots(rows, 1, figsize=(6.4, 2.2 * rows), sharex=True)
    axes[0].set_title(title)
    return figure, axes


def _finish(above: Axes, below: Axes) -> None:
    for axes in (above, below):
        axes.grid(alpha=0.5)
    below.set_xlabel("tokens seen (millions)")
    above.legend(fontsize=8, loc="best")


def _of(curves: Sequence[Curve], model: str) -> list[Curve]:
    return [curve for curve in curves if curve.model == model]


def _label(curve: Curve, curves: Sequence[Curve]) -> str | None:
    """Returns the model's name for the first of its seeds, so that a legend names it once."""
    first = min(other.seed for other in curves if other.model == curve.model)
    return curve.model.replace("-", " ") if curve.seed == first else None
