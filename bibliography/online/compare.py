"""Compares an entry with a record, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bibliography.model import Author, Paper
from bibliography.online.fold import fold, fold_case, fold_together, read_latex
from bibliography.online.names import Likeness, compare_names
from bibliography.online.record import Record

_NUMBERS_AND_SMALL_WORDS = re.compile(r"\b([0-9]+(st|nd|rd|th)?|[ivxl]+|the|of|on|in|and|for|vol|volume)\b")
_NONE = "(none)"


class Level(StrEnum):
    """How much a difference matters."""

    DIFFERENCE = "difference"
    MILD = "mild"
    NOTE = "note"


@dataclass(frozen=True)
class Difference:
    """A field in which an entry and a record are not the same.

    Attributes:
        remark: What kind of difference it is, where that is known.
    """

    key: str
    field: str
    ours: str
    theirs: str
    source: str
    level: Level
    remark: str = ""


def compare(paper: Paper, record: Record, *, is_published_version: bool) -> list[Difference]:
    """Return the differences between a paper and a record.

    Args:
        paper: Ours.
        record: Theirs; a field that it lacks is not compared.
        is_published_version: Whether it describes the version that the paper stands for. A preprint of a published
            paper may differ, and is worth a note only.
    """
    found = [*_compare_text(paper, record), *_compare_authors(paper, record), *_compare_year(paper, record)]
    if is_published_version:
        found += [*_compare_venue(paper, record), *_compare_place(paper, record)]
        return found
    return list(map(_as_note, found))


def _as_note(difference: Difference) -> Difference:
    level = difference.level if difference.level is Level.MILD else Level.NOTE
    return replace(difference, level=level, remark=difference.remark or "the preprint, not the published version")


def _differ(
    paper: Paper, record: Record, field: str, ours: str, theirs: str, likeness: Likeness
) -> Iterator[Difference]:
    if likeness is not Likeness.SAME:
        level = Level.DIFFERENCE if likeness is Likeness.DIFFERENT else Level.MILD
        remark = "" if likeness is Likeness.DIFFERENT else likeness.value
        yield Difference(paper.key, field, ours or _NONE, theirs, record.source, level, remark)


def _like(ours: str, theirs: str, *further: tuple[Callable[[str], str], Likeness]) -> Likeness:
    """Return how alike two texts are, by the first way of folding that makes them equal."""
    for folding, likeness in ((fold_case, Likeness.SAME), (fold_together, Likeness.PUNCTUATION), *further):
        if folding(ours) == folding(theirs):
            return likeness
    return Likeness.DIFFERENT


def _most_like(ours: str, candidates: Iterable[str], *further: tuple[Callable[[str], str], Likeness]) -> Likeness:
    order = list(Likeness)
    return min((_like(ours, theirs, *further) for theirs in candidates), key=order.index)


def _compare_text(paper: Paper, record: Record) -> Iterator[Difference]:
    if titles := [read_latex(title) for title in record.titles]:
        yield from _differ(paper, record, "title", paper.title, titles[0], _most_like(paper.title, titles))


def _compare_authors(paper: Paper, record: Record) -> Iterator[Difference]:
    """Yield one difference for each name, or one for the whole list where its length differs."""
    theirs = [Author(read_latex(author.given), read_latex(author.family)) for author in record.authors]
    if theirs and len(theirs) != len(paper.authors):
        yield Difference(
            paper.key, "authors", _list(paper.authors, theirs), _list(theirs, paper.authors), record.source,
            Level.DIFFERENCE, f"{len(paper.authors)} authors here, {len(theirs)} there",
        )  # fmt: skip
        return
    for position, (our, their) in enumerate(zip(paper.authors, theirs, strict=False), start=1):
        likeness = compare_names(our, their)
        yield from _differ(paper, record, f"author {position}", our.display, their.display, likeness)


def _list(authors: Sequence[Author], others: Sequence[Author]) -> str:
    """Return the authors that the other list lacks, or all of them where it lacks none."""
    known = {_last_word(author) for author in others}
    missing = [author for author in authors if _last_word(author) not in known]
    return "; ".join(author.display for author in (missing or authors))


def _last_word(author: Author) -> str:
    return fold(author.display).rpartition(" ")[2]


def _compare_year(paper: Paper, record: Record) -> Iterator[Difference]:
    if record.years and paper.year not in record.years:
        theirs = " or ".join(map(str, record.years))
        yield from _differ(paper, record, "year", str(paper.year), theirs, Likeness.DIFFERENT)


def _compare_venue(paper: Paper, record: Record) -> Iterator[Difference]:
    venues = [read_latex(venue) for venue in record.venues]
    if not venues or paper.entry_type in {"book", "phdthesis", "online", "software"}:
        return
    ours = [paper.venue, *([paper.series] if paper.series else [])]
    shorten = (_without_numbers, Likeness.NUMBERS)
    likeness = min((_most_like(name, venues, shorten) for name in ours), key=list(Likeness).index)
    yield from _differ(paper, record, "venue", paper.venue, venues[0], likeness)


def _without_numbers(venue: str) -> str:
    return " ".join(_NUMBERS_AND_SMALL_WORDS.sub(" ", fold(venue)).split())


def _compare_place(paper: Paper, record: Record) -> Iterator[Difference]:
    """Compare volume and pages; what the publisher gives and we lack is a difference as well."""
    if record.volume and fold(record.volume) != fold(paper.volume or ""):
        yield from _differ(paper, record, "volume", paper.volume or "", record.volume, Likeness.DIFFERENT)
    pages = [_full_range(page) for page in record.pages]
    if pages and _full_range(paper.pages or "") not in pages:
        yield from _differ(paper, record, "pages", paper.pages or "", record.pages[0], Likeness.DIFFERENT)
    if record.doi and paper.doi and record.doi.casefold() != paper.doi.casefold():
        yield from _differ(paper, record, "doi", paper.doi, record.doi, Likeness.DIFFERENT)


def _full_range(pages: str) -> str:
    """Return pages with one hyphen and the last page in full: ``411--20`` is ``411-420``."""
    pages = fold_case(pages).replace(" ", "").removeprefix("pp.").removeprefix("p.")
    first, hyphen, last = pages.partition("-")
    if first.isdigit() and last.isdigit() and len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return first if last == first else f"{first}{hyphen}{last}"


def note_publication(paper: Paper, record: Record) -> Iterator[Difference]:
    """Yield a note for each thing that a preprint's record says of a published version and we do not."""
    remark = "the preprint names its published version"
    if record.doi and record.doi.casefold() != (paper.doi or "").casefold():
        ours = paper.doi or _NONE
        yield Difference(paper.key, "doi", ours, record.doi, record.source, Level.NOTE, remark)
    if record.remark and paper.entry_type == "misc":
        yield Difference(paper.key, "venue", paper.venue, record.remark, record.source, Level.NOTE, remark)
