"""What a service says about a publication."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bibliography.latex import fold_space
from bibliography.model import Author

# Titles come with the markup of web pages, of JATS and of MathML.
_TAG = re.compile(r"</?(?:jats:|mml:)?[A-Za-z][A-Za-z0-9]*(?: [^<>]*)?/?>")


@dataclass(frozen=True)
class Record:
    """A record of one service; where it offers several values, each of them is right.

    Attributes:
        source: The service, as shown to readers.
        titles: The full title first.
        authors: A name that the service does not split has an empty ``given``.
        years: Of print, of publication online, …; the one to write first.
        venues: The journal or proceedings, then its short forms and the event.
        pages: A range, or the number of the article.
        entry_type: The BibTeX type.
        remark: What the service says in words, such as where a preprint was published.
    """

    source: str
    titles: tuple[str, ...]
    authors: tuple[Author, ...]
    years: tuple[int, ...] = ()
    venues: tuple[str, ...] = ()
    volume: str = ""
    number: str = ""
    pages: tuple[str, ...] = ()
    publisher: str = ""
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    entry_type: str = "misc"
    remark: str = ""
    date: str = ""


def plain(value: object) -> str:
    """Return a value as text on one line, without markup; empty where it is no text."""
    return fold_space(html.unescape(_TAG.sub("", value))) if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one where the service sends something else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[object]:
    """Return a JSON list, or an empty one where the service sends something else."""
    return value if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a JSON list that are not empty."""
    return tuple(text for each in sequence(value) if (text := plain(each)))


def year_of(value: object) -> int | None:
    """Return a year from a number or the start of a date."""
    match = re.match(r"[12][0-9]{3}(?![0-9])", str(value))
    return int(match[0]) if match else None
