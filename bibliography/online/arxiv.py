"""Reads the Atom feed of arXiv's interface (https://info.arxiv.org/help/api)."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from bibliography.model import Author
from bibliography.online.client import AnswerError
from bibliography.online.record import Record, plain, year_of

_NAMES = {"atom": "http://www.w3.org/2005/Atom", "arxiv": "http://arxiv.org/schemas/atom"}
_IDENTIFIER = re.compile(r"arxiv\.org/abs/(?P<id>.+?)(v[0-9]+)?$")


def read_arxiv(feed: str) -> dict[str, Record]:
    """Return the records of a feed by identifier, without versions.

    Raises:
        AnswerError: It is not an Atom feed, or one that declares entities, which may blow up when parsed.
    """
    if "<!DOCTYPE" in feed or "<!ENTITY" in feed:
        raise AnswerError("arXiv: got XML with a document type; expected a plain Atom feed")
    try:
        root = ElementTree.fromstring(feed)  # noqa: S314 (declares no entities: see above)
    except ElementTree.ParseError as error:
        raise AnswerError(f"arXiv: got text that is not XML ({error}); expected an Atom feed") from error
    if root.tag != f"{{{_NAMES['atom']}}}feed":
        raise AnswerError(f"arXiv: got the element {root.tag}; expected an Atom feed")
    records = (_record(entry) for entry in root.findall("atom:entry", _NAMES))
    return {record.arxiv: record for record in records if record}


def _record(entry: ElementTree.Element) -> Record | None:
    """Return the record of an entry, or None for one that carries an error message instead."""

    def text(path: str) -> str:
        return plain(entry.findtext(path, "", _NAMES))

    identifier = _IDENTIFIER.search(text("atom:id"))
    year = year_of(text("atom:published"))
    if not identifier or not year:
        return None
    names = (plain(name.text) for name in entry.findall("atom:author/atom:name", _NAMES))
    return Record(
        source="arXiv",
        titles=(text("atom:title"),),
        authors=tuple(Author("", name) for name in names if name),
        years=(year,),
        doi=text("arxiv:doi"),
        arxiv=identifier["id"],
        remark=text("arxiv:journal_ref"),
        date=text("atom:published")[:10],
    )
