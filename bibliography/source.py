"""Reads the text of a BibTeX file into entries, and proves that nothing of it was dropped."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from bibtexparser import model as bibtex
from bibtexparser.entrypoint import parse_string

from bibliography.braces import is_one_group
from bibliography.faults import FaultLog, quote
from bibliography.model import SourceBlock

# The parser logs what it also returns as failed blocks, and those become faults here: say it once.
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())

_KEY_OF_BLOCK = re.compile(r"@\w+ *[{(] *([^\s,{}()=]+) *,")
_CONTINUATION = re.compile(r" {4,}[^ ]")

_NOT_ENTRIES: dict[type[bibtex.Block], str] = {
    bibtex.String: "a @string",
    bibtex.Preamble: "a @preamble",
    bibtex.ExplicitComment: "a @comment",
    bibtex.ImplicitComment: "text between entries",
}


@dataclass(frozen=True)
class Field:
    """A field as it stands in the file: the value without its outer braces, not decoded."""

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Entry:
    """An entry whose syntax and layout are right; what its fields say has not been looked at."""

    entry_type: str
    key: str
    fields: Mapping[str, Field]
    source: SourceBlock

    def value(self, name: str) -> str | None:
        """Return the raw value of a field, or None where the entry does not have it."""
        return self.fields[name].value if name in self.fields else None


@dataclass(frozen=True)
class Block:
    """A block with a key; its entry is None where a fault of syntax or layout was reported."""

    path: str
    line: int
    key: str
    entry: Entry | None


def read_blocks(path: str, text: str, log: FaultLog) -> list[Block]:
    """Return the blocks of a file in its order; what is wrong with syntax or layout goes to the log."""
    faults_before = len(log.faults)
    # The default middlewares would rewrite values; an empty stack leaves every byte as it is.
    parsed = parse_string(text, parse_stack=[]).blocks
    blocks = [block for raw in parsed if (block := _read_block(path, raw, log))]
    if not parsed:
        log.add(path, 1, got="a file without entries", expected="at least one", do="delete the file")
    elif len(log.faults) == faults_before:
        # The proof that nothing was dropped: the blocks, written one after another, are the file.
        file_of_blocks = "\n\n".join(block.raw or "" for block in parsed) + "\n"
        if difference := _first_difference(text, file_of_blocks):
            line, got, expected = difference
            remedy = "put exactly one blank line between entries and no other white space around them"
            log.add(path, line, got=got, expected=expected, do=remedy)
    return blocks


def _read_block(path: str, block: bibtex.Block, log: FaultLog) -> Block | None:
    line = (block.start_line or 0) + 1
    if isinstance(block, bibtex.DuplicateBlockKeyBlock) and block.ignore_error_block:
        # The same key may also stand in two files, so the loader looks for it and names both places.
        block = block.ignore_error_block
    if isinstance(block, bibtex.Entry):
        return Block(path, line, block.key, _read_entry(path, line, block, log))
    if isinstance(block, bibtex.ParsingFailedBlock):
        _report_failure(path, line, block, log)
        key = _KEY_OF_BLOCK.match(block.raw or "")
        return Block(path, line, key[1], None) if key else None
    got = f"{_NOT_ENTRIES[type(block)]}, {quote(block.raw or '')}"
    log.add(path, line, got=got, expected="nothing but entries", do="delete it, or make it an entry")
    return None


def _report_failure(path: str, line: int, block: bibtex.ParsingFailedBlock, log: FaultLog) -> None:
    if isinstance(block, bibtex.DuplicateFieldKeyBlock) and isinstance(block.ignore_error_block, bibtex.Entry):
        lines = {field.key: field.start_line + 1 for field in block.ignore_error_block.fields}
        for name in sorted(block.duplicate_keys):
            log.add(path, lines[name], got=f"{name} again", expected="each field once", do="keep the right one")
        return
    reason = " ".join(getattr(block.error, "abort_reason", str(block.error)).split())
    log.add(
        path,
        line,
        got=f"an entry that cannot be parsed ({reason})",
        expected="@type{key, fields, and a closing } alone on its line",
        do="look for a missing brace, comma or = in this entry or just before it",
    )


def _read_entry(path: str, line: int, entry: bibtex.Entry, log: FaultLog) -> Entry | None:
    """Return the entry, or None after reporting where its layout is not the one that exports rely on."""
    raw = entry.raw or ""
    lines = "".join(f"  {field.key} = {field.value},\n" for field in entry.fields)
    if difference := _first_difference(raw, f"@{entry.entry_type}{{{entry.key},\n{lines}}}"):
        offset, got, expected = difference
        remedy = "write `  name = {value},` for every field, and the closing } alone on its line"
        log.add(path, line + offset - 1, got=got, expected=expected, do=remedy)
        return None
    if not all([_has_right_layout(path, field, log) for field in entry.fields]):
        return None
    fields = {field.key: Field(field.key, field.value[1:-1], field.start_line + 1) for field in entry.fields}
    return Entry(entry.entry_type, entry.key, fields, SourceBlock(path, line, raw))


def _has_right_layout(path: str, field: bibtex.Field, log: FaultLog) -> bool:
    """Return whether a field is one group in braces whose further lines cannot be taken for another field."""
    line = field.start_line + 1
    if not is_one_group(field.value):
        log.add(
            path,
            line,
            got=f"{field.key} = {quote(field.value)}",
            expected="one pair of braces around the value, and balanced braces in it",
            do="balance them (BibTeX counts \\{ and \\} too); use no quotes and no #",
        )
        return False
    for number, text in enumerate(field.value.split("\n")[1:], start=line + 1):
        if not _CONTINUATION.match(text):
            got = f"{quote(text)} inside {field.key}"
            log.add(path, number, got=got, expected="a continuation line", do="indent it by four spaces")
            return False
    return True


def _first_difference(got: str, expected: str) -> tuple[int, str, str] | None:
    """Return the first line that differs: its number, what it is, what it should be."""
    if got == expected:
        return None
    for number, lines in enumerate(zip_longest(got.split("\n"), expected.split("\n")), start=1):
        if lines[0] != lines[1]:
            line, wanted = ("the end" if text is None else quote(text) if text else "an empty line" for text in lines)
            return min(number, got.count("\n") + 1), line, wanted
    raise AssertionError("texts that differ have a line that differs")
