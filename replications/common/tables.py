"""Rows of a result file: frozen dataclasses of numbers and words, written as CSV and read back."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from replications.common.files import write_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

RowT = TypeVar("RowT", bound="DataclassInstance")

# How the text of a cell is read; an empty cell of a number that may be missing is None.
_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: text == "True",
    float | None: lambda text: float(text) if text else None,
}


def write_rows(path: Path, rows: Sequence[RowT], kind: type[RowT]) -> None:
    """Writes the rows as CSV with the names of the fields of `kind` on top, numbers to 5 digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(kind)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in asdict(row).items()})
    write_text(path, text.getvalue())


def read_rows(path: Path, kind: type[RowT]) -> list[RowT]:
    """Returns the rows of a file of `write_rows`."""
    readers = {field.name: _READERS[field.type] for field in fields(kind)}
    with path.open(encoding="utf-8", newline="") as file:
        return [kind(**{name: readers[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]
