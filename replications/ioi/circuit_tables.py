"""From what the second half read off the model to the rows of its result files."""

from collections.abc import Sequence

import numpy as np

from replications.ioi.circuit_estimates import CircuitReadings
from replications.ioi.criteria import MinimalityOf
from replications.ioi.encoding import END, S1_NEXT, S2
from replications.ioi.evaluators import RandomTokenScores
from replications.ioi.knockout import AblationCase
from replications.ioi.movers import Head
from replications.ioi.roles import (
    BACKUP,
    DUPLICATE_TOKEN,
    INDUCTION,
    PREVIOUS_TOKEN,
    S_INHIBITION,
    SUPPRESSOR,
    Circuit,
    nodes_of,
)
from replications.ioi.search import attention_from, draw_line
from replications.ioi.search_estimates import SearchReadings
from replications.ioi.tables import HeadRow, NodeRow, PathRow, RemovalRow

SCORE_OF_ROLE = {INDUCTION: "induction", DUPLICATE_TOKEN: "duplicate", PREVIOUS_TOKEN: "previous"}


def tabulate_nodes(
    circuit: Circuit,
    found: Circuit,
    readings: SearchReadings,
    rows: Sequence[HeadRow],
    cases: Sequence[AblationCase],
    scores: RandomTokenScores,
    of_circuit: CircuitReadings,
) -> list[NodeRow]:
    """Returns a row for each node of the circuit that was measured, and for each that the search found."""
    roles, found_roles = (
        {node: role for role in reversed(list(c)) for node in nodes_of(c, role)} for c in (circuit, found)
    )
    plain = float(of_circuit.plain.mean())
    minimality = {m.node: _minimality(m) / plain for m in of_circuit.minimality}
    attention = _attention(cases)
    effects = {Head(row.layer, row.head): row.effect for row in rows}
    table = []
    for node in dict.fromkeys([*nodes_of(circuit), *nodes_of(found)]):
        role = roles.get(node) or found_roles[node]
        table.append(
            NodeRow(
                layer=node.head.layer,
                head=node.head.head,
                slot=node.slot,
                role=roles.get(node, ""),
                found=found_roles.get(node, ""),
                effect=_effect(role, node.head, readings, effects),
                attention=float(attention.get(role, attention[None])[node.head]),
                random_token_score=float(getattr(scores, SCORE_OF_ROLE[role])[node.head])
                if role in SCORE_OF_ROLE
                else 0.0,
                minimality=minimality.get(node, 0.0),
            )
        )
    return table


def tabulate_paths(readings: SearchReadings) -> list[PathRow]:
    """Returns a row for each sender head and set of receivers."""
    table = []
    difference = float(readings.difference.mean())
    for paths in (paths for step in readings.steps for paths in step.paths):
        of_all = float(paths.of_all.mean()) / difference
        effects, line = paths.effects.mean(0) / difference, draw_line(of_all, readings.lines)
        table += [
            PathRow(paths.name, *place, float(effects[place]), of_all, -line) for place in np.ndindex(effects.shape)
        ]
    return table


def tabulate_removals(of_circuit: CircuitReadings) -> list[RemovalRow]:
    """Returns a row for each part that was removed, and first the circuits with nothing removed."""
    plain = float(of_circuit.plain.mean())
    table = [
        RemovalRow("full", "none", "nothing", float(of_circuit.whole.mean()), plain),
        RemovalRow("naive", "none", "nothing", float(of_circuit.naive.mean()), plain),
    ]
    for name, removals in (("full", of_circuit.removals), ("naive", of_circuit.naive_removals)):
        table += [
            RemovalRow(name, m.kind, m.name, float(m.of_circuit.mean()), float(m.of_model.mean())) for m in removals
        ]
    return table


def _minimality(m: MinimalityOf) -> float:
    return max(abs(float((m.whole - m.without).mean())), abs(float((m.alone - m.without_class).mean())))


def _effect(role: str, head: Head, readings: SearchReadings, direct: dict[Head, float]) -> float:
    """Returns what a head's path carries, the strongest of its class's paths, as a fraction of the logit difference."""
    difference = float(readings.difference.mean())
    if role == BACKUP:
        return float(readings.growth.mean(0)[head]) / difference
    for step in readings.steps:
        if role in (*step.attention, step.other) and step.paths:
            return min(float(paths.effects.mean(0)[head]) / difference for paths in step.paths)
    return direct[head]


def _attention(cases: Sequence[AblationCase]) -> dict[str | None, np.ndarray]:
    """Returns every head's mean attention to what each class is named after; by default from END to IO."""
    to_s2 = attention_from(cases, END, lambda batch: batch.s2).mean(0)
    to_s1 = attention_from(cases, END, lambda batch: batch.s1).mean(0)
    return {
        None: attention_from(cases, END, lambda batch: batch.io).mean(0),
        SUPPRESSOR: to_s1 + to_s2,
        S_INHIBITION: to_s2,
        DUPLICATE_TOKEN: attention_from(cases, S2, lambda batch: batch.s1).mean(0),
        INDUCTION: attention_from(cases, S2, lambda batch: batch.position(S1_NEXT)).mean(0),
        PREVIOUS_TOKEN: attention_from(cases, S1_NEXT, lambda batch: batch.s1).mean(0),
    }
