"""The command add."""

from __future__ import annotations

import argparse
from pathlib import Path

from bibliography.adding.draft import Draft
from bibliography.adding.identifier import Arxiv, Doi, read_identifier
from bibliography.adding.lookup import draft_offline, draft_online
from bibliography.adding.place import OUTLINE, Shelf, read_shelf, write_entry
from bibliography.adding.propose import propose_key, propose_sections
from bibliography.lock import only_one
from bibliography.output import CommandError


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of the command line."""
    adder = commands.add_parser("add", help="write a new entry and its line in the outline")
    adder.add_argument("named", metavar="ID", help="an arXiv identifier, a DOI, or a BibTeX file with one entry")
    adder.add_argument("--section", metavar="SLUG", help="where it belongs; without it, sections are proposed")
    adder.add_argument("--key", help="instead of the proposed surnameYEARword")
    adder.add_argument("--no-network", action="store_true", help="write a stub that check refuses until it is filled")
    adder.set_defaults(run=_add)


def _add(root: Path, arguments: argparse.Namespace) -> int:
    with only_one(root, "an add"):
        return _add_alone(root, arguments)


def _add_alone(root: Path, arguments: argparse.Namespace) -> int:
    named = read_identifier(arguments.named)
    shelf = read_shelf(root)
    if arguments.section:
        shelf.top_section(arguments.section)
    if arguments.key:
        shelf.check_key(arguments.key)
    if not isinstance(named, Path):
        shelf.refuse_duplicate({"eprint" if isinstance(named, Arxiv) else "doi": _value(named)})
    if isinstance(named, Path) or arguments.no_network:
        draft = draft_offline(named)
    else:
        draft = draft_online(named, arguments.settings)
    shelf.refuse_duplicate(draft.fields)
    if not arguments.section:
        raise CommandError(_ask_for_section(shelf, draft))
    draft = draft.complete()
    key = arguments.key or propose_key(draft, shelf.keys)
    shelf.check_key(key)
    same = shelf.same_title(draft.title)
    place = write_entry(shelf, draft, key, arguments.section)
    print(f"{key} was added to {place} and to {arguments.section} in {OUTLINE}")
    for note in (*draft.notes, *([f"{same} has the same title"] if same else [])):
        print(f"note: {note}")
    if draft.placeholders:
        print(f"left for you: {', '.join(draft.placeholders)} (check refuses the entry while one says TODO)")
    print("then: confirm its identifiers in two independent places, and write them down in evidence.jsonl")
    return 0


def _value(named: Arxiv | Doi) -> str:
    return named.identifier if isinstance(named, Arxiv) else named.doi


def _ask_for_section(shelf: Shelf, draft: Draft) -> str:
    """Return why the section must be given, the likely ones first, then all."""
    title = draft.title or "a stub"
    lines = [f"got no section for {title!r}; expected --section SLUG; nothing was added"]
    for slug, words in propose_sections(draft.title, shelf.outline.sections, shelf.titles):
        lines.append(f"  perhaps --section {slug} (shares {', '.join(words[:5])})")
    lines.append("  all sections:")
    for top in shelf.outline.sections:
        lines += [f"    {'  ' * depth}{section.slug}" for depth, section in top.walk()]
    return "\n".join(lines)
