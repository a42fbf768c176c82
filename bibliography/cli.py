"""The command line: ``python -m bibliography check``, ``… export``, ``… links`` and so on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bibliography.adding.command import add_command
from bibliography.export import EXPORTERS, export
from bibliography.faults import BibliographyError
from bibliography.load import PACKAGE, load_library
from bibliography.lock import BusyError
from bibliography.model import UnknownNameError
from bibliography.online import commands as online
from bibliography.online.client import AnswerError, NoNetworkError
from bibliography.online.settings import Services, Settings
from bibliography.output import CommandError, write_atomically


def main(argv: Sequence[str] | None = None, root: Path = PACKAGE, settings: Settings | None = None) -> int:
    """Return the exit status of a command: 0 done, 1 something is wrong, 2 wrongly called, 3 no network.

    Args:
        argv: The arguments after the program's name; by default those of this process.
        root: Folder of the bibliography.
        settings: Which services the online commands ask, and how; by default the real ones or their mirrors.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.settings = settings or Settings(Services.from_environment(os.environ))
        return int(arguments.run(root, arguments))
    except BibliographyError as error:
        print(error, file=sys.stderr)
        return 1
    except AnswerError as error:
        print(f"bibliography: {error}; try again later", file=sys.stderr)
        return 1
    except (BusyError, CommandError, UnknownNameError) as error:
        print(f"bibliography: {error}", file=sys.stderr)
        return 2
    except NoNetworkError as error:
        print(f"bibliography: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nbibliography: stopped", file=sys.stderr)
        return 130


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
    online.add_commands(commands)
    add_command(commands)
    return parser


def _check(root: Path, arguments: argparse.Namespace) -> int:
    library = load_library(root)
    sections = sum(1 for top in library.sections for _ in top.walk())
    print(f"bibliography: {len(library)} papers, {sections} sections, no faults")
    return 0


def _export(root: Path, arguments: argparse.Namespace) -> int:
    library = load_library(root)
    keys = [*arguments.key, *(key for slug in arguments.section for key in library.section(slug).all_keys)]
    chosen = [library[key] for key in keys] if arguments.key or arguments.section else library
    text = export(library, chosen, arguments.format)
    if arguments.output:
        write_atomically(arguments.output, text)
    else:
        sys.stdout.write(text)
    return 0
