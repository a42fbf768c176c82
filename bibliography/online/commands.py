"""The commands that need a network: links and verify."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bibliography.load import load_library
from bibliography.online import difference_report, link_report
from bibliography.online.links import collect_links, look_at_links
from bibliography.online.look import State
from bibliography.online.look_cache import LookCache, cache_folder
from bibliography.online.progress import Progress
from bibliography.online.settings import Settings
from bibliography.online.verify import verify
from bibliography.output import write_atomically


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser of the command line."""
    links = commands.add_parser("links", help="look at every link; exit 1 if one is gone, 3 without a network")
    links.add_argument("--section", metavar="SLUG", help="only this section, with all below it")
    links.add_argument("--timeout", type=_seconds, metavar="S", help="seconds to wait for an answer (default 20)")
    links.add_argument("--json", type=Path, metavar="FILE", help="write the report for programs as well")
    links.set_defaults(run=_links)
    verifier = commands.add_parser("verify", help="compare with Crossref, DataCite and arXiv; exit 1 if they differ")
    verifier.add_argument("--key", action="append", default=[], help="only this paper; may be given more than once")
    verifier.add_argument("--json", type=Path, metavar="FILE", help="write the report for programs as well")
    verifier.set_defaults(run=_verify)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 3600:
        raise argparse.ArgumentTypeError(f"got {text}; expected seconds between 0 and 3600")
    return seconds


def _links(root: Path, arguments: argparse.Namespace) -> int:
    settings: Settings = arguments.settings
    if arguments.timeout:
        settings = replace(settings, manners=replace(settings.manners, timeout=arguments.timeout))
    library = load_library(root)
    keys = library.section(arguments.section).all_keys if arguments.section else library.papers
    links = collect_links((library[key] for key in keys), settings.services)
    cache = LookCache(cache_folder(), settings.manners.cache_days)
    looks = look_at_links(links, cache, settings, Progress("links"))
    if arguments.json:
        write_atomically(arguments.json, link_report.to_json(looks))
    sys.stdout.write(link_report.to_text(looks))
    return 1 if any(each.look.state is State.GONE for each in looks) else 0


def _verify(root: Path, arguments: argparse.Namespace) -> int:
    library = load_library(root)
    papers = [library[key] for key in arguments.key] or library
    verification = verify(papers, arguments.settings, Progress("verify"))
    if arguments.json:
        write_atomically(arguments.json, difference_report.to_json(verification))
    sys.stdout.write(difference_report.to_text(verification))
    return 0 if verification.is_clean else 1
