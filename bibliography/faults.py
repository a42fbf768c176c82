"""What is wrong with the bibliography, where it stands, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One fault, printed as ``entries/x.bib:12: got …; expected …; do: …``.

    Attributes:
        path: File, relative to the bibliography's folder.
        line: Line of the file, counted from 1.
        message: What was got, what was expected, and the remedy.
    """

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class BibliographyError(Exception):
    """The bibliography has faults; ``faults`` holds all of them, sorted by file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


class FaultLog:
    """Collects faults, so that an editor sees them all at once instead of one per run."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, path: str, line: int, *, got: str, expected: str, do: str) -> None:
        """Record a fault in the three parts that every message has."""
        message = f"got {got}; expected {expected}; do: {do}"
        # A broken key or field name may hold a line break, and a fault is printed on one line.
        self.faults.append(Fault(path, line, message.replace("\n", " ")))


def quote(text: str, width: int = 72) -> str:
    """Return text in quotes for a message: on one line, shortened, invisible characters spelt out."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")


def suggest(word: str, candidates: Iterable[str]) -> str:
    """Return ``, perhaps 'a' or 'b'`` naming the candidates most like the word, or an empty string."""
    # Comparing is slow and the list may be long: a name meant is nearly always right in its first letter.
    plausible = [candidate for candidate in candidates if candidate[:1] == word[:1]]
    near = difflib.get_close_matches(word, plausible, n=3)
    return f", perhaps {' or '.join(map(repr, near))}" if near else ""
