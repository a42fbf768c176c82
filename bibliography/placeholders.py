"""What `add` leaves to a person: fields that only say that they are still to be written."""

from __future__ import annotations

import re
from dataclasses import replace

from bibliography.faults import FaultLog, quote
from bibliography.latex import fold_space
from bibliography.source import Entry

TODO = "TODO"

_PLACEHOLDER = re.compile(rf"{TODO}\b")
_WHAT_IS_MEANT = {
    "topics": "words of vocabulary.yml",
    "methods": "words of vocabulary.yml",
    "related": "keys of the papers to read next",
    "summary": "3 to 6 sentences in your own words",
}


def is_placeholder(value: str) -> bool:
    """Return whether a value starts with TODO."""
    return bool(_PLACEHOLDER.match(value))


def take_placeholders(entry: Entry, log: FaultLog) -> Entry:
    """Return the entry without its placeholders, after reporting each."""
    filled = {name: field for name, field in entry.fields.items() if not is_placeholder(field.value)}
    for name, field in entry.fields.items():
        if name not in filled:
            got = f"{name} = {quote(fold_space(field.value))}"
            expected = _WHAT_IS_MEANT.get(name, f"the {name} of the publication")
            log.add(entry.source.path, field.line, got=got, expected=expected, do="fill it in; `add` could not know it")
    return replace(entry, fields=filled)
