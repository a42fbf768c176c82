"""The classes of heads in the circuit, where each acts, and the paper's own circuit.

Source: wang2023ioi, § 3 (classes), § 4.3 (naive circuit), App. C, D and F (heads).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from replications.ioi.encoding import END, S1_NEXT, S2
from replications.ioi.movers import Head
from replications.ioi.tables import NAME_MOVER, NEGATIVE_NAME_MOVER, HeadRow

SUPPRESSOR, OTHER_MOVER = "subject suppressor", "other mover"
S_INHIBITION, OTHER_AT_END = "S-inhibition", "other at END"
INDUCTION, DUPLICATE_TOKEN, OTHER_AT_S2 = "induction", "duplicate token", "other at S2"
PREVIOUS_TOKEN, OTHER_AT_S1_NEXT = "previous token", "other at S1+1"
BACKUP = "backup name mover"

SLOT_OF_ROLE = {
    NAME_MOVER: END,
    SUPPRESSOR: END,
    OTHER_MOVER: END,
    NEGATIVE_NAME_MOVER: END,
    BACKUP: END,
    S_INHIBITION: END,
    OTHER_AT_END: END,
    INDUCTION: S2,
    DUPLICATE_TOKEN: S2,
    OTHER_AT_S2: S2,
    PREVIOUS_TOKEN: S1_NEXT,
    OTHER_AT_S1_NEXT: S1_NEXT,
}

HELPING_MOVERS = (NAME_MOVER, SUPPRESSOR, OTHER_MOVER)
NAIVE_ROLES = (*HELPING_MOVERS, S_INHIBITION, INDUCTION, DUPLICATE_TOKEN, PREVIOUS_TOKEN)
HALVED_IN_NAIVE = (INDUCTION, DUPLICATE_TOKEN, PREVIOUS_TOKEN)  # § 4.3: two heads of each


class Node(NamedTuple):
    """A head at the one position where it acts in the circuit; prints as `9.6 at END`."""

    head: Head
    slot: str

    def __str__(self) -> str:
        return f"{self.head} at {self.slot}"


Circuit = Mapping[str, Sequence[Head]]  # role -> heads, strongest first


def parse_heads(text: str) -> list[Head]:
    """Returns the heads in a text such as `9.9 10.0`."""
    return [Head(*map(int, word.split("."))) for word in text.split()]


PAPER_CIRCUIT: Circuit = {
    NAME_MOVER: parse_heads("9.9 10.0 9.6"),
    NEGATIVE_NAME_MOVER: parse_heads("10.7 11.10"),
    S_INHIBITION: parse_heads("8.6 7.9 8.10 7.3"),
    INDUCTION: parse_heads("5.5 5.9 6.9 5.8"),
    DUPLICATE_TOKEN: parse_heads("3.0 0.10 0.1"),
    PREVIOUS_TOKEN: parse_heads("2.2 4.11"),
    BACKUP: parse_heads("10.10 10.6 10.2 10.1 11.2 9.7 9.0 11.9"),
}


def nodes_of(circuit: Circuit, *roles: str) -> list[Node]:
    """Returns the nodes of some roles, or of all, each once and in the order of roles."""
    found = [Node(head, SLOT_OF_ROLE[role]) for role in roles or circuit for head in circuit.get(role, ())]
    return list(dict.fromkeys(found))


def make_naive(circuit: Circuit) -> Circuit:
    """Returns the circuit without backup and negative name movers, and with the two strongest of each early class.

    Source: wang2023ioi, § 4.3.
    """
    return {
        role: list(heads)[:2] if role in HALVED_IN_NAIVE else heads
        for role, heads in circuit.items()
        if role in NAIVE_ROLES
    }


def sort_movers(rows: Sequence[HeadRow], attention_line: float) -> dict[str, list[Head]]:
    """Returns the movers of the first half by kind, strongest first.

    A mover that helps is a name mover if it attends to IO, a subject suppressor if it attends more to S, and another
    mover if it attends to neither (both below `attention_line`).
    """
    # Deviation: movers-of-several-kinds
    kinds: dict[str, list[Head]] = {NAME_MOVER: [], SUPPRESSOR: [], OTHER_MOVER: [], NEGATIVE_NAME_MOVER: []}
    for row in sorted(rows, key=lambda row: -abs(row.effect)):
        if row.role == NEGATIVE_NAME_MOVER:
            kinds[NEGATIVE_NAME_MOVER].append(row.address)
        elif row.role == NAME_MOVER:
            names = (row.attention_io, row.attention_s)
            kind = OTHER_MOVER if max(names) < attention_line else NAME_MOVER if names[0] >= names[1] else SUPPRESSOR
            kinds[kind].append(row.address)
    return kinds
