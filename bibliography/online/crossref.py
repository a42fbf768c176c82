"""Reads records of Crossref (https://api.crossref.org), which registers most publishers' DOIs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bibliography.model import Author
from bibliography.online.record import Record, mapping, plain, sequence, texts, year_of

_TYPES = {
    "journal-article": "article",
    "proceedings-article": "inproceedings",
    "book-chapter": "incollection",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "dissertation": "phdthesis",
}
_DATES = ("published-print", "published", "issued", "published-online")
_ARXIV = re.compile(r"arxiv(?:\.org/abs/|[.:])([0-9]{4}\.[0-9]{4,5})", re.I)


def read_crossref(message: Mapping[str, object]) -> Record:
    """Return the record in the ``message`` of an answer; what is missing there is empty."""
    events = (plain(mapping(message.get("event")).get("name")),)
    institutions = (plain(mapping(each).get("name")) for each in sequence(message.get("institution")))
    venues = (*texts(message.get("container-title")), *texts(message.get("short-container-title")))
    years = (year_of(_date(message, name)[:4]) for name in _DATES)
    return Record(
        source="Crossref",
        titles=_titles(message),
        authors=tuple(author for each in sequence(message.get("author")) if (author := _author(mapping(each)))),
        years=tuple(dict.fromkeys(year for year in years if year)),
        venues=tuple(venue for venue in (*venues, *events, *institutions) if venue),
        volume=plain(message.get("volume")),
        number=plain(message.get("issue")),
        pages=tuple(page for name in ("page", "article-number") if (page := plain(message.get(name)))),
        publisher=plain(message.get("publisher")),
        doi=plain(message.get("DOI")),
        arxiv=_preprint(message),
        url=plain(mapping(mapping(message.get("resource")).get("primary")).get("URL")),
        entry_type=_TYPES.get(plain(message.get("type")), "misc"),
        date=next((date for name in _DATES if (date := _date(message, name))), ""),
    )


def _titles(message: Mapping[str, object]) -> tuple[str, ...]:
    """Return the title with its subtitle, then without, since some authors' title ends before it."""
    titles, subtitles = texts(message.get("title")), texts(message.get("subtitle"))
    if not titles or not subtitles:
        return titles
    return (f"{titles[0].removesuffix(':')}: {subtitles[0]}", *titles)


def _author(person: Mapping[str, object]) -> Author | None:
    family = plain(person.get("family")) or plain(person.get("name"))
    return Author(plain(person.get("given")), family) if family else None


def _date(message: Mapping[str, object], name: str) -> str:
    """Return a date as YYYY, YYYY-MM or YYYY-MM-DD, or an empty text."""
    parts = sequence(mapping(message.get(name)).get("date-parts"))
    numbers = [each for each in sequence(parts[0] if parts else None) if isinstance(each, int)]
    return "-".join(f"{number:02d}" for number in numbers)


def _preprint(message: Mapping[str, object]) -> str:
    """Return the arXiv identifier of the preprint that the publisher names, or an empty text."""
    for each in sequence(mapping(message.get("relation")).get("has-preprint")):
        if identifier := _ARXIV.search(plain(mapping(each).get("id"))):
            return identifier[1]
    return ""
