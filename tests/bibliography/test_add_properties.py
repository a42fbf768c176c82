"""Whatever a service says, what add writes is read back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bibliography import Author
from bibliography.adding.draft import draft_from_record
from bibliography.adding.encode import encode, encode_latex, encode_name, encode_title
from bibliography.adding.place import read_shelf, write_entry
from bibliography.adding.propose import propose_key
from bibliography.latex import decode
from bibliography.names import read_names
from bibliography.online.record import Record

if TYPE_CHECKING:
    from conftest import Shelf

# Arbitrary text rarely means anything to a parser; these pieces do.
PIECES = st.sampled_from(
    ["{", "}", "\\", '"', "$", "%", "#", "_", "@", "@article{", " and ", ",", "é", "Ł", "ﬁ", "İ", "中", "🔥", "\u202e",
     "\u200b", "\n", "\\'", "\\foo", "$k$", "--", "~", "^", "`", "GPT", "TODO", "’", "ß", "𝛼", "\ud800"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), min_size=0, max_size=6).map("".join)
RECORDS = st.builds(
    Record,
    source=st.sampled_from(["arXiv", "Crossref", "DataCite"]),
    titles=st.lists(TEXTS, max_size=2).map(tuple),
    authors=st.lists(st.builds(Author, TEXTS, TEXTS), max_size=3).map(tuple),
    years=st.lists(st.integers(1000, 2999), max_size=1).map(tuple),
    venues=st.lists(TEXTS, max_size=1).map(tuple),
    volume=TEXTS,
    pages=st.lists(TEXTS, max_size=1).map(tuple),
    publisher=TEXTS,
    doi=TEXTS,
    arxiv=TEXTS,
    url=TEXTS,
    entry_type=st.sampled_from(["article", "inproceedings", "incollection", "book", "phdthesis", "misc", "software"]),
    date=TEXTS,
)


@given(record=RECORDS, preprint=st.none() | RECORDS)
@settings(max_examples=40, deadline=None, phases=set(Phase) - {Phase.shrink, Phase.explain})
def test_whatever_a_record_says_the_entry_has_the_right_syntax_and_layout(
    make_shelf: Callable[[Path], Shelf], record: Record, preprint: Record | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = make_shelf(Path(folder))
        draft = draft_from_record(record, preprint).complete()
        files = read_shelf(shelf.root)
        key = propose_key(draft, files.keys)
        write_entry(files, draft, key, "tools")  # it proves itself that the entry is read back
        entries = {block.key: block.entry for block in read_shelf(shelf.root).blocks}
        assert entries[key] and set(entries[key].fields) == set(draft.fields)
        faults = shelf.faults()
        assert faults and all("U+" not in fault and "cannot be parsed" not in fault for fault in faults)


LATIN = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_categories=["C", "Zs"], exclude_characters="{}`"),
    min_size=1, max_size=12,
)  # fmt: skip


@given(LATIN)
@settings(max_examples=100, deadline=None)
def test_latin_text_survives_the_way_through_latex(text: str) -> None:
    latex = encode(text)
    if latex.isascii():
        assert decode(latex) == decode(encode(decode(latex)))
    assert all(letter in latex for letter in latex if not letter.isascii())


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("Bürger, Łukasz & Ñandú: 50% of k_1", r"B{\"u}rger, {\L}ukasz \& {\~N}and{\'u}: 50\% of k\_1"),
        ("α–β and “x” ≤ y", r"$\alpha$--$\beta$ and ``x'' $\leq$ y"),
        ("a@b {c} \\d ~", r"a{@}b (c) {\textbackslash}d {\textasciitilde}"),
        ("中 stays", "中 stays"),
    ],
)
def test_plain_text_is_encoded(text: str, latex: str) -> None:
    assert encode(text) == latex


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        (r"{\"U}ber $k$ and \emph{x}", r"{\"U}ber $k$ and \emph{x}"),
        ("Über {GPT} & Co", r"{\"U}ber {GPT} \& Co"),
        (r"\foo{x}", r"{\textbackslash}foo(x)"),
        ("open { brace", "open ( brace"),
    ],
)
def test_latex_is_kept_where_it_is_latex(text: str, latex: str) -> None:
    assert encode_latex(text) == latex


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        ("How GPT-2 and ImageNet differ", "How {GPT}-2 and {ImageNet} differ"),
        ("ALL OF IT IS SHOUTED", "ALL OF IT IS SHOUTED"),
        ("A plain Title", "A plain Title"),
    ],
)
def test_names_in_titles_keep_their_capitals(title: str, latex: str) -> None:
    assert encode_title(title, is_latex=True) == latex


@pytest.mark.parametrize(
    "author",
    [Author("Nicola", "De Cao"), Author("", "Simon and Schuster"), Author("Bob", "Smith, Jr."), Author("Zoë", "O'Neil"),
     Author("A and B", "C"), Author("", "Lab, Inc.")],
)  # fmt: skip
def test_a_name_is_read_back(author: Author) -> None:
    assert read_names(encode_name(author)) == (author,)
