"""Which entry types and fields there are, and how the value of each must look."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Fields of this project. Readers of an exported entry have no use for them, so no export carries them.
OWN_FIELDS = frozenset({"code", "seealso", "alias", "topics", "methods", "related", "summary"})

EXPORTED_FIELDS = (
    "title", "author", "editor", "booktitle", "journal", "howpublished", "school", "series", "volume",
    "number", "pages", "publisher", "year", "date", "doi", "eprint", "archiveprefix", "url",
)  # fmt: skip

FIELDS = frozenset(EXPORTED_FIELDS) | OWN_FIELDS

# The first of these that an entry has is its venue.
VENUE_FIELDS = ("booktitle", "journal", "howpublished", "school", "publisher")

_ALWAYS = ("title", "author", "year", "url", "topics", "related", "summary")

REQUIRED_FIELDS = {
    "article": (*_ALWAYS, "journal", "methods"),
    "inproceedings": (*_ALWAYS, "booktitle", "methods"),
    "incollection": (*_ALWAYS, "booktitle", "publisher", "methods"),
    "book": (*_ALWAYS, "publisher", "methods"),
    "phdthesis": (*_ALWAYS, "school", "methods"),
    "misc": (*_ALWAYS, "howpublished", "methods"),
    # Videos, lists and tools need not apply any method.
    "online": (*_ALWAYS, "date"),
    "software": (*_ALWAYS, "date"),
}

# Classic BibTeX styles number these by volume or by number, and warn of both.
VOLUME_OR_NUMBER_TYPES = frozenset({"inproceedings", "incollection", "book"})

DATED_TYPES = frozenset({"online", "software"})

KEY = re.compile(r"(?P<surname>[a-z]+)(?P<year>[0-9]{4})(?P<word>[a-z0-9]+)")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Form:
    """The form that the whole value of a field must have, and how to tell an editor."""

    pattern: re.Pattern[str]
    expected: str
    do: str


# The characters that RFC 3986 allows after the host; no quotes, angle brackets or white space among them.
_ADDRESS = Form(
    re.compile(r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?([/?#][\w\-.~:/?#\[\]@!$&'()*+,;=%]*)?", re.A),
    "an address that starts with http:// or https:// and has no white space",
    "copy the address of the page; percent-encode unusual characters",
)

FORMS = {
    "year": Form(re.compile(r"[0-9]{4}"), "four digits", "write the year of the published version"),
    "date": Form(
        re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?"),
        "YYYY-MM-DD or YYYY-MM",
        "write the date of publication, without a time",
    ),
    "doi": Form(
        re.compile(r"(?!10\.48550/)10\.[0-9]{4,9}/[^\s{}\\\"]+", re.I),
        "a publisher's DOI such as 10.1162/neco.1992.4.2.196",
        "drop https://doi.org/, and leave out DOIs of arXiv (10.48550): eprint says it already",
    ),
    "eprint": Form(
        re.compile(r"[0-9]{2}(0[1-9]|1[0-2])\.[0-9]{4,5}|[a-z-]+(\.[A-Z]{2})?/[0-9]{7}"),
        "an arXiv identifier such as 2211.00593 or cs/0112017",
        "drop arXiv: and the version",
    ),
    "archiveprefix": Form(re.compile("arXiv"), "arXiv", "write archiveprefix = {arXiv}"),
    "url": _ADDRESS,
    "code": _ADDRESS,
    "seealso": _ADDRESS,
}
