"""Figures: each is drawn twice, for the light and the dark theme of the site, as SVG that is the same on every run."""

import io
from collections.abc import Callable
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from replications.common.files import write_bytes, write_text

# Okabe & Ito's colours, which people with any colour vision tell apart; the black is replaced by the text colour.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
INK = {"light": "#1f2328", "dark": "#e6e6e6"}
GRID = {"light": "#d0d7de", "dark": "#3d444d"}
DIVERGING = "RdBu_r"  # white at zero; use with symmetric limits


def save_figure(draw: Callable[[], Figure], path: Path, *, caption: str) -> None:
    """Writes `<path>-light.svg`, `<path>-dark.svg` and `<path>.txt`, calling `draw` once under each style.

    Args:
        draw: makes the figure with the colours of `matplotlib.rcParams`.
        path: file name without a suffix.
        caption: what the figure shows and how to read it, in one to three sentences; also its text alternative.
    """
    write_text(path.with_name(f"{path.name}.txt"), caption.strip() + "\n")
    for theme in ("light", "dark"):
        with plt.rc_context(_style(theme)):
            figure = draw()
            content = io.BytesIO()
            figure.savefig(content, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
            plt.close(figure)
        write_bytes(path.with_name(f"{path.name}-{theme}.svg"), content.getvalue())


def _style(theme: str) -> dict[str, object]:
    ink = INK[theme]
    return {
        "svg.hashsalt": "interpretability-replicated",  # else ids differ on every run
        "svg.fonttype": "path",  # else the reader's machine needs the font
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": ink,
        "axes.titlecolor": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "grid.color": GRID[theme],
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": plt.cycler(color=PALETTE),
    }
