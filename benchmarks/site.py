"""Building the site, at the list's real size and at 5 and 20 times of it: how the time grows, and what it goes into.

The replications are left out, since they do not multiply with the list. Each size is built once, on one core; what is
counted are seconds of that core, so that what else the machine does stays out.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from benchmarks.generated import write_copies
from benchmarks.timing import Growth
from bibliography import load_library
from docs.building import build_site
from docs.records import Records

COPIES = (1, 5, 20)
TOTAL = "build the site"
# What mkdocs and the hook call for each page, or once.
PARTS = {
    "derive pages and downloads from the records": "docs.pages.derive_site",
    "turn Markdown into HTML": "mkdocs.commands.build._populate_page",
    "put HTML into the theme, add the policy, write it": "mkdocs.commands.build._build_page",
}


def compare() -> Iterator[Growth]:
    """Yields how the whole build grows with the number of entries, and each part of it."""
    seconds: dict[str, dict[int, float]] = defaultdict(dict)
    for copies in COPIES:
        with tempfile.TemporaryDirectory() as folder:
            write_copies(Path(folder) / "bibliography", copies)
            library = load_library(Path(folder) / "bibliography")
            for what, spent in _time_build(Records(library, ()), Path(folder) / "site").items():
                seconds[what][len(library)] = spent
    for what, times in seconds.items():
        yield Growth(what, times)


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
