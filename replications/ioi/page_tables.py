"""The tables of the page that are longer than a few lines of Markdown, as HTML."""

from collections.abc import Iterable, Sequence

from replications.ioi.movers import Head
from replications.ioi.tables import HeadRow, NodeRow
from replications.ioi.transfer import Counterpart

SHOWN_HEADS = 8  # of a class, in the comparison with the paper


def write_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a table; cells are taken as HTML."""
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def tabulate_movers(rows: Sequence[HeadRow], roles: Sequence[str]) -> str:
    """Returns the heads of some roles, strongest first, and what their numbers say that they do."""
    titles = (
        "head", "role", "effect", "held out", "attention to IO", "to S1 + S2", "correlation", "copy score",
        "negative copy score", "reading",
    )  # fmt: skip
    found = [row for role in roles for row in sorted(rows, key=lambda row: -abs(row.effect)) if row.role == role]
    return write_table(
        titles,
        [
            (
                row.address, row.role, f"{row.effect:+.1%}", f"{row.held_out_effect:+.1%}", f"{row.attention_io:.2f}",
                f"{row.attention_s:.2f}", f"{row.correlation:.2f}", f"{row.copy_score:.0%}",
                f"{row.negative_copy_score:.0%}", read_head(row),
            )
            for row in found
        ],
    )  # fmt: skip


def read_head(row: HeadRow) -> str:
    """Returns what the numbers of a head say that it does."""
    if max(row.attention_io, row.attention_s) < 0.1:
        return "attends to neither name"
    name = "IO" if row.attention_io > row.attention_s else "S"
    if row.copy_score > 0.5:
        return f"attends to {name}, copies"
    return f"attends to {name}, suppresses" if row.negative_copy_score > 0.5 else f"attends to {name}"


def tabulate_circuit(nodes: Sequence[NodeRow]) -> str:
    """Returns the heads of the circuit."""
    return write_table(
        ("head", "class", "at", "effect", "attention", "score", "needed"),
        [
            (
                row.address, row.role or row.found, row.slot, f"{row.effect:+.1%}", f"{row.attention:.2f}",
                f"{row.random_token_score:.2f}" if row.random_token_score else "", f"{row.minimality:.1%}",
            )
            for row in nodes
        ],
    )  # fmt: skip


def tabulate_classes(table: Sequence[Counterpart], setting: str) -> str:
    """Returns the paper's classes of heads beside those of a setting."""
    return write_table(
        ("class", "GPT-2 small (paper)", "depth", f"here ({setting})", "depth", "effects"),
        [
            (
                row.role, list_heads(row.in_paper), show_depth(row.paper_depth), list_heads(row.here),
                show_depth(row.depth), show_effects(row.effects),
            )
            for row in table
        ],
    )  # fmt: skip


def show_depth(depth: float | None) -> str:
    """Returns a depth, or nothing for no heads."""
    return "" if depth is None else f"{depth:.2f}"


def show_effects(effects: tuple[float, float] | None) -> str:
    """Returns the weakest and the strongest effect, or the only one, or nothing."""
    return "" if effects is None else " to ".join(dict.fromkeys(f"{effect:+.1%}" for effect in effects))


def list_heads(heads: Sequence[Head]) -> str:
    """Returns how many heads there are, and the first of them."""
    listed = ", ".join(map(str, heads[:SHOWN_HEADS])) + (", …" if len(heads) > SHOWN_HEADS else "")
    return f"{len(heads)}: {listed}" if heads else "none"
