"""Takes an entry from a BibTeX file of somebody else's making."""

from __future__ import annotations

import re
from pathlib import Path

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import MonthIntMiddleware
from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts, split_multiple_persons_names

from bibliography.adding.draft import Draft
from bibliography.adding.encode import encode_latex, encode_name, encode_title
from bibliography.adding.identifier import Arxiv, Doi, read_identifier
from bibliography.braces import is_one_group
from bibliography.files import is_control
from bibliography.latex import LatexError, decode, fold_space
from bibliography.model import Author
from bibliography.online.fold import read_latex
from bibliography.output import CommandError
from bibliography.schema import DATED_TYPES, FIELDS, FORMS, OWN_FIELDS, REQUIRED_FIELDS

_TYPES = {
    "conference": "inproceedings", "inbook": "incollection", "collection": "book", "proceedings": "book",
    "mvbook": "book", "thesis": "phdthesis", "mastersthesis": "phdthesis", "electronic": "online", "www": "online",
    "techreport": "misc", "report": "misc", "unpublished": "misc", "preprint": "misc", "dataset": "misc",
}  # fmt: skip
_NAMES = {
    "journaltitle": "journal", "eprinttype": "archiveprefix", "institution": "school", "issue": "number",
    "organization": "howpublished", "location": "address", "arxivid": "eprint",
}  # fmt: skip


def read_bibtex_file(path: Path) -> Draft:
    """Return the draft of the one entry of a file.

    Raises:
        CommandError: It cannot be read, does not hold exactly one entry, or has no title.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    text = "".join(letter for letter in text if letter in "\n\t" or not is_control(letter))
    parsed = parse_string(text, append_middleware=[MonthIntMiddleware()])
    if parsed.failed_blocks or len(parsed.entries) != 1:
        broken = f" and {len(parsed.failed_blocks)} that cannot be parsed" if parsed.failed_blocks else ""
        raise CommandError(f"{path}: got {len(parsed.entries)} entries{broken}; expected one; do: keep the one to add")
    entry = parsed.entries[0]
    values = {}
    for field in entry.fields:
        name = field.key.lower()
        values[_NAMES.get(name, name)] = fold_space(str(field.value))
    return _draft(entry.entry_type.lower(), values, path)


def _draft(entry_type: str, values: dict[str, str], path: Path) -> Draft:
    entry_type = _TYPES.get(entry_type, entry_type)
    entry_type = entry_type if entry_type in REQUIRED_FIELDS else "misc"
    if not values.get("title"):
        raise CommandError(f"{path}: got an entry without a title; expected one; do: add title = {{…}}")
    _normalise_dates(values, entry_type)
    _normalise_identifiers(values)
    if entry_type == "misc" and "howpublished" not in values and "eprint" in values:
        values["howpublished"] = "arXiv preprint"
    authors = _read_names(values.get("author", ""), path)
    values["author"] = " and ".join(filter(None, map(encode_name, authors)))
    if "editor" in values:
        values["editor"] = " and ".join(filter(None, map(encode_name, _read_names(values["editor"], path))))
    fields = {name: _encode(name, value) for name, value in values.items() if name in FIELDS and value}
    fields = {name: value for name, value in fields.items() if _is_usable(name, value)}
    left_out = sorted(name for name in values if name not in fields)
    notes = (f"left out of the file's fields: {', '.join(left_out)}",) if left_out else ()
    return Draft(entry_type, read_latex(values["title"]), authors[0] if authors else None, fields, notes)


def _normalise_dates(values: dict[str, str], entry_type: str) -> None:
    """Make year and date of what the file has; the month is dropped where only the year is kept."""
    date = values.pop("date", "")
    month = values.pop("month", "")
    values.setdefault("year", date[:4])
    if not date and values["year"] and month.isdigit():
        date = f"{values['year']}-{int(month):02d}"
    if entry_type in DATED_TYPES:
        values["date"] = date


def _normalise_identifiers(values: dict[str, str]) -> None:
    """Bring DOI and arXiv identifier into their forms; an arXiv identifier may hide in doi or url."""
    for name in ("doi", "eprint", "url"):
        try:
            found = read_identifier(values.get(name, ""))
        except CommandError:
            continue
        if isinstance(found, Arxiv):
            values["eprint"] = found.identifier
            if name == "doi":
                del values["doi"]
        elif isinstance(found, Doi) and name != "eprint":
            values.setdefault("doi", found.doi)
            values["doi"] = found.doi if name == "doi" else values["doi"]
    if "eprint" in values and FORMS["eprint"].pattern.fullmatch(values["eprint"]):
        values["archiveprefix"] = "arXiv"
        values.setdefault("url", f"https://arxiv.org/abs/{values['eprint']}")
    else:
        values.pop("eprint", None)
        values.pop("archiveprefix", None)
    if "doi" in values:
        values.setdefault("url", f"https://doi.org/{values['doi']}")


def _read_names(value: str, path: Path) -> list[Author]:
    """Return the people of a field in any of the three forms that BibTeX knows."""
    people = []
    for name in split_multiple_persons_names(value):
        if is_one_group(name):
            people.append(Author("", read_latex(name)))
            continue
        if name.lower() == "others":
            raise CommandError(f'{path}: got "and others"; expected every author; do: name them all')
        try:
            parts = parse_single_name_into_parts(name)
        except InvalidNameError as error:
            raise CommandError(f"{path}: got the name {name!r} ({error.reason}); expected Family, Given") from error
        family = " ".join([*parts.von, *parts.last])
        given = " ".join([*parts.first, *parts.jr])
        people.append(Author(read_latex(given), read_latex(family)))
    return people


def _encode(name: str, value: str) -> str:
    if name in FORMS or name in {"author", "editor"}:
        return value
    if name in OWN_FIELDS:
        return re.sub(r"[{}\\]", "", read_latex(value) if name in {"alias", "summary"} else value)
    if name == "title":
        return encode_title(value, is_latex=True)
    return encode_latex(re.sub(r"(?<=[0-9])\s*[-–]\s*(?=[0-9])", "--", value) if name == "pages" else value)


def _is_usable(name: str, value: str) -> bool:
    """Return whether a value says something, in the form that its field must have."""
    if name in FORMS:
        return bool(FORMS[name].pattern.fullmatch(value))
    try:
        return bool(value if name in OWN_FIELDS or not value.isascii() else decode(value))
    except LatexError:
        return bool(value)
