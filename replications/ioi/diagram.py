"""The circuit as a diagram: a box for each class, an arrow for each kind of path that was searched.

Source: wang2023ioi, Figure 2.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from replications.common.figures import PALETTE
from replications.ioi.roles import (
    BACKUP,
    DUPLICATE_TOKEN,
    INDUCTION,
    OTHER_AT_END,
    OTHER_AT_S1_NEXT,
    OTHER_AT_S2,
    OTHER_MOVER,
    PREVIOUS_TOKEN,
    S_INHIBITION,
    SUPPRESSOR,
)
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, NodeRow, PathRow

WIDTH, HEIGHT, BOX, LINE = 6.0, 7.2, 2.3, 0.17
HEADS_A_LINE, LINES = 5, 3


class Place(NamedTuple):
    """Where the box of a class is: its centre in inches, and which classes it shows besides its own."""

    x: float
    y: float
    others: tuple[str, ...] = ()


LEFT, RIGHT = 1.25, 4.25
PLACES = {
    PREVIOUS_TOKEN: Place(LEFT, 6.35, (OTHER_AT_S1_NEXT,)),
    INDUCTION: Place(LEFT, 5.0),
    DUPLICATE_TOKEN: Place(LEFT, 3.75, (OTHER_AT_S2,)),
    S_INHIBITION: Place(RIGHT, 5.0, (OTHER_AT_END,)),
    NAME_MOVER: Place(RIGHT, 3.45, (OTHER_MOVER,)),
    SUPPRESSOR: Place(RIGHT, 2.4),
    NEGATIVE_NAME_MOVER: Place(LEFT, 2.4),
    BACKUP: Place(LEFT, 1.3),
}
TITLES = {PREVIOUS_TOKEN: "at S1+1", INDUCTION: "at S2", DUPLICATE_TOKEN: "at S2"}
ARROWS = {  # paths.csv names each by its receivers and what they read
    "keys at S1+1 of the induction heads": ((PREVIOUS_TOKEN,), INDUCTION, "keys"),
    "values at S2 of the S-inhibition heads": ((INDUCTION, DUPLICATE_TOKEN), S_INHIBITION, "values"),
    "keys at S2 of the subject suppressors": ((INDUCTION, DUPLICATE_TOKEN), SUPPRESSOR, "keys"),
    "queries of the name movers": ((S_INHIBITION,), NAME_MOVER, "queries"),
    "queries of the subject suppressors": ((S_INHIBITION,), SUPPRESSOR, "queries"),
}


def draw_diagram(nodes: Sequence[NodeRow], paths: Sequence[PathRow]) -> Figure:
    """Returns the diagram; an arrow's number is what all paths of its kind carry together, of the logit difference."""
    heads: dict[str, list[str]] = {}
    for row in nodes:
        if row.role:
            heads.setdefault(row.role, []).append(str(row.address))
    of_all = {row.paths: row.of_all for row in paths}
    figure: Figure
    figure, axes = plt.subplots(figsize=(WIDTH, HEIGHT), layout="none")
    axes.set_axis_off()
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT), aspect="equal")
    figure.subplots_adjust(0, 0, 1, 1)
    axes.text(LEFT, HEIGHT - 0.15, "at S1+1 and S2", ha="center", va="top", weight="bold")
    axes.text(RIGHT, HEIGHT - 0.15, "at END", ha="center", va="top", weight="bold")
    boxes = {role: _draw_box(axes, role, place, heads) for role, place in PLACES.items()}
    for name, (senders, receiver, read) in ARROWS.items():
        for place, sender in enumerate(role for role in senders if heads.get(role)):
            if name in of_all and heads.get(receiver):
                label = f"{read}\n{of_all[name]:+.0%}" if place == 0 else ""
                _draw_arrow(axes, boxes[sender], boxes[receiver], label)
    _draw_logits(axes, boxes, heads)
    return figure


