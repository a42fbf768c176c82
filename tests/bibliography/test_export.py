"""Every export is read back by parsers that are not ours."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import bibtexparser
import pytest
from pybtex.database import BibliographyData, parse_string

from bibliography import Author, Library, Paper, SourceBlock
from bibliography.export import EXPORTERS, SUFFIXES, export, to_csl_json, to_ris
from bibliography.schema import OWN_FIELDS

if TYPE_CHECKING:
    from conftest import Shelf

BIBLATEX_NAMES = {"journal": "journaltitle", "archiveprefix": "eprinttype", "school": "institution"}

# https://github.com/citation-style-language/schema, csl-data.json 1.0.2: the part that is used here.
CSL_TYPES = {
    "article", "article-journal", "book", "chapter", "paper-conference", "software", "thesis", "webpage",
}  # fmt: skip
CSL_FIELDS = {
    "DOI", "URL", "archive", "archive_location", "author", "collection-title", "container-title", "editor", "genre",
    "id", "issue", "issued", "page", "publisher", "title", "type", "volume",
}  # fmt: skip


@pytest.fixture(params=["small", "real"])
def library(request: pytest.FixtureRequest, shelf: Shelf) -> Library:
    """Both libraries: the small one has every odd case, the real one is what readers get."""
    if request.param == "small":
        return shelf.load()
    real: Library = request.getfixturevalue("real_library")
    return real


def raw_fields(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Type and raw fields of every entry, by key, as bibtexparser splits them."""
    parsed = bibtexparser.parse_string(text, parse_stack=[])
    assert not parsed.failed_blocks and not parsed.comments
    return {
        entry.key: (entry.entry_type, {field.key: field.value for field in entry.fields}) for entry in parsed.entries
    }


def expected_fields(paper: Paper, format: str) -> tuple[str, dict[str, str]]:
    [(entry_type, fields)] = raw_fields(paper.source.text).values()
    kept = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
    if format == "bibtex":
        kept.pop("date", None)
        return {"online": "misc", "software": "misc"}.get(entry_type, entry_type), kept
    if "date" in kept:
        del kept["year"]
    names = {**BIBLATEX_NAMES, "howpublished": "organization"} if entry_type == "online" else BIBLATEX_NAMES
    return entry_type, {names.get(name, name): value for name, value in kept.items()}


@pytest.mark.parametrize("format", ["bibtex", "biblatex"])
def test_bibtexparser_reads_back_every_byte_of_every_field_and_none_of_ours(library: Library, format: str) -> None:
    exported = raw_fields(export(library, library, format))
    assert exported == {paper.key: expected_fields(paper, format) for paper in library}
    assert list(exported) == list(library.papers)


@pytest.mark.parametrize("format", ["bibtex", "biblatex"])
def test_pybtex_reads_back_every_field_and_every_author(library: Library, format: str) -> None:
    exported: BibliographyData = parse_string(export(library, library, format), "bibtex")
    assert list(exported.entries) == list(library.papers)
    for paper in library:
        entry_type, fields = expected_fields(paper, format)
        entry = exported.entries[paper.key]
        values = {name: value[1:-1] for name, value in fields.items() if name not in {"author", "editor"}}
        folded = {name: " ".join(value.split()) for name, value in values.items()}
        assert (entry.type, {name: " ".join(value.split()) for name, value in entry.fields.items()}) == (
            entry_type,
            folded,
        )
        assert len(entry.persons["author"]) == len(paper.authors)


def test_bibtex_keeps_the_lines_of_the_source(library: Library) -> None:
    for paper in library:
        opening, *lines = export(library, [paper], "bibtex").removesuffix("\n").split("\n")
        source = iter(paper.source.text.split("\n")[1:])
        assert all(line in source for line in lines)
        assert opening.endswith(f"{{{paper.key},")


def test_biblatex_has_the_date_instead_of_the_year(shelf: Shelf) -> None:
    library = shelf.load()
    assert export(library, [library["anthropic2025tracer"]], "biblatex") == (
        "@online{anthropic2025tracer,\n"
        "  title = {Open-Sourcing Circuit Tracing Tools},\n"
        "  author = {{Anthropic Interpretability}},\n"
        "  organization = {Research blog},\n"
        "  date = {2025-05-29},\n"
        "  url = {https://www.anthropic.com/research/open-source-circuit-tracing},\n"
        "}\n"
    )


