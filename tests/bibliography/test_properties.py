"""Whatever is typed into a file, it loads whole or is refused with a place."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from bibliography import BibliographyError
from bibliography.latex import LatexError, decode
from bibliography.names import NameFormError, read_names

if TYPE_CHECKING:
    from conftest import Shelf

KEYS = ["decao2021editing", "mitchell2022mend", "anthropic2025tracer"]
PATHS = ["entries/editing.bib", "entries/tools.bib", "outline.yml", "vocabulary.yml"]

# Arbitrary text rarely means anything to a parser; these pieces do.
PIECES = st.sampled_from(
    ["{", "}", "\\", '"', "$", "%", "#", "=", ",", " and ", "\n", "\n\n", "@", "@article{a2020b,", "@comment{", "@x(",
     ")", "  year = {2021},\n", "}\n\n", "\\'", "\\foo", "\\emph", "\\mathbb", "\\i", "~", "``", "- ", ": ", "[", "]",
     "&a ", "*a", "? ", "!!int ", "é", "\t", "\r", "\u202e", "\ufeff", "\x00", "\x85", "\u2028", "others"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=3), min_size=1, max_size=6).map("".join)


@given(path=st.sampled_from(PATHS), place=st.floats(0, 1), text=TEXTS, overwrite=st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_all_entries_load_or_a_fault_is_reported(
    make_shelf: Callable[[Path], Shelf], path: str, place: float, text: str, overwrite: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = make_shelf(Path(folder))
        before = shelf.read(path)
        start = int(place * len(before))
        typed = before[:start] + text + before[start + overwrite :]
        (shelf.root / path).write_bytes(typed.encode(errors="surrogatepass"))
        try:
            library = shelf.load()
        except BibliographyError as error:
            lines = typed.count("\n") + 1
            assert error.faults
            assert all(fault.line >= 1 and "\n" not in fault.message for fault in error.faults)
            assert all(fault.line <= lines for fault in error.faults if fault.path == path)
        else:
            assert list(library.papers) == KEYS
            sources = "\n\n".join(paper.source.text for paper in library) + "\n"
            files = (shelf.read("entries/editing.bib"), shelf.read("entries/tools.bib"))
            assert sources == "\n".join(files)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_decoding_gives_text_or_a_refusal(text: str) -> None:
    try:
        assert decode(text) == decode(text).strip()
        assert all(author.family for author in read_names(text))
    except (LatexError, NameFormError):
        pass
