"""The comparison with the paper's classes: planted nodes give the table, and the sentences say what the numbers are."""

import numpy as np
import pytest

from replications.common.claims import load_claims
from replications.common.measurements import Measurement, exact, missing
from replications.ioi.movers import Head
from replications.ioi.roles import (
    DUPLICATE_TOKEN,
    OTHER_AT_S2,
    PAPER_CIRCUIT,
    S_INHIBITION,
    SUPPRESSOR,
    nodes_of,
    sort_movers,
)
from replications.ioi.search import Lines, Paths, Step
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow, NodeRow
from replications.ioi.transfer import IN_ORDER, compare_classes, count_shared_groups, summarise_transfer

PRINTED = {claim.id: claim.paper_value for claim in load_claims("ioi").claims}


def node(layer: int, head: int, role: str, effect: float) -> NodeRow:
    return NodeRow(layer, head, "END", role, role, effect, 0.5, 0.0, 0.1)


def numbers(**values: float | None) -> dict[str, Measurement]:
    names = (
        "faithfulness", "signal-position-slope", "signal-token-slope", "name-movers-knocked-out", "completeness-greedy",
    )  # fmt: skip
    given = {name.replace("_", "-"): value for name, value in values.items()}
    return {n: missing("none", "fraction") if given.get(n) is None else exact(given[n], 1, "fraction") for n in names}


def test_the_papers_circuit_has_26_heads_in_seven_classes():
    assert len(nodes_of(PAPER_CIRCUIT)) == 26 and set(PAPER_CIRCUIT) == set(IN_ORDER)


def test_classes_are_compared_in_the_papers_order_and_new_ones_come_last():
    nodes = [node(23, 0, NAME_MOVER, -0.1), node(21, 2, NAME_MOVER, -0.3), node(23, 3, SUPPRESSOR, -0.6)]
    table = compare_classes(nodes, n_layers=30)
    assert [row.role for row in table] == [*IN_ORDER, SUPPRESSOR]
    first, last = table[0], table[-1]
    assert first.here == [Head(23, 0), Head(21, 2)] and first.effects == (-0.1, -0.3)
    assert first.depth == pytest.approx(22 / 29) and first.paper_depth == pytest.approx((9 + 9 + 10) / 3 / 11)
    assert last.paper_depth is None and table[1].effects is None


def test_the_sentences_say_what_is_missing_what_is_new_and_what_the_numbers_are():
    table = compare_classes([node(23, 0, NAME_MOVER, -0.1), node(23, 3, SUPPRESSOR, -0.6)], n_layers=30)
    text = summarise_transfer(table, numbers(faithfulness=0.5, name_movers_knocked_out=0.25), PRINTED)
    assert "Of the paper's 7 classes, 1 have a counterpart here and 6 have none: negative name mover" in text
    assert "Not in the paper: subject suppressor (1)." in text
    assert "keep 50% of the logit difference" in text and "(paper: 87% in its text, 74% in its Figure 20)" in text
    assert "keeps 25% of the logit difference (paper: 95%)" in text and "weighs" not in text


def test_heads_that_share_a_key_with_another_of_the_circuit_are_counted():
    nodes = [node(5, 0, NAME_MOVER, 0), node(5, 2, NAME_MOVER, 0), node(5, 3, NAME_MOVER, 0), node(6, 1, NAME_MOVER, 0)]
    assert count_shared_groups(nodes, heads_per_group=3) == 2
    assert count_shared_groups(nodes, heads_per_group=1) == 0


def test_movers_are_sorted_by_the_name_that_they_attend_to():
    def mover(head: int, role: str, effect: float, io: float, s: float) -> HeadRow:
        return HeadRow(0, head, role, effect, effect, io, s, 0.0, 0.0, 0.0)

    rows = [
        mover(0, NAME_MOVER, -0.1, 0.6, 0.2),
        mover(1, NAME_MOVER, -0.5, 0.1, 0.6),
        mover(2, NAME_MOVER, -0.2, 0.01, 0.02),
        mover(3, NEGATIVE_NAME_MOVER, 0.2, 0.6, 0.2),
        mover(4, "", -0.05, 0.9, 0.0),
    ]
    found = {role: [head.head for head in heads] for role, heads in sort_movers(rows, attention_line=0.1).items()}
    assert found == {NAME_MOVER: [0], SUPPRESSOR: [1], "other mover": [2], NEGATIVE_NAME_MOVER: [3]}


def test_a_head_belongs_to_a_class_if_its_path_carries_a_tenth_of_all_and_by_what_it_attends_to():
    effects, attention = np.zeros((4, 2, 3)), {role: np.zeros((4, 2, 3)) for role in (S_INHIBITION, DUPLICATE_TOKEN)}
    effects[:, 0, 0], effects[:, 0, 1], effects[:, 1, 2] = -0.5, -0.09, -0.3  # of_all: -1, so the line is at -0.1
    attention[S_INHIBITION][:, 0, 0], attention[DUPLICATE_TOKEN][:, 0, 0] = 0.2, 0.6
    step = Step([Paths("x", effects, np.full(4, -1.0))], attention, OTHER_AT_S2)
    lines = Lines(of_path=0.1, of_difference=0.01, attention=0.1)
    assert step.classify(np.ones(4), lines) == {
        S_INHIBITION: [], DUPLICATE_TOKEN: [Head(0, 0)], OTHER_AT_S2: [Head(1, 2)],
    }  # fmt: skip
    weak = Step([Paths("x", effects / 100, np.full(4, -0.01))], attention, OTHER_AT_S2)
    assert not any(weak.classify(np.ones(4), lines).values())  # a hundredth of the logit difference is asked for too
