"""What an entry must say: reads its fields into a paper, or reports why they do not make one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping

from bibliography.faults import FaultLog, quote, suggest
from bibliography.latex import LatexError, decode, fold_space
from bibliography.model import Author, Paper
from bibliography.names import NameFormError, read_names, surnames_for_key
from bibliography.outline import Vocabulary
from bibliography.placeholders import take_placeholders
from bibliography.schema import (
    DATED_TYPES,
    EXPORTED_FIELDS,
    FIELDS,
    FORMS,
    KEY,
    OWN_FIELDS,
    REQUIRED_FIELDS,
    VENUE_FIELDS,
    VOLUME_OR_NUMBER_TYPES,
)
from bibliography.source import Entry

SUMMARY_CHARACTERS = range(200, 1201)
SUMMARY_SENTENCES = range(3, 7)

_SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|et al|cf|vs|resp|Fig|Eq)\.")
_LATEX_FIELDS = tuple(name for name in EXPORTED_FIELDS if name not in FORMS and name not in {"author", "editor"})


def read_paper(entry: Entry, vocabulary: Vocabulary, log: FaultLog) -> Paper | None:
    """Return the paper that an entry describes, or None after reporting everything that is wrong with it."""
    faults_before = len(log.faults)
    _check_fields(entry, log)
    entry = take_placeholders(entry, log)
    _check_values(entry, log)
    _check_date(entry, log)
    _check_words(entry, "topics", vocabulary.topics, log)
    _check_words(entry, "methods", vocabulary.methods, log)
    _check_related(entry, log)
    _check_summary(entry, log)
    authors = {name: _read_authors(entry, name, log) for name in ("author", "editor")}
    texts = {name: _read_latex(entry, name, log) for name in _LATEX_FIELDS if name in entry.fields}
    _check_key(entry, authors["author"], log)
    return _make_paper(entry, authors, texts) if len(log.faults) == faults_before else None


def words(value: str, separator: str = ",") -> tuple[str, ...]:
    """Return the words of a list such as ``{circuits, attention-heads}``; none for an empty value."""
    return tuple(fold_space(word) for word in value.split(separator)) if value.strip() else ()


def _make_paper(entry: Entry, authors: Mapping[str, tuple[Author, ...]], texts: Mapping[str, str]) -> Paper:
    def raw(name: str) -> str:
        return entry.value(name) or ""

    return Paper(
        key=entry.key,
        entry_type=entry.entry_type,
        title=texts["title"],
        authors=authors["author"],
        editors=authors["editor"],
        year=int(raw("year")),
        date=entry.value("date"),
        venue=next((texts[name] for name in VENUE_FIELDS if name in texts), ""),
        series=texts.get("series"),
        volume=texts.get("volume"),
        number=texts.get("number"),
        pages=texts.get("pages"),
        publisher=texts.get("publisher"),
        doi=entry.value("doi"),
        arxiv=entry.value("eprint"),
        url=raw("url"),
        code=entry.value("code"),
        seealso=entry.value("seealso"),
        aliases=words(raw("alias"), "|"),
        topics=words(raw("topics")),
        methods=words(raw("methods")),
        related=words(raw("related")),
        summary=fold_space(raw("summary")),
        source=entry.source,
    )


def _report(entry: Entry, name: str, log: FaultLog, *, got: str, expected: str, do: str) -> None:
    """Report a fault at a field, or at the entry where it has no such field."""
    line = entry.fields[name].line if name in entry.fields else entry.source.line
    log.add(entry.source.path, line, got=got, expected=expected, do=do)


def _check_fields(entry: Entry, log: FaultLog) -> None:
    """Check that the type and every field are known, and that no field is missing or out of place."""
    required = REQUIRED_FIELDS.get(entry.entry_type)
    if required is None:
        remedy = f"choose the type that fits{suggest(entry.entry_type, REQUIRED_FIELDS)}"
        expected = f"one of {', '.join(REQUIRED_FIELDS)}"
        _report(entry, "", log, got=f"the type @{entry.entry_type}", expected=expected, do=remedy)
    for name in required or ():
        if name not in entry.fields:
            expected = f"the field {name} in @{entry.entry_type}"
            _report(entry, name, log, got=f"{entry.key} without {name}", expected=expected, do=f"add {name}")
    for name in entry.fields:
        if name not in FIELDS:
            expected, remedy = "a field of the format", f"rename or delete it{suggest(name, FIELDS)}"
            _report(entry, name, log, got=f"the unknown field {quote(name)}", expected=expected, do=remedy)
    if "date" in entry.fields and entry.entry_type not in DATED_TYPES:
        expected = f"date only in {' and '.join('@' + name for name in sorted(DATED_TYPES))}"
        _report(entry, "date", log, got=f"date in @{entry.entry_type}", expected=expected, do="keep only year")
    if {"volume", "number"} <= entry.fields.keys() and entry.entry_type in VOLUME_OR_NUMBER_TYPES:
        got, expected = f"volume and number in @{entry.entry_type}", "one of the two, or BibTeX warns"
        remedy = "delete number, or make it an @article if the proceedings are a journal"
        _report(entry, "number", log, got=got, expected=expected, do=remedy)
    if ("eprint" in entry.fields) != ("archiveprefix" in entry.fields):
        name = "eprint" if "eprint" in entry.fields else "archiveprefix"
        expected, remedy = "eprint and archiveprefix together", "add the other, or delete this one"
        _report(entry, name, log, got=f"only {name}", expected=expected, do=remedy)


def _check_values(entry: Entry, log: FaultLog) -> None:
    """Check that no value is empty, that those with a fixed form have it, and what characters they use."""
    for name, field in entry.fields.items():
        got = f"{name} = {quote(field.value)}"
        form = FORMS.get(name)
        if not field.value.strip():
            _report(entry, name, log, got=f"an empty {name}", expected="a value", do=f"fill in or delete {name}")
        elif form and not form.pattern.fullmatch(field.value):
            _report(entry, name, log, got=got, expected=form.expected, do=form.do)
        elif name not in OWN_FIELDS and not field.value.isascii():
            letter = next(letter for letter in field.value if not letter.isascii())
            remedy = 'write the accent or symbol as LaTeX, such as {\\"u}'
            _report(entry, name, log, got=f"{letter!r} in {name}", expected="only ASCII", do=remedy)
        elif name in OWN_FIELDS and re.search(r"[{}\\]", field.value):
            expected, remedy = "plain text without braces and backslashes", "write it as Unicode text"
            _report(entry, name, log, got=got, expected=expected, do=remedy)


def _check_date(entry: Entry, log: FaultLog) -> None:
    """Check what the form of a date cannot show: that the day exists and lies in the year of the entry."""
    date = entry.value("date") or ""
    if not FORMS["date"].pattern.fullmatch(date):
        return
    try:
        datetime.date.fromisoformat(date if len(date) > len("YYYY-MM") else f"{date}-01")
    except ValueError:
        _report(entry, "date", log, got=f"date = {quote(date)}", expected="a day that exists", do="correct it")
    if (year := entry.value("year")) and date[:4] != year:
        expected, remedy = f"a date in the year {quote(year)}", "make date and year agree"
        _report(entry, "date", log, got=f"date = {quote(date)}", expected=expected, do=remedy)


def _check_key(entry: Entry, authors: tuple[Author, ...], log: FaultLog) -> None:
    """Check that the key is ``surnameYEARword``, of the first author and the year of the entry."""
    key = KEY.fullmatch(entry.key)
    if not key:
        expected, remedy = "surnameYEARword in lower-case ASCII", "rename it, also in outline.yml and related"
        _report(entry, "", log, got=f"the key {quote(entry.key)}", expected=expected, do=remedy)
        return
    year = entry.value("year") or ""
    if FORMS["year"].pattern.fullmatch(year) and year != key["year"]:
        expected, remedy = f"{key['year']}, the year in {entry.key}", "correct year, or rename the key"
        _report(entry, "year", log, got=f"year = {quote(year)}", expected=expected, do=remedy)
    # An organisation (no given name) may be shortened in the key as it likes.
    if authors and authors[0].given and key["surname"] not in surnames_for_key(authors[0].family):
        expected = (
            f"it to start with the first author's name, {' or '.join(sorted(surnames_for_key(authors[0].family)))}"
        )
        remedy = "check the order of the authors, or rename the key"
        _report(entry, "author", log, got=f"the key {entry.key}", expected=expected, do=remedy)


def _check_words(entry: Entry, name: str, allowed: Mapping[str, str], log: FaultLog) -> None:
    used = words(entry.value(name) or "")
    for word in used:
        if word not in allowed:
            expected = f"words of vocabulary.yml in {name}"
            remedy = f"use one of its words{suggest(word, allowed)}, or add this one there"
            _report(entry, name, log, got=f"{quote(word)} in {name}", expected=expected, do=remedy)
    _check_repetition(entry, name, used, log)


def _check_related(entry: Entry, log: FaultLog) -> None:
    """Check what one entry can show; whether the keys exist only the whole library knows."""
    related = words(entry.value("related") or "")
    if entry.key in related:
        got, expected = f"{entry.key} related to itself", "keys of other papers"
        _report(entry, "related", log, got=got, expected=expected, do=f"delete {entry.key} from related")
    _check_repetition(entry, "related", related, log)


def _check_repetition(entry: Entry, name: str, used: Iterable[str], log: FaultLog) -> None:
    seen: set[str] = set()
    for word in used:
        if word in seen:
            _report(entry, name, log, got=f"{quote(word)} twice in {name}", expected="each once", do="delete one")
        seen.add(word)


def _check_summary(entry: Entry, log: FaultLog) -> None:
    summary = fold_space(entry.value("summary") or "")
    sentences = len(_SENTENCE_END.findall(_ABBREVIATION.sub("", summary)))
    for count, allowed, unit in (
        (len(summary), SUMMARY_CHARACTERS, "characters"),
        (sentences, SUMMARY_SENTENCES, "sentences"),
    ):
        if summary and count not in allowed:
            got, expected = f"a summary of {count} {unit}", f"{allowed.start} to {allowed.stop - 1} {unit}"
            remedy = "say the question, what was done, what was found, and why a reader should care"
            _report(entry, "summary", log, got=got, expected=expected, do=remedy)


def _read_authors(entry: Entry, name: str, log: FaultLog) -> tuple[Author, ...]:
    value = entry.value(name)
    if not value or not value.strip():
        return ()
    try:
        return read_names(value)
    except NameFormError as error:
        got = f"the name {quote(str(error))} in {name}"
        expected = "names as `Family, Given` joined by ` and `, organisations in a second pair of braces"
        remedy = 'name every author; never "others"' if str(error).lower() == "others" else "write it so"
        _report(entry, name, log, got=got, expected=expected, do=remedy)
    except LatexError as error:
        _report_latex(entry, name, error, log)
    return ()


def _read_latex(entry: Entry, name: str, log: FaultLog) -> str:
    value = entry.fields[name].value
    try:
        text = decode(value)
    except LatexError as error:
        _report_latex(entry, name, error, log)
        return ""
    if value.strip() and not text:
        got = f"{name} = {quote(value)}"
        _report(entry, name, log, got=got, expected="a text that shows", do=f"fill in or delete {name}")
    return text


def _report_latex(entry: Entry, name: str, error: LatexError, log: FaultLog) -> None:
    expected = "LaTeX of letters, accents, symbols and mathematics in $…$"
    remedy = "write it more simply; a special character takes a backslash"
    _report(entry, name, log, got=f"{error} in {name}", expected=expected, do=remedy)
