"""Exporting the bibliography as BibTeX, against pybtex: both write out what they have read before.

At the real size and at 10 and 100 times of it, to see how the time grows.
"""

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pybtex.database import BibliographyData, parse_string

from benchmarks.bibliography import ROUNDS_BY_COPIES
from benchmarks.generated import write_copies
from benchmarks.timing import Comparison, Growth, compare_in_turn, time_median
from bibliography import Library, load_library
from bibliography.export import EXPORTERS

PEER = "pybtex, write BibTeX"
CUT = "Each entry is cut out of its source block, or written from its record, once."
ADDRESSES = ("doi", "url")  # in which pybtex writes \\_ for _, so that they lead nowhere
GROWS = {PEER: "Each entry is written once."}


def compare() -> Iterator[Comparison | Growth]:
    """Yields the comparisons, then how each of our formats grows; that both sides write the same is checked first."""
    seconds: dict[str, dict[int, float]] = defaultdict(dict)
    for copies, rounds in ROUNDS_BY_COPIES.items():
        with tempfile.TemporaryDirectory() as folder:
            write_copies(Path(folder) / "bibliography", copies)
            library = load_library(Path(folder) / "bibliography")
        comparison = _compare_size(library, rounds)
        seconds[PEER][len(library)] = statistics.median(comparison.peer_s)
        for name, write in EXPORTERS.items():
            seconds[f"export as {name}"][len(library)] = time_median(partial(write, library), rounds)
        yield comparison
    for what, times in seconds.items():
        yield Growth(what, "entries", times, GROWS.get(what, CUT))


def _compare_size(library: Library, rounds: int) -> Comparison:
    text = EXPORTERS["bibtex"](library)
    parsed = parse_string(text, "bibtex")
    _refuse_difference(parsed, parse_string(parsed.to_string("bibtex"), "bibtex"))
    return compare_in_turn(
        f"export as BibTeX, {len(library)} entries", PEER,
        lambda: EXPORTERS["bibtex"](library), lambda: parsed.to_string("bibtex"), rounds,
    )  # fmt: skip


def _refuse_difference(ours: BibliographyData, theirs: BibliographyData) -> None:
    """Raises an error if the entries that both sides write are not the same ones with the same fields and authors."""
    assert list(ours.entries) == list(theirs.entries)
    for key, entry in ours.entries.items():
        found, expected = dict(entry.fields), dict(theirs.entries[key].fields)
        assert found.keys() == expected.keys(), key
        assert all(value == expected[name] for name, value in found.items() if name not in ADDRESSES), key
        assert entry.persons == theirs.entries[key].persons, key