def test_csl_json_has_valid_types_fields_names_and_dates(library: Library) -> None:
    items = json.loads(export(library, library, "csl-json"))
    assert [item["id"] for item in items] == list(library.papers)
    for item in items:
        assert item["type"] in CSL_TYPES and set(item) <= CSL_FIELDS and all(item.values())
        assert all(set(name) in ({"family", "given"}, {"literal"}) for name in item["author"])
        assert [item["issued"]["date-parts"][0][0]] == [library[item["id"]].year]


def test_csl_json_of_a_paper(shelf: Shelf) -> None:
    library = shelf.load()
    [item] = json.loads(export(library, [library["decao2021editing"]], "csl-json"))
    assert item == {
        "DOI": "10.18653/v1/2021.emnlp-main.522",
        "URL": "https://aclanthology.org/2021.emnlp-main.522/",
        "archive": "arXiv",
        "archive_location": "2104.08164",
        "author": [
            {"family": "De Cao", "given": "Nicola"},
            {"family": "Bürger", "given": "Łukasz"},
            {"literal": "Some Lab"},
        ],
        "container-title": "Proceedings of a Conference",
        "id": "decao2021editing",
        "issued": {"date-parts": [[2021]]},
        "page": "6491-6506",
        "title": "Editing Factual Knowledge in GPT-2: k-Sparse Updates",
        "type": "paper-conference",
        "volume": "7",
    }


COMPLETE = Paper(
    key="lee1999all", entry_type="incollection", title="All", authors=(Author("Ann", "Lee"), Author("", "Lab")),
    year=1999, date=None, venue="A Book", volume="2", number="3", pages="10–12", doi="10.1000/Ab", arxiv="9901.0001",
    url="https://example.org/all", code=None, seealso=None, aliases=(), topics=(), methods=(), related=(), summary="",
    source=SourceBlock("entries/a.bib", 1, ""), editors=(Author("Bo", "Ed"),), series="Notes", publisher="Press",
)  # fmt: skip


def test_csl_json_has_every_part_of_a_complete_record() -> None:
    [item] = json.loads(to_csl_json([COMPLETE]))
    assert item == {
        "DOI": "10.1000/Ab", "URL": "https://example.org/all", "archive": "arXiv", "archive_location": "9901.0001",
        "author": [{"family": "Lee", "given": "Ann"}, {"literal": "Lab"}], "collection-title": "Notes",
        "container-title": "A Book", "editor": [{"family": "Ed", "given": "Bo"}], "id": "lee1999all", "issue": "3",
        "issued": {"date-parts": [[1999]]}, "page": "10-12", "publisher": "Press", "title": "All", "type": "chapter",
        "volume": "2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry_type", "where"),
    [
        ("article", {"container-title": "A Place", "publisher": "Press"}),
        ("phdthesis", {"publisher": "A Place"}),
        ("misc", {"genre": "A Place", "publisher": "Press"}),
        ("book", {"publisher": "Press"}),
        ("software", {"publisher": "Press"}),
        ("online", {"container-title": "A Place", "publisher": "Press"}),
    ],
)
def test_csl_json_says_where_a_work_came_out_by_what_it_is(entry_type: str, where: dict[str, str]) -> None:
    [item] = json.loads(to_csl_json([replace(COMPLETE, entry_type=entry_type, venue="A Place")]))
    assert {name: item[name] for name in ("container-title", "genre", "publisher") if name in item} == where


@pytest.mark.parametrize(("date", "parts"), [("2025-05", [2025, 5]), ("2025-05-29", [2025, 5, 29])])
def test_csl_json_has_as_much_of_the_date_as_is_known(date: str, parts: list[int]) -> None:
    [item] = json.loads(to_csl_json([replace(COMPLETE, entry_type="online", date=date)]))
    assert item["issued"] == {"date-parts": [parts]}


def test_csl_json_is_readable_text_in_an_order_of_its_own() -> None:
    bare = replace(
        COMPLETE, title="Größe", venue="", editors=(), volume=None, number=None, pages=None, doi=None, arxiv=None,
        series=None, publisher=None, authors=(Author("Ann", "Lee"),),
    )  # fmt: skip
    assert to_csl_json([bare]) == (
        '[\n  {\n    "URL": "https://example.org/all",\n    "author": [\n      {\n        "family": "Lee",\n'
        '        "given": "Ann"\n      }\n    ],\n    "id": "lee1999all",\n    "issued": {\n      "date-parts": [\n'
        '        [\n          1999\n        ]\n      ]\n    },\n    "title": "Größe",\n    "type": "chapter"\n  }\n]\n'
    )


