"""The reading list in the formats that writers and reference managers read.

BibTeX and BibLaTeX are cut out of the source blocks: what is kept is kept byte for byte. CSL-JSON and RIS are
written from the decoded records, because their readers expect Unicode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from bibliography.model import Author, Library, Paper, SourceBlock
from bibliography.schema import OWN_FIELDS

# In a source block only the first line of a field is indented by exactly two spaces; the loader saw to it.
_FIELD_START = re.compile(r"^(?=  [a-z])", re.M)

_CLASSIC_TYPES = {"online": "misc", "software": "misc"}
_BIBLATEX_NAMES = {"journal": "journaltitle", "archiveprefix": "eprinttype", "school": "institution"}
# biber warns of howpublished in @online, whose publisher is an organization.
_BIBLATEX_ONLINE_NAMES = _BIBLATEX_NAMES | {"howpublished": "organization"}

_CSL_TYPES = {
    "article": "article-journal",
    "inproceedings": "paper-conference",
    "incollection": "chapter",
    "book": "book",
    "phdthesis": "thesis",
    "misc": "article",
    "online": "webpage",
    "software": "software",
}

_RIS_TYPES = {
    "article": "JOUR",
    "inproceedings": "CONF",
    "incollection": "CHAP",
    "book": "BOOK",
    "phdthesis": "THES",
    "misc": "UNPB",
    "online": "ELEC",
    "software": "COMP",
}

# Where these say how an item was published, they name no journal, book or proceedings that contains it.
_NOT_CONTAINED = frozenset({"misc", "book", "phdthesis", "software"})


def export(library: Library, papers: Iterable[Paper], format: str) -> str:
    """Return papers of a library in a format (a key of ``EXPORTERS``), each once and in reading order."""
    return EXPORTERS[format](library.in_reading_order({paper.key for paper in papers}))


def to_bibtex(papers: Iterable[Paper]) -> str:
    """Return BibTeX that classic styles know: ``@online`` and ``@software`` become ``@misc``."""
    return "\n".join(
        _cut(paper.source, _CLASSIC_TYPES.get(paper.entry_type, paper.entry_type), without={"date"}, names={})
        for paper in papers
    )


def to_biblatex(papers: Iterable[Paper]) -> str:
    """Return BibTeX with the types and field names of BibLaTeX, where ``date`` stands instead of ``year``."""
    return "\n".join(
        _cut(
            paper.source,
            paper.entry_type,
            without={"year"} if paper.date else set(),
            names=_BIBLATEX_ONLINE_NAMES if paper.entry_type == "online" else _BIBLATEX_NAMES,
        )
        for paper in papers
    )


def _cut(
    source: SourceBlock,
    entry_type: str,
    *,
    without: set[str],
    names: Mapping[str, str],
) -> str:
    """Return a block without our own fields and those named, with another type and other field names."""
    opening, *fields = _FIELD_START.split(source.text.removesuffix("}"))
    lines = [f"@{entry_type}{opening[opening.index('{') :]}"]
    for field in fields:
        name, rest = field[2:].split(" ", 1)
        if name not in OWN_FIELDS | without:
            lines.append(f"  {names.get(name, name)} {rest}")
    return "".join(lines) + "}\n"


def to_csl_json(papers: Iterable[Paper]) -> str:
    """Return a CSL-JSON list, as citeproc, Zotero and Pandoc read it."""
    items = [_csl_item(paper) for paper in papers]
    return json.dumps(items, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _csl_item(paper: Paper) -> dict[str, object]:
    date = paper.date or str(paper.year)
    item: dict[str, object | None] = {
        "id": paper.key,
        "type": _CSL_TYPES[paper.entry_type],
        "title": paper.title,
        "author": [_csl_name(author) for author in paper.authors],
        "editor": [_csl_name(editor) for editor in paper.editors],
        "issued": {"date-parts": [[int(part) for part in date.split("-")]]},
        "container-title": None if paper.entry_type in _NOT_CONTAINED else paper.venue,
        "genre": paper.venue if paper.entry_type == "misc" else None,
        "collection-title": paper.series,
        "publisher": paper.venue if paper.entry_type == "phdthesis" else paper.publisher,
        "volume": paper.volume,
        "issue": paper.number,
        "page": paper.pages and paper.pages.replace("–", "-"),
        "DOI": paper.doi,
        "URL": paper.url,
        "archive": "arXiv" if paper.arxiv else None,
        "archive_location": paper.arxiv,
    }
    return {name: value for name, value in item.items() if value}


def _csl_name(author: Author) -> dict[str, str]:
    return {"family": author.family, "given": author.given} if author.given else {"literal": author.family}


def to_ris(papers: Iterable[Paper]) -> str:
    """Return RIS records, as EndNote, Mendeley and Zotero read them."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_lines(paper)) for paper in papers)


def _ris_lines(paper: Paper) -> Iterable[tuple[str, str]]:
    first, _, last = (paper.pages or "").partition("–")
    optional = [
        ("DA", (paper.date or "").replace("-", "/")),
        ("T2", "" if paper.entry_type in _NOT_CONTAINED else paper.venue),
        ("T3", paper.series),
        ("PB", paper.venue if paper.entry_type in {"phdthesis", "misc"} else paper.publisher),
        ("VL", paper.volume),
        ("IS", paper.number),
        ("SP", first),
        ("EP", last),
        ("DO", paper.doi),
        ("UR", paper.url),
        ("UR", paper.arxiv_url if paper.arxiv_url != paper.url else None),
    ]
    yield "TY", _RIS_TYPES[paper.entry_type]
    yield "ID", paper.key
    yield "TI", paper.title
    yield from (("AU", _ris_name(author)) for author in paper.authors)
    yield from (("ED", _ris_name(editor)) for editor in paper.editors)
    yield "PY", str(paper.year)
    yield from ((tag, value) for tag, value in optional if value)
    yield "ER", ""


def _ris_name(author: Author) -> str:
    return f"{author.family}, {author.given}" if author.given else author.family


EXPORTERS: dict[str, Callable[[Iterable[Paper]], str]] = {
    "bibtex": to_bibtex,
    "biblatex": to_biblatex,
    "csl-json": to_csl_json,
    "ris": to_ris,
}

SUFFIXES = {"bibtex": ".bib", "biblatex": ".biblatex.bib", "csl-json": ".csl.json", "ris": ".ris"}
