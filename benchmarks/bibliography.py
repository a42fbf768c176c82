"""Loading and checking the bibliography, against parsing alone with bibtexparser and with pybtex."""

from collections.abc import Iterator

import bibtexparser
from pybtex.database import parse_string

from benchmarks.timing import Comparison, compare_in_turn
from bibliography import load_library
from bibliography.load import PACKAGE


def compare() -> Iterator[Comparison]:
    """Yields the comparisons. Ours checks every rule as well; the peers only parse."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "entries").glob("*.bib")))
    what = "load and check the bibliography"
    yield compare_in_turn(what, "bibtexparser, parse only", load_library, lambda: bibtexparser.parse_string(text))
    yield compare_in_turn(what, "pybtex, parse only", load_library, lambda: parse_string(text, "bibtex"))
