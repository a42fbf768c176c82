"""An entry being drafted: its fields in the order of the files, and the text that the loader accepts."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from bibliography.adding.encode import encode, encode_name, encode_title, visible
from bibliography.latex import fold_space
from bibliography.model import Author
from bibliography.online.fold import fold, read_latex
from bibliography.online.record import Record
from bibliography.placeholders import TODO, is_placeholder
from bibliography.schema import EXPORTED_FIELDS, FORMS, REQUIRED_FIELDS

_ORDER = (*EXPORTED_FIELDS, "code", "seealso", "alias", "topics", "methods", "related", "summary")
_VENUE_FIELDS = {
    "article": "journal", "inproceedings": "booktitle", "incollection": "booktitle", "phdthesis": "school",
    "misc": "howpublished",
}  # fmt: skip
_SUMMARY_HINT = f"{TODO}: the question, what was done, what was found with its main number, why a reader should care"
_WIDTH = 100


@dataclass(frozen=True)
class Draft:
    """An entry without a key.

    Attributes:
        title: In Unicode, for proposals.
        first_author: Likewise; None where it is not known.
        fields: By name, in LaTeX; what is missing is filled in with placeholders.
        notes: What the user should know.
    """

    entry_type: str
    title: str
    first_author: Author | None
    fields: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())

    def complete(self) -> Draft:
        """Return the draft with a placeholder for everything that it lacks."""
        missing = {name: TODO for name in REQUIRED_FIELDS[self.entry_type] if name not in self.fields}
        if "summary" in missing:
            missing["summary"] = _SUMMARY_HINT
        return Draft(self.entry_type, self.title, self.first_author, {**self.fields, **missing}, self.notes)

    @property
    def placeholders(self) -> list[str]:
        """The fields that a person has to fill in, in order."""
        return [name for name in _ORDER if is_placeholder(self.fields.get(name, ""))]

    def render(self, key: str) -> str:
        """Return the text of the entry, with a newline at its end."""
        fields = (_render_field(name, self.fields[name]) for name in _ORDER if name in self.fields)
        return f"@{self.entry_type}{{{key},\n{''.join(fields)}}}\n"


def _render_field(name: str, value: str) -> str:
    line = f"{name} = {{{fold_space(value)}}},"
    if name != "summary":
        return f"  {line}\n"
    lines = textwrap.wrap(
        line, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
    return "".join(f"{each}\n" for each in lines)


def draft_from_record(record: Record, preprint: Record | None = None) -> Draft:
    """Return the draft of a record.

    Args:
        record: Of the published version, or of the preprint if there is no other.
        preprint: What arXiv says, where ``record`` is the published version.
    """
    arxiv = record.arxiv or (preprint.arxiv if preprint else "")
    fields = {
        "title": encode_title(record.titles[0], is_latex=record.source == "arXiv") if record.titles else "",
        "author": " and ".join(name for author in record.authors if (name := encode_name(author))),
        _VENUE_FIELDS.get(record.entry_type, "publisher"): encode(_venue(record)),
        "volume": encode(record.volume),
        "number": encode(record.number),
        "pages": encode(re.sub(r"\s*[-–]+\s*", "–", record.pages[0])) if record.pages else "",
        "publisher": encode(record.publisher) if record.entry_type in {"incollection", "book"} else "",
        "year": str(record.years[0]) if record.years else "",
        "date": record.date if record.entry_type in {"online", "software"} else "",
        "doi": record.doi,
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "url": _address(record, arxiv),
        "alias": _alias(record, preprint),
    }
    kept = {name: value for name, value in fields.items() if fold_space(value) and _has_form(name, value)}
    title = visible(read_latex(record.titles[0])) if record.titles else ""
    return Draft(record.entry_type, title, record.authors[0] if record.authors else None, kept)


def _has_form(name: str, value: str) -> bool:
    return name not in FORMS or bool(FORMS[name].pattern.fullmatch(value))


def _venue(record: Record) -> str:
    if record.source == "arXiv" or (record.arxiv and not record.doi):
        return "arXiv preprint"
    return record.venues[0] if record.venues else record.publisher


def _address(record: Record, arxiv: str) -> str:
    candidates = (record.url, f"https://doi.org/{record.doi}" if record.doi else "")
    fallback = f"https://arxiv.org/abs/{arxiv}" if arxiv else ""
    return next((url for url in candidates if FORMS["url"].pattern.fullmatch(url)), fallback)


def _alias(record: Record, preprint: Record | None) -> str:
    """Return the preprint's title where the published one is another, so that readers find it under both."""
    if not preprint or not preprint.titles or not record.titles:
        return ""
    title = re.sub(r"[{}\\|]", "", visible(read_latex(preprint.titles[0])))
    return "" if fold(title) == fold(read_latex(record.titles[0])) else title
