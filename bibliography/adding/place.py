"""The bibliography as ``add`` needs it: readable even while earlier entries wait to be filled in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bibliography.adding.draft import Draft
from bibliography.adding.outline_edit import insert_key
from bibliography.faults import BibliographyError, FaultLog, suggest
from bibliography.files import read_text
from bibliography.load import ENTRIES_PER_FILE
from bibliography.model import Section
from bibliography.online.fold import fold, read_latex
from bibliography.outline import Outline, read_outline
from bibliography.output import CommandError
from bibliography.schema import KEY
from bibliography.source import Block, Entry, read_blocks

OUTLINE = "outline.yml"


@dataclass(frozen=True)
class Shelf:
    """The files of a bibliography whose syntax is right; what the entries say is not looked at."""

    root: Path
    outline_text: str
    outline: Outline
    blocks: tuple[Block, ...]

    @property
    def titles(self) -> dict[str, str]:
        """The titles of the entries, by key."""
        return {entry.key: read_latex(entry.value("title") or "") for entry in self._entries}

    @property
    def keys(self) -> frozenset[str]:
        """Every key that is taken, by an entry or in the outline."""
        return frozenset([*(block.key for block in self.blocks), *self.outline.key_lines])

    @property
    def _entries(self) -> list[Entry]:
        return [block.entry for block in self.blocks if block.entry]

    def refuse_duplicate(self, fields: Mapping[str, str]) -> None:
        """Return if no entry has the same DOI or arXiv identifier.

        Raises:
            CommandError: One has; it is named.
        """
        for entry in self._entries:
            for name in ("doi", "eprint"):
                value = fields.get(name, "")
                if value and (entry.value(name) or "").casefold() == value.casefold():
                    place = f"{entry.source.path}:{entry.fields[name].line}"
                    raise CommandError(f"{entry.key} has the {name} {value} already ({place}); nothing was added")

    def same_title(self, title: str) -> str | None:
        """Return the key of an entry with this title, folded, or None."""
        folded = fold(title)
        return next((key for key, other in self.titles.items() if folded and fold(other) == folded), None)

    def check_key(self, key: str) -> None:
        """Return if a key has the right form and is free.

        Raises:
            CommandError: It has not, or is not.
        """
        if not KEY.fullmatch(key):
            raise CommandError(f"got the key {key!r}; expected surnameYEARword in lower-case ASCII")
        if key in self.keys:
            places = [f"{block.path}:{block.line}" for block in self.blocks if block.key == key]
            raise CommandError(f"the key {key} is taken ({(places or [OUTLINE])[0]}); nothing was added")

    def top_section(self, slug: str) -> Section:
        """Return the top-level section that a section is, or stands in.

        Raises:
            CommandError: There is no section with this slug.
        """
        slugs = {section.slug: top for top in self.outline.sections for _, section in top.walk()}
        if slug not in slugs:
            raise CommandError(f"no section has the slug {slug!r}{suggest(slug, slugs)}")
        return slugs[slug]


def read_shelf(root: Path) -> Shelf:
    """Return the bibliography in a folder.

    Raises:
        BibliographyError: The outline has a fault, or a file of entries has one of syntax or layout.
    """
    log = FaultLog()
    text = read_text(root, OUTLINE, log)
    outline = None if text is None else read_outline(OUTLINE, text, log)
    blocks: list[Block] = []
    for file in sorted((root / "entries").glob("*.bib")):
        path = file.relative_to(root).as_posix()
        if (entries := read_text(root, path, log)) is not None:
            blocks += read_blocks(path, entries, log)
    if outline is None or text is None or log.faults:
        raise BibliographyError(log.faults)
    return Shelf(root, text, outline, tuple(blocks))


def write_entry(shelf: Shelf, draft: Draft, key: str, slug: str) -> str:
    """Write an entry and its line in the outline, both or neither, and return ``path:line`` of the entry.

    Raises:
        CommandError: A file cannot be written, or would have more entries than fit.
        BibliographyError: The entry would not be read back; nothing is written.
    """
    path = f"entries/{shelf.top_section(slug).slug}.bib"
    present = sum(1 for block in shelf.blocks if block.path == path)
    if present >= ENTRIES_PER_FILE:
        raise CommandError(f"{path} has {present} entries, as many as fit; split the section and its file first")
    old = read_text(shelf.root, path, FaultLog()) or ""
    text = draft.render(key)
    new = f"{old}\n{text}" if old else text
    outline = insert_key(shelf.outline_text, slug, key)
    _prove(path, new, present + 1, outline, key)
    _write_both({shelf.root / path: new, shelf.root / OUTLINE: outline})
    return f"{path}:{new.count(chr(10)) - text.count(chr(10)) + 1}"


def _prove(path: str, entries: str, count: int, outline: str, key: str) -> None:
    """Return if the loader will read the two files, the new entry and its key in them."""
    log = FaultLog()
    blocks = read_blocks(path, entries, log)
    read = read_outline(OUTLINE, outline, log)
    if log.faults:
        raise BibliographyError(log.faults)
    if len(blocks) != count or read is None or key not in read.key_lines:
        raise CommandError(f"{key} could not be written so that it is read back; nothing was added")


def _write_both(texts: Mapping[Path, str]) -> None:
    """Write files so that all of them are new, or all are as they were."""
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in texts}
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    done: list[Path] = []
    try:
        for path, text in texts.items():
            parts[path].write_bytes(text.encode())
        for path, part in parts.items():
            part.replace(path)
            done.append(path)
    except OSError as error:
        for path in done:
            _restore(path, before[path])
        raise CommandError(f"cannot write {error.filename or 'a file'}: {error.strerror}; nothing was added") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _restore(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(data)
