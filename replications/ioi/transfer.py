"""Does the algorithm transfer? The paper's classes of heads in GPT-2 small beside those that were found here.

Source: wang2023ioi, § 3 (classes and heads).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from replications.common.measurements import Measurement
from replications.ioi.movers import Head
from replications.ioi.roles import (
    BACKUP,
    DUPLICATE_TOKEN,
    INDUCTION,
    OTHER_AT_END,
    OTHER_AT_S1_NEXT,
    OTHER_AT_S2,
    OTHER_MOVER,
    PAPER_CIRCUIT,
    PREVIOUS_TOKEN,
    S_INHIBITION,
    SUPPRESSOR,
)
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, NodeRow

PAPER_LAYERS = 12  # of GPT-2 small
IN_ORDER = (NAME_MOVER, NEGATIVE_NAME_MOVER, BACKUP, S_INHIBITION, INDUCTION, DUPLICATE_TOKEN, PREVIOUS_TOKEN)
NEW = (SUPPRESSOR, OTHER_MOVER, OTHER_AT_END, OTHER_AT_S2, OTHER_AT_S1_NEXT)


@dataclass(frozen=True)
class Counterpart:
    """A class of heads in the paper's model and here.

    Attributes:
        role: the class.
        in_paper: its heads in GPT-2 small.
        paper_depth: their mean relative depth, 0 = first layer, 1 = last; None if there are none.
        here: its heads in this model, strongest first.
        depth: their mean relative depth.
        effects: weakest and strongest effect of their paths, of the logit difference; None if there are none.
    """

    role: str
    in_paper: Sequence[Head]
    paper_depth: float | None
    here: Sequence[Head]
    depth: float | None
    effects: tuple[float, float] | None


def compare_classes(nodes: Sequence[NodeRow], n_layers: int) -> list[Counterpart]:
    """Returns the paper's classes in its order, and then those that only exist here."""
    table = []
    for role in (*IN_ORDER, *NEW):
        rows = [row for row in nodes if row.found == role]
        if role in NEW and not rows:
            continue
        in_paper, here = PAPER_CIRCUIT.get(role, ()), [row.address for row in rows]
        effects = sorted((row.effect for row in rows), key=abs)
        table.append(
            Counterpart(
                role=role,
                in_paper=in_paper,
                paper_depth=_depth(in_paper, PAPER_LAYERS),
                here=here,
                depth=_depth(here, n_layers),
                effects=(effects[0], effects[-1]) if effects else None,
            )
        )
    return table


def count_shared_groups(nodes: Sequence[NodeRow], heads_per_group: int) -> int:
    """Returns how many heads of the circuit share their key and value with another head of it."""
    heads = {row.address for row in nodes if row.role}
    groups = [(head.layer, head.head // heads_per_group) for head in heads]
    return sum(groups.count(group) > 1 for group in groups)


def summarise_transfer(
    table: Sequence[Counterpart], measured: Mapping[str, Measurement], printed: Mapping[str, float]
) -> str:
    """Returns what the numbers say of the question, in sentences.

    Args:
        table: the classes.
        measured: measurements by claim id.
        printed: the paper's numbers by claim id.
    """
    of_paper = [row for row in table if row.role in IN_ORDER]
    absent = [row.role for row in of_paper if not row.here]
    new = [f"{row.role} ({len(row.here)})" for row in table if row.role in NEW]
    first = f"Of the paper's {len(of_paper)} classes, {len(of_paper) - len(absent)} have a counterpart here"
    sentences = [f"{first} and {len(absent)} have none: {', '.join(absent)}." if absent else f"{first}."]
    if new:
        sentences.append(f"Not in the paper: {', '.join(new)}.")
    sentences += _compare_numbers(measured, printed)
    return " ".join(sentences)


def _compare_numbers(measured: Mapping[str, Measurement], printed: Mapping[str, float]) -> list[str]:
    """Returns a sentence for each number that exists here."""
    value = {name: measurement.value for name, measurement in measured.items()}
    sentences = []
    if value["faithfulness"] is not None:
        sentences.append(
            f"The heads that were found keep {value['faithfulness']:.0%} of the logit difference when all others are "
            f"ablated (paper: {printed['faithfulness']:.0%} in its text, {printed['faithfulness-by-figure-20']:.0%} "
            "in its Figure 20)."
        )
    position, token = value["signal-position-slope"], value["signal-token-slope"]
    if position is not None and token is not None:
        sentences.append(
            f"What the S-inhibition heads carry weighs {position:+.2f} for the position of the repeated name and "
            f"{token:+.2f} for the name itself, as fractions of the logit difference (paper: "
            f"{printed['signal-position-slope']:+.2f} and {printed['signal-token-slope']:+.2f})."
        )
    if value["name-movers-knocked-out"] is not None:
        sentences.append(
            f"Without all name movers the model keeps {value['name-movers-knocked-out']:.0%} of the logit difference "
            f"(paper: {printed['name-movers-knocked-out']:.0%})."
        )
    if value["completeness-greedy"] is not None:
        sentences.append(
            "The account has gaps: there are parts without which circuit and model differ by "
            f"{value['completeness-greedy']:.0%} of the logit difference (paper: {printed['completeness-greedy']:.0%})."
        )
    return sentences


def _depth(heads: Sequence[Head], n_layers: int) -> float | None:
    return float(np.mean([head.layer / (n_layers - 1) for head in heads])) if heads else None
