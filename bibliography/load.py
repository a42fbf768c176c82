"""Loads the whole bibliography, or refuses it with all of its faults: what `check` and the site both use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from bibliography.entry import read_paper, words
from bibliography.faults import BibliographyError, FaultLog, suggest
from bibliography.files import read_text
from bibliography.model import Library, ReadingPath
from bibliography.outline import Outline, read_outline, read_vocabulary
from bibliography.placeholders import is_placeholder
from bibliography.reading_paths import read_reading_paths
from bibliography.source import Block, Entry, read_blocks

PACKAGE = Path(__file__).parent
ENTRIES_PER_FILE = 60


def load_library(root: Path = PACKAGE) -> Library:
    """Return the library in a folder that holds ``entries/*.bib``, ``outline.yml`` and ``vocabulary.yml``.

    ``reading_paths.yml`` may be there too.

    Raises:
        BibliographyError: Anything at all is wrong; it carries every fault found.
    """
    log = FaultLog()
    outline_text = read_text(root, "outline.yml", log)
    vocabulary_text = read_text(root, "vocabulary.yml", log)
    outline = None if outline_text is None else read_outline("outline.yml", outline_text, log)
    vocabulary = None if vocabulary_text is None else read_vocabulary("vocabulary.yml", vocabulary_text, log)
    if outline is None or vocabulary is None:
        # Without these two every entry would seem wrong, and the one fault to mend would drown.
        raise BibliographyError(log.faults)
    blocks = list(_read_files(root, log))
    entries = [block.entry for block in blocks if block.entry]
    papers = {paper.key: paper for entry in entries if (paper := read_paper(entry, vocabulary, log))}
    lines_by_key = _index_keys(blocks, log)
    _check_identifiers(entries, log)
    _check_related(entries, lines_by_key, log)
    _check_outline(outline, blocks, log)
    paths = _read_paths(root, lines_by_key, log)
    if log.faults:
        raise BibliographyError(log.faults)
    in_order = {key: papers[key] for section in outline.sections for key in section.all_keys}
    return Library(MappingProxyType(in_order), outline.sections, vocabulary.topics, vocabulary.methods, paths)


def _read_paths(root: Path, keys: Mapping[str, str], log: FaultLog) -> tuple[ReadingPath, ...]:
    name = "reading_paths.yml"
    text = read_text(root, name, log) if (root / name).exists() else None
    return () if text is None else read_reading_paths(name, text, keys, log)


def _read_files(root: Path, log: FaultLog) -> Iterator[Block]:
    for file in sorted((root / "entries").glob("*.bib")):
        path = file.relative_to(root).as_posix()
        text = read_text(root, path, log)
        if text is None:
            continue
        blocks = read_blocks(path, text, log)
        for block in blocks[ENTRIES_PER_FILE : ENTRIES_PER_FILE + 1]:
            got, expected = f"{len(blocks)} entries in one file", f"at most {ENTRIES_PER_FILE}"
            log.add(path, block.line, got=got, expected=expected, do="split the section and its file")
        yield from blocks


def _index_keys(blocks: Iterable[Block], log: FaultLog) -> dict[str, str]:
    """Return ``path:line`` of every key, after reporting those that stand in two places."""
    places: dict[str, str] = {}
    for block in blocks:
        place = f"{block.path}:{block.line}"
        if block.key in places:
            got, expected = f"the key {block.key} again", f"it once, as in {places[block.key]}"
            log.add(block.path, block.line, got=got, expected=expected, do="merge the two, or rename this one")
        places.setdefault(block.key, place)
    return places


def _check_identifiers(entries: Iterable[Entry], log: FaultLog) -> None:
    """Report identifiers that two entries share: then both describe the same paper, or one is wrong."""
    owners: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        for name in ("doi", "eprint"):
            value = entry.value(name)
            if not value:
                continue
            owner = owners.setdefault((name, value.lower()), entry)
            if owner is not entry:
                got = f"the {name} {value} again"
                expected = f"it once, as in {owner.key} ({owner.source.path}:{owner.fields[name].line})"
                remedy = "correct the wrong one, or merge the two entries"
                log.add(entry.source.path, entry.fields[name].line, got=got, expected=expected, do=remedy)


def _check_related(entries: Iterable[Entry], keys: Mapping[str, str], log: FaultLog) -> None:
    for entry in entries:
        related = entry.value("related") or ""
        for key in () if is_placeholder(related) else words(related):
            if key not in keys:
                got, remedy = f"the unknown key {key!r} in related", f"correct or delete it{suggest(key, keys)}"
                line = entry.fields["related"].line
                log.add(entry.source.path, line, got=got, expected="keys of entries", do=remedy)


def _check_outline(outline: Outline, blocks: Iterable[Block], log: FaultLog) -> None:
    """Report keys and entries without each other, and entries that stand in the file of another section."""
    files = {key: f"entries/{top.slug}.bib" for top in outline.sections for key in top.all_keys}
    keys = {block.key for block in blocks}
    for key, line in outline.key_lines.items():
        if key not in keys:
            remedy = f"write the entry, or correct the key{suggest(key, keys)}"
            log.add(outline.path, line, got=f"the key {key!r} without an entry", expected="keys of entries", do=remedy)
    for block in blocks:
        file = files.get(block.key)
        if file is None:
            got, expected = f"{block.key}, which outline.yml does not list", "every entry in one section"
            log.add(block.path, block.line, got=got, expected=expected, do="add the key to its section there")
        elif file != block.path:
            got, expected = f"{block.key} in this file", f"it in {file}, the file of its section"
            log.add(block.path, block.line, got=got, expected=expected, do="move the entry, or its key in outline.yml")
