"""Asks the services for records."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

import requests

from bibliography.online.arxiv import read_arxiv
from bibliography.online.client import MAY_PASS, AnswerError, explain, fetch, open_session
from bibliography.online.crossref import read_crossref
from bibliography.online.datacite import read_datacite
from bibliography.online.record import Record, mapping
from bibliography.online.settings import Settings

_ARXIV_BATCH = 50


class Registry:
    """The three services, each asked in turn with a pause. Use one per thread.

    A record that does not exist is None; a service that does not answer as it should raises AnswerError.
    """

    def __init__(self, settings: Settings) -> None:
        self._services = settings.services
        self._manners = settings.manners
        self._session: requests.Session = open_session(settings.manners)
        self._free_at: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    def crossref(self, doi: str) -> Record | None:
        """Return Crossref's record of a DOI."""
        message = self._json("Crossref", self._services.crossref, doi, "message")
        return _titled(read_crossref(message), doi) if message is not None else None

    def datacite(self, doi: str) -> Record | None:
        """Return DataCite's record of a DOI."""
        data = self._json("DataCite", self._services.datacite, doi, "data")
        return _titled(read_datacite(mapping(data.get("attributes"))), doi) if data is not None else None

    def arxiv(self, identifiers: Iterable[str]) -> Iterator[dict[str, Record]]:
        """Yield arXiv's records by identifier, a batch at a time; those that do not exist are missing."""
        left = list(identifiers)
        while left:
            batch, left = left[:_ARXIV_BATCH], left[_ARXIV_BATCH:]
            query: dict[str, str | int] = {"id_list": ",".join(batch), "max_results": len(batch)}
            status, text = self._fetch("arXiv", self._services.arxiv, self._manners.arxiv_delay, query)
            if status != 200:
                raise AnswerError(f"arXiv: got {status} for {batch[0]} and {len(batch) - 1} more; expected 200")
            yield read_arxiv(text)

    def _json(self, name: str, base: str, doi: str, part: str) -> Mapping[str, object] | None:
        status, text = self._fetch(name, base + quote(doi, safe="/"), self._manners.host_delay)
        if status == 404:
            return None
        if status != 200:
            raise AnswerError(f"{name}: got {status} for {doi}; expected 200")
        try:
            answer = mapping(json.loads(text)).get(part)
        except (ValueError, RecursionError) as error:
            raise AnswerError(f"{name}: got broken JSON for {doi} ({error}); expected a record") from error
        if not isinstance(answer, dict):
            raise AnswerError(f"{name}: got JSON without {part} for {doi}; expected a record")
        return answer

    def _fetch(
        self, name: str, url: str, delay: float, query: Mapping[str, str | int] | None = None
    ) -> tuple[int, str]:
        if self._failures[name] >= self._manners.failures_per_host:
            raise AnswerError(f"{name}: not asked any more after {self._failures[name]} failures in a row")
        time.sleep(max(self._free_at.get(name, 0.0) - time.monotonic(), 0.0))
        self._failures[name] += 1
        try:
            status, text = fetch(self._session, url, self._manners, query)
        except requests.RequestException as error:
            raise AnswerError(f"{name}: {explain(error).value}") from error
        finally:
            self._free_at[name] = time.monotonic() + delay
        if status not in MAY_PASS:
            self._failures[name] = 0
        return status, text


def _titled(record: Record, identifier: str) -> Record:
    if not record.titles:
        raise AnswerError(f"{record.source}: got a record without a title for {identifier}; expected one with")
    return record
