"""Reads records of DataCite (https://api.datacite.org), which registers the DOIs of arXiv, Zenodo and others."""

from __future__ import annotations

from collections.abc import Mapping

from bibliography.model import Author
from bibliography.online.record import Record, mapping, plain, sequence, year_of

ARXIV_PREFIX = "10.48550/arXiv."

_TYPES = {"JournalArticle": "article", "ConferencePaper": "inproceedings", "Dissertation": "phdthesis", "Book": "book"}


def read_datacite(attributes: Mapping[str, object]) -> Record:
    """Return the record in the ``attributes`` of an answer; what is missing there is empty."""
    titles = [mapping(each) for each in sequence(attributes.get("titles"))]
    container = mapping(attributes.get("container"))
    doi = plain(attributes.get("doi"))
    is_arxiv = doi.lower().startswith(ARXIV_PREFIX.lower())
    pages = "-".join(filter(None, (plain(container.get("firstPage")), plain(container.get("lastPage")))))
    year = year_of(attributes.get("publicationYear"))
    publisher = attributes.get("publisher")
    return Record(
        source="DataCite",
        titles=tuple(text for each in titles if not each.get("titleType") and (text := plain(each.get("title")))),
        authors=tuple(author for each in sequence(attributes.get("creators")) if (author := _author(mapping(each)))),
        years=(year,) if year else (),
        venues=tuple(filter(None, (plain(container.get("title")),))),
        volume=plain(container.get("volume")),
        number=plain(container.get("issue")),
        pages=(pages,) if pages else (),
        publisher=plain(publisher) or plain(mapping(publisher).get("name")),
        doi="" if is_arxiv else doi,
        arxiv=doi[len(ARXIV_PREFIX) :] if is_arxiv else "",
        url=plain(attributes.get("url")),
        entry_type=_TYPES.get(plain(mapping(attributes.get("types")).get("resourceTypeGeneral")), "misc"),
    )


def _author(creator: Mapping[str, object]) -> Author | None:
    if family := plain(creator.get("familyName")):
        return Author(plain(creator.get("givenName")), family)
    name = plain(creator.get("name"))
    family, comma, given = name.partition(", ")
    if comma and creator.get("nameType") != "Organizational":
        return Author(given, family)
    return Author("", name) if name else None