def _draw_box(
    axes: Axes, role: str, place: Place, heads: Mapping[str, Sequence[str]]
) -> tuple[float, float, float, float]:
    """Draws the box of a class and returns its edges: left, bottom, right, top."""
    parts = [(role, heads.get(role, ())), *((other, heads[other]) for other in place.others if heads.get(other))]
    lines = []
    for number, (name, members) in enumerate(parts):
        title = f"{name} heads" if "mover" not in name and "suppressor" not in name else f"{name}s"
        if number:
            lines.append(f"{name.replace(' at END', '').replace(' at S2', '').replace(' at S1+1', '')}:")
        else:
            lines.append(f"{title[0].upper()}{title[1:]}")
        lines += _wrap(members)
    height = LINE * len(lines) + 0.16
    box = place.x - BOX / 2, place.y - height / 2, place.x + BOX / 2, place.y + height / 2
    found = bool(parts[0][1])
    hinders = role == NEGATIVE_NAME_MOVER
    axes.add_patch(
        FancyBboxPatch(
            box[:2],
            BOX,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="none",
            linewidth=1.6,
            edgecolor=PALETTE[5] if hinders else PALETTE[4],
            linestyle="-" if found else ":",
        )
    )
    for number, line in enumerate(lines):
        top = box[3] - 0.08 - LINE * number
        axes.text(place.x, top, line, ha="center", va="top", size=8.5, weight="bold" if number == 0 else "normal")
    return box


def _wrap(heads: Sequence[str]) -> list[str]:
    """Returns the heads in lines, and how many more there are."""
    if not heads:
        return ["none found"]
    lines = ["  ".join(heads[i : i + HEADS_A_LINE]) for i in range(0, len(heads), HEADS_A_LINE)]
    more = len(heads) - HEADS_A_LINE * LINES
    return lines if more <= 0 else [*lines[:LINES], f"and {more} more"]


def _draw_arrow(axes: Axes, sender: Sequence[float], receiver: Sequence[float], label: str) -> None:
    same_column = abs(sender[0] - receiver[0]) < 0.1
    if same_column:
        x = (sender[0] + sender[2]) / 2
        start, end = (x, sender[1]), (x, receiver[3])
        if sender[1] - receiver[3] > 1:  # around the box between
            start, end = (sender[2] - 0.12, sender[1]), (receiver[2] - 0.12, receiver[3])
    else:
        start, end = (sender[2], (sender[1] + sender[3]) / 2), (receiver[0], (receiver[1] + receiver[3]) / 2)
    style = {"arrowstyle": "-|>", "color": plt.rcParams["text.color"], "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1}
    if same_column and start[0] != (sender[0] + sender[2]) / 2:
        style["connectionstyle"] = "arc3,rad=-0.45"
    axes.annotate("", end, start, arrowprops=style)
    if label:
        across = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        x, y = (across[0] + 0.06, across[1]) if same_column else (across[0], across[1] + 0.05)
        if "connectionstyle" in style:
            x = receiver[2] + 0.34  # beside the arc
        elif not same_column and start[1] - end[1] > 1:
            x, y = end[0] - 0.45, end[1] + 0.75  # beside a steep arrow, near its head
        axes.text(
            x, y, label, size=7.5, ha="left" if same_column else "center", va="center" if same_column else "bottom"
        )


def _draw_logits(axes: Axes, boxes: Mapping[str, Sequence[float]], heads: Mapping[str, Sequence[str]]) -> None:
    top = 0.45
    axes.text(RIGHT, 0.25, "logit of IO minus logit of S", ha="center", va="center", weight="bold", size=9)
    style = {"arrowstyle": "-|>", "color": plt.rcParams["text.color"], "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1}
    for place, role in enumerate((SUPPRESSOR, NEGATIVE_NAME_MOVER, BACKUP)):
        if heads.get(role):
            box = boxes[role]
            start = (RIGHT, box[1]) if role == SUPPRESSOR else (box[2], (box[1] + box[3]) / 2)
            axes.annotate("", (RIGHT - 0.35 * place, top), start, arrowprops=style)
    if heads.get(NAME_MOVER):
        box = boxes[NAME_MOVER]
        axes.annotate(
            "", (RIGHT + 0.6, top), (box[2] - 0.1, box[1]), arrowprops={**style, "connectionstyle": "arc3,rad=-0.25"}
        )