def test_ris_has_every_part_of_a_complete_record_in_order() -> None:
    assert to_ris([COMPLETE, replace(COMPLETE, date="2025-05-29", pages="7", arxiv=None)]) == (
        "TY  - CHAP\nID  - lee1999all\nTI  - All\nAU  - Lee, Ann\nAU  - Lab\nED  - Ed, Bo\nPY  - 1999\nT2  - A Book\n"
        "T3  - Notes\nPB  - Press\nVL  - 2\nIS  - 3\nSP  - 10\nEP  - 12\nDO  - 10.1000/Ab\n"
        "UR  - https://example.org/all\nUR  - https://arxiv.org/abs/9901.0001\nER  - \n\n"
        "TY  - CHAP\nID  - lee1999all\nTI  - All\nAU  - Lee, Ann\nAU  - Lab\nED  - Ed, Bo\nPY  - 1999\n"
        "DA  - 2025/05/29\nT2  - A Book\nT3  - Notes\nPB  - Press\nVL  - 2\nIS  - 3\nSP  - 7\nDO  - 10.1000/Ab\n"
        "UR  - https://example.org/all\nER  - \n"
    )


@pytest.mark.parametrize(
    ("entry_type", "where"),
    [
        ("article", ["T2  - A Place", "PB  - Press"]),
        ("phdthesis", ["PB  - A Place"]),
        ("misc", ["PB  - A Place"]),
        ("book", ["PB  - Press"]),
        ("software", ["PB  - Press"]),
    ],
)
def test_ris_says_where_a_work_came_out_by_what_it_is(entry_type: str, where: list[str]) -> None:
    lines = to_ris([replace(COMPLETE, entry_type=entry_type, venue="A Place")]).splitlines()
    assert [line for line in lines if line[:2] in {"T2", "PB"}] == where


def test_ris_gives_an_address_on_arxiv_once() -> None:
    lines = to_ris([replace(COMPLETE, url="https://arxiv.org/abs/9901.0001")]).splitlines()
    assert [line for line in lines if line[:2] == "UR"] == ["UR  - https://arxiv.org/abs/9901.0001"]


def test_several_entries_are_parted_by_an_empty_line(shelf: Shelf) -> None:
    library = shelf.load()
    for format in ("bibtex", "biblatex", "ris"):
        text = export(library, library, format)
        assert text.split("\n\n") == [
            export(library, [paper], format).removesuffix("\n" if paper.key != "anthropic2025tracer" else "")
            for paper in library
        ]


def read_ris(text: str) -> list[dict[str, list[str]]]:
    records: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        if not line:
            continue
        match = re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line)
        assert match, line
        if match[1] == "TY":
            records.append({})
        records[-1].setdefault(match[1], []).append(match[2])
    return records


def test_ris_is_read_back_record_by_record(library: Library) -> None:
    records = read_ris(export(library, library, "ris"))
    assert [record["ID"] for record in records] == [[key] for key in library.papers]
    for record, paper in zip(records, library, strict=True):
        assert next(iter(record)) == "TY" and list(record)[-1] == "ER"
        assert (record["TI"], record["PY"]) == ([paper.title], [str(paper.year)])
        names = [f"{author.family}, {author.given}".removesuffix(", ") for author in paper.authors]
        assert record["AU"] == names
        assert record.get("DO", [None]) == [paper.doi]


@pytest.mark.parametrize("format", EXPORTERS)
def test_exports_are_stable_end_with_one_newline_and_follow_the_reading_order(library: Library, format: str) -> None:
    text = export(library, library, format)
    assert text == export(library, [*reversed(list(library)), *library], format)
    assert text.endswith("\n") and not text.endswith("\n\n")


@pytest.mark.parametrize("format", EXPORTERS)
def test_an_export_of_nothing_is_an_empty_list(library: Library, format: str) -> None:
    assert export(library, [], format) == ("[]\n" if format == "csl-json" else "")


def test_every_format_has_a_suffix_and_a_media_type() -> None:
    assert set(SUFFIXES) == set(EXPORTERS)
