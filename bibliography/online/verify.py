"""Compares entries with what Crossref, DataCite and arXiv say about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bibliography.model import Paper
from bibliography.online.client import AnswerError, require_network
from bibliography.online.compare import Difference, Level, compare, note_publication
from bibliography.online.datacite import ARXIV_PREFIX
from bibliography.online.progress import Progress
from bibliography.online.record import Record
from bibliography.online.services import Registry
from bibliography.online.settings import Settings


@dataclass(frozen=True)
class Verification:
    """What a comparison found.

    Attributes:
        compared: Keys of the papers compared with at least one record.
        differences: Mild ones and notes included, in the order of the papers.
        without_identifier: Keys of papers that have neither a DOI nor an arXiv identifier.
        failures: What could not be looked up, and why.
    """

    compared: tuple[str, ...]
    differences: tuple[Difference, ...]
    without_identifier: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every look-up worked and nothing differs beyond accents, punctuation and preprints."""
        return not self.failures and all(each.level is not Level.DIFFERENCE for each in self.differences)


@dataclass(frozen=True)
class _Found:
    """A record of a paper, None where the service has none, or why it could not be looked up."""

    paper: Paper
    source: str
    identifier: str
    record: Record | None = None
    failure: str = ""


def verify(papers: Iterable[Paper], settings: Settings, progress: Progress) -> Verification:
    """Return what differs between papers and the records of the services.

    Raises:
        NoNetworkError: No service gives any answer.
    """
    papers = list(papers)
    with_doi = [paper for paper in papers if paper.doi]
    on_arxiv = [paper for paper in papers if paper.arxiv]
    services = settings.services
    if with_doi or on_arxiv:
        require_network((services.crossref, services.datacite, services.arxiv), settings.manners)
    progress.begin(len(with_doi) + 2 * len(on_arxiv))
    jobs = ((_find_dois, with_doi), (_find_copies, on_arxiv), (_find_on_arxiv, on_arxiv))
    with ThreadPoolExecutor(len(jobs)) as pool:
        # Each service has its own thread and is asked in turn.
        results = [pool.submit(find, these, Registry(settings), progress) for find, these in jobs]
        found = [each for result in results for each in result.result()]
    return _judge(papers, found)


def _find(
    paper: Paper, source: str, identifier: str, look_up: Callable[[str], Record | None], progress: Progress
) -> _Found:
    try:
        found = _Found(paper, source, identifier, look_up(identifier))
    except AnswerError as error:
        found = _Found(paper, source, identifier, failure=str(error))
    progress.tick("failed" if found.failure else "found" if found.record else "missing")
    return found


def _find_dois(papers: Sequence[Paper], registry: Registry, progress: Progress) -> list[_Found]:
    """Return the records of DOIs from the agency that registered each."""

    def look_up(doi: str) -> Record | None:
        return registry.crossref(doi) or registry.datacite(doi)

    return [_find(paper, "Crossref, DataCite", paper.doi or "", look_up, progress) for paper in papers]


def _find_copies(papers: Sequence[Paper], registry: Registry, progress: Progress) -> list[_Found]:
    """Return DataCite's records of preprints."""
    return [_find(paper, "DataCite", f"{ARXIV_PREFIX}{paper.arxiv}", registry.datacite, progress) for paper in papers]


def _find_on_arxiv(papers: Sequence[Paper], registry: Registry, progress: Progress) -> list[_Found]:
    records: dict[str, Record] = {}
    failure = ""
    try:
        for batch in registry.arxiv(paper.arxiv for paper in papers if paper.arxiv):
            records |= batch
    except AnswerError as error:
        failure = str(error)
    found = []
    for paper in papers:
        identifier = paper.arxiv or ""
        record = records.get(identifier)
        found.append(_Found(paper, "arXiv", identifier, record, "" if record else failure))
        progress.tick("found" if record else "failed" if failure else "missing")
    return found


def _judge(papers: Sequence[Paper], found: Sequence[_Found]) -> Verification:
    by_key: dict[str, list[Difference]] = defaultdict(list)
    for each in found:
        if not each.failure:
            by_key[each.paper.key] += _compare(each)
    return Verification(
        compared=tuple(dict.fromkeys(each.paper.key for each in found if each.record)),
        differences=tuple(difference for paper in papers for difference in _merge(by_key[paper.key])),
        without_identifier=tuple(paper.key for paper in papers if not paper.doi and not paper.arxiv),
        failures=tuple(dict.fromkeys(each.failure for each in found if each.failure)),
    )


def _compare(found: _Found) -> list[Difference]:
    paper, record = found.paper, found.record
    is_preprint_record = found.identifier != paper.doi
    if record is None:
        field = "eprint" if is_preprint_record else "doi"
        return [Difference(paper.key, field, found.identifier, "no such record", found.source, Level.DIFFERENCE)]
    # An arXiv preprint that was never published elsewhere is itself the version that the entry stands for.
    is_only_preprint = paper.entry_type == "misc" and not paper.doi
    if is_preprint_record and is_only_preprint:
        record = replace(record, venues=(), volume="", pages=())
    notes = note_publication(paper, record) if is_preprint_record else ()
    return [*compare(paper, record, is_published_version=not is_preprint_record or is_only_preprint), *notes]


def _merge(differences: Iterable[Difference]) -> list[Difference]:
    """Return the differences, those on which services agree as one with both sources."""
    merged: dict[Difference, list[str]] = {}
    for each in differences:
        merged.setdefault(replace(each, source=""), []).append(each.source)
    return [replace(each, source=", ".join(dict.fromkeys(sources))) for each, sources in merged.items()]
