"""Loading and checking the bibliography, against parsing alone with bibtexparser and with pybtex.

At the real size and at 10 and 100 times of it, to see how the time grows.
"""

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import bibtexparser
from pybtex.database import parse_string

from benchmarks.generated import write_copies
from benchmarks.timing import ROUNDS, Comparison, Growth, compare_in_turn
from bibliography import load_library

# How many copies of the real entries, and how many rounds are affordable with so many.
ROUNDS_BY_COPIES = {1: ROUNDS, 10: 3, 100: 1}
OURS = "load and check the bibliography"


def compare() -> Iterator[Comparison | Growth]:
    """Yields the comparisons, then how each way grows. Ours checks every rule as well; the peers only parse."""
    seconds: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for copies, rounds in ROUNDS_BY_COPIES.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "bibliography"
            text = write_copies(root, copies)
            entries = len(load_library(root))
            for comparison in _compare_size(root, text, entries, rounds):
                seconds[OURS][entries] += comparison.ours_s
                seconds[comparison.peer][entries] += comparison.peer_s
                yield comparison
    for what, times in seconds.items():
        yield Growth(what, {entries: statistics.median(values) for entries, values in times.items()})


def _compare_size(root: Path, text: str, entries: int, rounds: int) -> Iterator[Comparison]:
    what = f"{OURS}, {entries} entries"
    peers = {
        "bibtexparser, parse only": lambda: bibtexparser.parse_string(text),
        "pybtex, parse only": lambda: parse_string(text, "bibtex"),
    }
    for peer, parse in peers.items():
        yield compare_in_turn(what, peer, lambda: load_library(root), parse, rounds)
