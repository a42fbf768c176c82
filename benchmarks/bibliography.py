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
from benchmarks.limits import measure_machine
from benchmarks.timing import ROUNDS, Comparison, Growth, compare_in_turn, time_median
from bibliography import load_library

# How many copies of the real entries, and how many rounds are affordable with so many.
ROUNDS_BY_COPIES = {1: ROUNDS, 10: 3, 100: 1}
OURS, BIBTEXPARSER, PYBTEX = "load and check the bibliography", "bibtexparser, parse only", "pybtex, parse only"
GROWS = {
    OURS: "Each entry is parsed, decoded and checked once, and looked up in tables; no two entries are compared.",
    BIBTEXPARSER: "The text is read once from front to back.",
    PYBTEX: "The text is read once from front to back.",
}


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
        medians = {entries: statistics.median(values) for entries, values in times.items()}
        yield Growth(what, "entries", medians, GROWS[what])


def _compare_size(root: Path, text: str, entries: int, rounds: int) -> Iterator[Comparison]:
    what = f"{OURS}, {entries} entries"
    peers = {
        BIBTEXPARSER: lambda: bibtexparser.parse_string(text),
        PYBTEX: lambda: parse_string(text, "bibtex"),
    }
    why = _explain(text, time_median(lambda: bibtexparser.parse_string(text, parse_stack=[]), rounds))
    for peer, parse in peers.items():
        yield compare_in_turn(what, peer, lambda: load_library(root), parse, rounds, why=why)


def _explain(text: str, splitting_s: float) -> str:
    size = len(text.encode())
    moving_s = size / measure_machine().bytes
    return (
        f"Ours checks every rule as well. It lets bibtexparser split the text, which takes {splitting_s:.2g} s and is "
        "its floor; the rest is decoding names and LaTeX, and the rules. Python sets the limit, not memory or "
        f"arithmetic: moving the {size / 1e6:.2g} MB of text takes {1e3 * moving_s:.2g} ms."
    )
