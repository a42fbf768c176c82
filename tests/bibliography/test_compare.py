"""Which differences between an entry and a record count, and how much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bibliography import Author, Paper
from bibliography.online.compare import Difference, Level, compare, note_publication
from bibliography.online.names import Likeness, compare_names
from bibliography.online.record import Record

if TYPE_CHECKING:
    from conftest import Shelf


@pytest.fixture
def paper(shelf: Shelf) -> Paper:
    return shelf.load()["decao2021editing"]


@pytest.fixture
def record(paper: Paper) -> Record:
    """A record that says the same as the paper."""
    return Record(
        source="Crossref",
        titles=(paper.title,),
        authors=paper.authors,
        years=(2021,),
        venues=(paper.venue,),
        volume="7",
        pages=("6491-6506",),
        doi=paper.doi or "",
    )


def differences(paper: Paper, record: Record) -> list[Difference]:
    return compare(paper, record, is_published_version=True)


def test_the_same_differs_in_nothing(paper: Paper, record: Record) -> None:
    assert differences(paper, record) == []


def test_what_a_record_lacks_is_not_compared(paper: Paper) -> None:
    assert differences(paper, Record("Crossref", (), ())) == []


@pytest.mark.parametrize(
    ("field", "theirs", "level"),
    [
        ("titles", ("EDITING FACTUAL KNOWLEDGE IN GPT–2:  $k$-sparse updates",), None),
        (
            "titles",
            ("Editing Factual Knowledge in GPT-2", "Editing Factual Knowledge in GPT-2: k-Sparse Updates"),
            None,
        ),
        ("titles", ("Editing factual knowledge in GPT2, k sparse updates",), Level.MILD),
        ("titles", ("Editing factual knowledge in GPT-3: k-sparse updates",), Level.DIFFERENCE),
        ("titles", ("Editing Factual Knowledge in GPT-2",), Level.DIFFERENCE),
        ("years", (2020, 2021), None),
        ("years", (2020, 2022), Level.DIFFERENCE),
        ("venues", ("PROCEEDINGS OF A CONFERENCE",), None),
        ("venues", ("Lecture Notes", "Proceedings of a Conference"), None),
        ("venues", ("Proceedings of the a Conference (2021)",), Level.MILD),
        ("venues", ("Proceedings of another Conference",), Level.DIFFERENCE),
        ("volume", "8", Level.DIFFERENCE),
        ("pages", ("6491–6506",), None),
        ("pages", ("6491-506",), None),
        ("pages", ("6491-6507",), Level.DIFFERENCE),
        ("pages", ("9", "6491-6506"), None),
        ("doi", "10.18653/V1/2021.EMNLP-MAIN.522", None),
        ("doi", "10.18653/v1/2021.emnlp-main.523", Level.DIFFERENCE),
    ],
)
def test_each_field_folds_what_only_typesetting_decides(
    paper: Paper, record: Record, field: str, theirs: object, level: Level | None
) -> None:
    found = differences(paper, replace(record, **{field: theirs}))  # type: ignore[arg-type]
    assert [each.level for each in found] == ([level] if level else [])


def test_a_volume_that_we_lack_is_a_difference(paper: Paper, record: Record) -> None:
    [difference] = differences(replace(paper, volume=None), record)
    assert (difference.field, difference.ours, difference.theirs) == ("volume", "(none)", "7")


def test_nature_is_not_nature_neuroscience(paper: Paper, record: Record) -> None:
    [difference] = differences(replace(paper, venue="Nature"), replace(record, venues=("Nature Neuroscience",)))
    assert difference.level is Level.DIFFERENCE


@pytest.mark.parametrize(
    ("ours", "theirs", "likeness"),
    [
        (Author("Nicola", "De Cao"), Author("Nicola De", "Cao"), Likeness.SAME),
        (Author("Nicola", "De Cao"), Author("", "Nicola De Cao"), Likeness.SAME),
        (Author("Nicola", "De Cao"), Author("N.", "De Cao"), Likeness.SAME),
        (Author("Eric J.", "Michaud"), Author("Eric", "Michaud"), Likeness.SAME),
        (Author("Eric J.", "Michaud"), Author("EJ", "Michaud"), Likeness.SAME),
        (Author("John Alan", "Smith"), Author("J. A.", "SMITH"), Likeness.SAME),
        (Author("J.-L.", "Smith"), Author("Jean-Luc", "Smith"), Likeness.SAME),
        (Author("Kevin Ro", "Wang"), Author("Kevin", "Wang"), Likeness.MIDDLE_NAME),
        (Author("Lennart", "Bürger"), Author("Lennart", "Burger"), Likeness.PUNCTUATION),
        (Author("Lennart", "Bürger"), Author("L.", "Burger"), Likeness.PUNCTUATION),
        (Author("Łukasz", "Øst"), Author("Lukasz", "Ost"), Likeness.PUNCTUATION),
        (Author("Xiao-Ming", "Li"), Author("Xiaoming", "Li"), Likeness.PUNCTUATION),
        (Author("Adrià", "Garriga-Alonso"), Author("Adria", "Garriga Alonso"), Likeness.PUNCTUATION),
        (Author("Lennart", "Bürger"), Author("Lennart", "Buerger"), Likeness.DIFFERENT),
        (Author("Eric", "Mitchell"), Author("Erica", "Mitchell"), Likeness.DIFFERENT),
        (Author("John A.", "Smith"), Author("J. B.", "Smith"), Likeness.DIFFERENT),
        (Author("John", "Smith"), Author("Kate", "Smith"), Likeness.DIFFERENT),
        (Author("", "Some Lab"), Author("", "SOME LAB"), Likeness.SAME),
        (Author("", "Some Lab"), Author("", "Other Lab"), Likeness.DIFFERENT),
        (Author("Yi", "Li"), Author("Li", "Yi"), Likeness.DIFFERENT),
    ],
)
def test_names_agree_where_they_are_only_written_otherwise(ours: Author, theirs: Author, likeness: Likeness) -> None:
    assert compare_names(ours, theirs) is likeness


def test_a_wrong_first_author_is_shown_with_the_place(paper: Paper, record: Record) -> None:
    [difference] = differences(paper, replace(record, authors=(Author("Wilker", "Aziz"), *paper.authors[1:])))
    assert (difference.field, difference.ours, difference.theirs) == ("author 1", "Nicola De Cao", "Wilker Aziz")


def test_a_missing_author_is_named(paper: Paper, record: Record) -> None:
    [difference] = differences(paper, replace(record, authors=paper.authors[:2]))
    assert (difference.field, difference.ours, difference.remark) == (
        "authors", "Some Lab", "3 authors here, 2 there",
    )  # fmt: skip


def test_a_preprint_of_a_published_paper_earns_notes_only(paper: Paper, record: Record) -> None:
    preprint = replace(record, source="arXiv", titles=("Editing Knowledge",), years=(2020,), venues=("x",), volume="1")
    found = compare(paper, preprint, is_published_version=False)
    assert [(each.field, each.level) for each in found] == [("title", Level.NOTE), ("year", Level.NOTE)]


def test_a_published_version_that_the_preprint_names_is_noted(paper: Paper, record: Record) -> None:
    mere_preprint = replace(paper, entry_type="misc", doi=None)
    found = list(note_publication(mere_preprint, replace(record, source="arXiv", remark="Proc. of X")))
    assert [(each.field, each.ours, each.level) for each in found] == [
        ("doi", "(none)", Level.NOTE), ("venue", "Proceedings of a Conference", Level.NOTE),
    ]  # fmt: skip
    assert list(note_publication(paper, record)) == []
