"""Reads the files of the bibliography as text in which everything is visible."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from bibliography.faults import FaultLog


def read_text(root: Path, path: str, log: FaultLog) -> str | None:
    """Return the text of a file, or None where there is none; what is not visible UTF-8 is reported and dropped."""
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        got = (error.strerror or "an error of the system").lower()
        log.add(path, 1, got=got, expected="a readable file", do="create it, or mend its permissions")
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # Reading goes on without such bytes, so that they do not hide other faults as well.
        text = data.decode(errors="ignore")
        line = data.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{data[error.start]:02x}"
        log.add(path, line, got=got, expected="UTF-8", do="save the file as UTF-8")
    return _without_controls(path, text, log)


def _without_controls(path: str, text: str, log: FaultLog) -> str:
    """Return the text without characters that hide, after reporting the first of each kind.

    Bidirectional controls make a line read differently from what it says; other controls, tabs and carriage
    returns among them, would not survive the way through BibTeX, YAML and RIS unchanged.
    """
    for letter in sorted(set(text) - {"\n"}):
        if is_control(letter):
            line = text.count("\n", 0, text.index(letter)) + 1
            name = unicodedata.name(letter, "a control character")
            got = f"U+{ord(letter):04X} ({name}), {text.count(letter)} in all"
            remedy = "delete it; indent with spaces, end lines with a newline only"
            log.add(path, line, got=got, expected="visible characters and spaces", do=remedy)
            text = text.replace(letter, "")
    return text


def is_control(letter: str) -> bool:
    """Return whether a character hides: a control, a format or an unassigned character, a line separator."""
    category = unicodedata.category(letter)
    return category.startswith("C") or category in {"Zl", "Zp"}
