"""The timeline: papers by year and section, as rows of a table whose cells hold marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from bibliography import Paper, Section
from docs.records import Records

# The list has a handful of papers from before; a column for each of their years would leave the picture mostly empty.
FIRST_YEAR = 2014


@dataclass(frozen=True)
class Column:
    """A column of the picture: its heading, and the years that it covers, both included."""

    title: str
    since: int
    until: int


@dataclass(frozen=True)
class TimelineRow:
    """A section, and for each column its papers in reading order."""

    section: Section
    cells: tuple[tuple[Paper, ...], ...]


def list_columns(papers: Sequence[Paper]) -> tuple[Column, ...]:
    """Returns a column for each year from `FIRST_YEAR` to the last, before them one for everything earlier."""
    first, last = min(paper.year for paper in papers), max(paper.year for paper in papers)
    years = tuple(Column(str(year), year, year) for year in range(max(first, FIRST_YEAR), last + 1))
    earlier = (Column(f"{first} to {FIRST_YEAR - 1}", first, FIRST_YEAR - 1),) if first < FIRST_YEAR else ()
    return (*earlier, *years)


def list_rows(records: Records, columns: Sequence[Column]) -> tuple[TimelineRow, ...]:
    """Returns a row for each section, in reading order; every paper is in exactly one cell."""
    rows = []
    for section in records.library.sections:
        papers = [records.library[key] for key in section.all_keys]
        cells = tuple(tuple(p for p in papers if column.since <= p.year <= column.until) for column in columns)
        rows.append(TimelineRow(section, cells))
    return tuple(rows)
