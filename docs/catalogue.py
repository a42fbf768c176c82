"""The catalogue: one table of all papers, with its rows and its filters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bibliography import Paper, Section
from docs.records import Records, ReplicationRecord
from docs.venues import shorten_venue

REPLICATED = "replicated"
STATUSES = (REPLICATED, "claims written, not run", "not replicated")


@dataclass(frozen=True)
class CatalogueRow:
    """A paper with what the table shows of it and filters by."""

    number: int
    paper: Paper
    section: Section
    venue: str
    status: str
    replications: tuple[ReplicationRecord, ...]

    @property
    def rank(self) -> int:
        """Place of the status in `STATUSES`, for sorting."""
        return STATUSES.index(self.status)

    @property
    def words(self) -> str:
        """What the words filter finds beside the visible text."""
        paper = self.paper
        names = [author.display for author in paper.authors]
        return " ".join([*names, *paper.aliases, *paper.topics, *paper.methods, paper.venue, paper.key])


def list_rows(records: Records) -> Iterator[CatalogueRow]:
    """Yields a row for every paper, in reading order."""
    for number, paper in enumerate(records.library, start=1):
        replications = records.replications_by_paper.get(paper.key, ())
        section = records.library.sections_of(paper.key)[0]
        status = find_status(replications)
        yield CatalogueRow(number, paper, section, shorten_venue(paper.venue), status, replications)


def find_status(replications: tuple[ReplicationRecord, ...]) -> str:
    """Returns how far the replication of a paper is, one of `STATUSES`."""
    if any(replication.was_run for replication in replications):
        return REPLICATED
    return STATUSES[1] if replications else STATUSES[2]


def list_filters(records: Records) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Returns the filters: name, label, and the options that occur as (value, text); in order of the alphabet."""
    rows = list(list_rows(records))
    found = {row.status for row in rows}
    return [
        ("section", "Section", [(section.slug, section.title) for section in records.library.sections]),
        ("topic", "Topic", _options(topic for row in rows for topic in row.paper.topics)),
        ("method", "Method", _options(method for row in rows for method in row.paper.methods)),
        ("venue", "Venue", _options(row.venue for row in rows)),
        ("kind", "Kind", _options(row.paper.kind for row in rows)),
        ("status", "Replication", [(status, status) for status in STATUSES if status in found]),
    ]


def _options(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(set(names), key=str.casefold)]
