"""The command line: ``python -m bibliography check`` and ``… export``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bibliography.export import EXPORTERS, export
from bibliography.faults import BibliographyError
from bibliography.load import PACKAGE, load_library
from bibliography.model import Library, UnknownNameError


class CommandError(Exception):
    """The command cannot be carried out as given; the message says why."""


def main(argv: Sequence[str] | None = None, root: Path = PACKAGE) -> int:
    """Return the exit status of a command: 0 done, 1 the bibliography has faults, 2 wrongly called.

    Args:
        argv: The arguments after the program's name; by default those of this process.
        root: Folder of the bibliography.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(load_library(root), arguments)
    except BibliographyError as error:
        print(error, file=sys.stderr)
        return 1
    except (CommandError, UnknownNameError) as error:
        print(f"bibliography: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bibliography", description="The reading list as data.")
    commands = parser.add_subparsers(title="commands", required=True)
    check = commands.add_parser("check", help="check every entry, the outline and the vocabulary")
    check.set_defaults(run=_check)
    exporter = commands.add_parser("export", help="write references; all of them if none are chosen")
    exporter.add_argument("--format", required=True, choices=EXPORTERS)
    exporter.add_argument("--section", action="append", default=[], metavar="SLUG", help="with all below it")
    exporter.add_argument("--key", action="append", default=[], help="may be given more than once")
    exporter.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    exporter.set_defaults(run=_export)
    return parser


def _check(library: Library, arguments: argparse.Namespace) -> None:
    sections = sum(1 for top in library.sections for _ in top.walk())
    print(f"bibliography: {len(library)} papers, {sections} sections, no faults")


def _export(library: Library, arguments: argparse.Namespace) -> None:
    keys = [*arguments.key, *(key for slug in arguments.section for key in library.section(slug).all_keys)]
    chosen = [library[key] for key in keys] if arguments.key or arguments.section else library
    text = export(library, chosen, arguments.format)
    if arguments.output:
        write_atomically(arguments.output, text)
    else:
        sys.stdout.write(text)


def write_atomically(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old file or the new one, never half of it.

    Raises:
        CommandError: The path is a folder, or cannot be written.
    """
    if path.is_dir():
        raise CommandError(f"{path} is a folder; give -o the name of a file in it")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(text.encode())
        part.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
