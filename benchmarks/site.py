"""Building the site: what our layer costs, how the time grows with the list, and what it goes into.

The replications are left out, since they do not multiply with the list. For growth, the list's real size and 5 and 20
times of it are built once each, on one core; what is counted are seconds of that core, so that what else the machine
does stays out.
"""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from mkdocs.commands.build import build
from mkdocs.config import load_config

from benchmarks.generated import write_copies
from benchmarks.timing import Comparison, Growth, compare_in_turn
from bibliography import load_library
from docs.building import build_site
from docs.records import Records
from docs.tree import write_tree

COPIES = (1, 5, 20)
TOTAL, INDEX = "build the site", "derive the search index"
# What mkdocs and the hook call for each page, or once; the search index is derived with the pages.
PARTS = {
    "derive pages and downloads from the records": "docs.pages.derive_site",
    INDEX: "docs.pages.derive_search_index",
    "turn Markdown into HTML": "mkdocs.commands.build._populate_page",
    "put HTML into the theme, add the policy, write it": "mkdocs.commands.build._build_page",
}
GROWS = {
    TOTAL: "Each paper has one page, built once; what is done once a build weighs more on a short list.",
    "derive pages and downloads from the records": (
        "Each paper is rendered and exported a fixed number of times; only its neighbours are sought among all papers "
        "that share a topic."
    ),
    INDEX: "Each paper gets one record; records know nothing of each other.",
    "turn Markdown into HTML": "The time is in proportion to the text, and a paper's text does not depend on the list.",
    "put HTML into the theme, add the policy, write it": (
        "Each page goes into the theme once; only the page of a section also lists all sections, "
        "and the copies bring their own."
    ),
}
LAYER = (
    "Ours does all that the other does, by the same program, and besides derives the pages, puts tables into boxes and "
    "adds the content policy: the difference is the cost of our layer. The limit is Python, which does all of it page "
    "by page, not memory or arithmetic."
)


def compare() -> Iterator[Comparison | Growth]:
    """Yields the cost of our layer, then how the whole build grows with the number of entries, and each part of it."""
    yield _compare_with_pages_by_hand(Records(load_library(), ()))
    seconds: dict[str, dict[int, float]] = defaultdict(dict)
    megabytes: dict[int, float] = {}
    for copies in COPIES:
        with tempfile.TemporaryDirectory() as folder:
            write_copies(Path(folder) / "bibliography", copies)
            library = load_library(Path(folder) / "bibliography")
            for what, spent in _time_build(Records(library, ()), Path(folder) / "site").items():
                seconds[what][len(library)] = spent
            megabytes[len(library)] = (Path(folder) / "site" / "search.json").stat().st_size / 1e6
    for what, times in seconds.items():
        yield Growth(what, "entries", times, GROWS[what])
    yield Growth("the search index, uncompressed", "entries", megabytes, GROWS[INDEX], "MB")


def _compare_with_pages_by_hand(records: Records) -> Comparison:
    """Returns our build beside that of a folder that holds the same pages as Markdown, without hook and records."""
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, NO_MKDOCS_2_WARNING="1"):
        folder = Path(name)
        write_tree(records, folder / "tree")

        def theirs() -> None:
            build(load_config(str(folder / "tree" / "mkdocs.yml"), site_dir=str(folder / "theirs"), strict=True))

        def ours() -> None:
            build_site(records, folder / "ours")

        ours(), theirs()
        found, expected = ({path.relative_to(folder / side) for path in (folder / side).rglob("*.html")}
                           for side in ("ours", "theirs"))  # fmt: skip
        assert found == expected
        what, peer = f"build the site, {len(found)} pages", "mkdocs with the same pages written by hand"
        return compare_in_turn(what, peer, ours, theirs, why=LAYER)


def _time_build(records: Records, folder: Path) -> dict[str, float]:
    """Returns the seconds of processor time that the whole build and each of its parts take."""
    spent: dict[str, float] = dict.fromkeys(PARTS, 0.0)

    def add_time(what: str, work: Callable[..., object]) -> Callable[..., object]:
        def timed(*arguments: object, **named: object) -> object:
            started = time.process_time()
            result = work(*arguments, **named)
            done = list(result) if isinstance(result, Iterator) else result
            spent[what] += time.process_time() - started
            return done

        return timed

    started = time.process_time()
    with ExitStack() as stack:
        for what, name in PARTS.items():
            module, _, function = name.rpartition(".")
            work = getattr(__import__(module, fromlist=[function]), function)
            stack.enter_context(patch(name, add_time(what, work)))
        build_site(records, folder)
    return {TOTAL: time.process_time() - started, **spent}
