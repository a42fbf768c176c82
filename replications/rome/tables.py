"""The rows of `edits.csv`, one for each edit."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from replications.common.files import write_text

UNEDITED, FT, FTL, ROME, IDENTITY = "unedited", "FT", "FT+L", "ROME", "ROME, C = I"


@dataclass(frozen=True)
class EditRow:
    """One edit in numbers; see `Scores` for the scores.

    Attributes:
        case_id: the fact.
        relation: its relation.
        method: how it was edited.
        layer: where; -1 for the unedited model.
        rewrite: (P after - P before) / (1 - P before) of the new object (Hase et al. 2023).
        change: norm of the change, as a fraction of the matrix's.
        constraint: relative error of W k* = v*; 0 for fine-tuning.
        loss: of v* at the end; 0 for fine-tuning.
        restored: 1 if the weights were the same, bit by bit, afterwards.
    """

    case_id: int
    relation: str
    method: str
    layer: int
    efficacy: float
    efficacy_magnitude: float
    paraphrase: float
    paraphrase_magnitude: float
    neighborhood: float
    neighborhood_magnitude: float
    rewrite: float
    change: float
    constraint: float
    loss: float
    restored: int


def write_edits(path: Path, rows: Sequence[EditRow]) -> None:
    """Writes a row for each edit as CSV."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    names = [f.name for f in fields(EditRow)]
    writer.writerow(names)
    for row in rows:
        values = (getattr(row, name) for name in names)
        writer.writerow([f"{value:.6g}" if isinstance(value, float) else value for value in values])
    write_text(path, content.getvalue())


def read_edits(path: Path) -> list[EditRow]:
    """Returns what `write_edits` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [parse_row(list(row.values())) for row in csv.DictReader(file)]


def parse_row(values: Sequence[str]) -> EditRow:
    """Returns a row from its strings."""
    kinds = {"int": int, "float": float, "str": str, int: int, float: float, str: str}
    return EditRow(*(kinds[f.type](value) for f, value in zip(fields(EditRow), values, strict=True)))  # type: ignore[index]
