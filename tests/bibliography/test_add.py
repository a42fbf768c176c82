"""The command add, with the services played by the local server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bibliography.adding.identifier import Arxiv, Doi, read_identifier
from bibliography.adding.outline_edit import insert_key
from bibliography.cli import main
from bibliography.online.settings import Settings
from bibliography.output import CommandError
from tests.bibliography.server import Answer

if TYPE_CHECKING:
    from conftest import Shelf

    from tests.bibliography.server import Web

Capture = pytest.CaptureFixture[str]
HINT = """  summary = {TODO: the question, what was done, what was found with its main number, why a reader
    should care},
"""

ARTICLE: dict[str, Any] = {
    "title": ["Steering BERT &amp; <i>k</i>-NN: 50% of Bürger’s Models"],
    "author": [{"given": "Zoë", "family": "van der Maaten"}, {"name": "Simon and Schuster"}],
    "published": {"date-parts": [[2023, 5, 4]]},
    "container-title": ["Journal of Edits"],
    "volume": "12", "issue": "3", "page": "1-20", "type": "journal-article", "publisher": "ACME",
    "DOI": "10.1000/ABC", "resource": {"primary": {"URL": "https://acme.example/abc"}},
    "relation": {"has-preprint": [{"id-type": "doi", "id": "10.48550/arXiv.2301.00001"}]},
}  # fmt: skip


def arxiv_entry(identifier: str, title: str, *names: str, doi: str = "", remark: str = "") -> Answer:
    authors = "".join(f"<author><name>{name}</name></author>" for name in names)
    more = f"<arxiv:doi>{doi}</arxiv:doi>" if doi else ""
    more += f"<arxiv:journal_ref>{remark}</arxiv:journal_ref>" if remark else ""
    return Answer(
        200,
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><entry>'
        f"<id>http://arxiv.org/abs/{identifier}v1</id><published>2023-01-02T00:00:00Z</published>"
        f"<title>{title}</title>{authors}{more}</entry></feed>",
    )


def add(shelf: Shelf, settings: Settings, *arguments: str) -> int:
    return main(["add", *arguments], shelf.root, settings)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("2211.00593", Arxiv("2211.00593")),
        ("arXiv:2211.00593v3", Arxiv("2211.00593")),
        ("https://arxiv.org/abs/2211.00593v2", Arxiv("2211.00593")),
        ("https://arxiv.org/pdf/2211.00593.pdf", Arxiv("2211.00593")),
        ("cs/0112017", Arxiv("cs/0112017")),
        ("10.48550/arXiv.2211.00593", Arxiv("2211.00593")),
        ("https://doi.org/10.48550/arXiv.2211.00593", Arxiv("2211.00593")),
        ("10.1000/a_b(1)", Doi("10.1000/a_b(1)")),
        ("doi:10.1000/x", Doi("10.1000/x")),
        ("https://doi.org/10.1000/a%3Cb%3E", Doi("10.1000/a<b>")),
        ("missing.bib", Path("missing.bib")),
    ],
)
def test_identifiers_are_read_in_every_common_form(text: str, named: object) -> None:
    assert read_identifier(text) == named


@pytest.mark.parametrize("text", ["", "Attention", "2211", "2213.00593", "https://example.org/", "10.x"])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="expected an arXiv identifier such as"):
        read_identifier(text)


def test_a_doi_becomes_an_entry_and_a_line_of_the_outline(
    shelf: Shelf, web: Web, settings: Settings, capsys: Capture
) -> None:
    web.play("/crossref/10.1000/abc", Answer(200, json.dumps({"message": ARTICLE})))
    before = shelf.read("entries/tools.bib")
    assert add(shelf, settings, "10.1000/abc", "--section", "tools") == 0
    assert shelf.read("entries/tools.bib") == (
        before
        + r"""
@article{maaten2023steering,
  title = {Steering {BERT} \& k-{NN}: 50\% of B{\"u}rger's Models},
  author = {van der Maaten, Zo{\"e} and {Simon and Schuster}},
  journal = {Journal of Edits},
  volume = {12},
  number = {3},
  pages = {1--20},
  year = {2023},
  doi = {10.1000/abc},
  eprint = {2301.00001},
  archiveprefix = {arXiv},
  url = {https://acme.example/abc},
  topics = {TODO},
  methods = {TODO},
  related = {TODO},
"""
        + HINT
        + "}\n"
    )
    assert "  keys: [anthropic2025tracer, maaten2023steering]\n" in shelf.read("outline.yml")
    out = capsys.readouterr().out
    assert out.startswith("maaten2023steering was added to entries/tools.bib:15 and to tools in outline.yml\n")
    assert "left for you: topics, methods, related, summary" in out
    assert [fault.split(": ")[1].split(";")[0] for fault in shelf.faults()] == [
        "got topics = 'TODO'", "got methods = 'TODO'", "got related = 'TODO'", "got summary = 'TODO",
    ]  # fmt: skip


def test_a_filled_entry_passes(shelf: Shelf, web: Web, settings: Settings) -> None:
    web.play("/crossref/10.1000/abc", Answer(200, json.dumps({"message": ARTICLE})))
    add(shelf, settings, "10.1000/abc", "--section", "tools")
    summary = "One thing is asked here, and another one is found. " * 5
    for old, new in (
        ("topics = {TODO}", "topics = {limits}"), ("methods = {TODO}", "methods = {hypernetwork}"),
        ("related = {TODO}", "related = {mitchell2022mend}"), (HINT, f"  summary = {{{summary.strip()}}},\n"),
    ):  # fmt: skip
        shelf.replace("entries/tools.bib", old, new)
    assert shelf.faults() == []
    assert shelf.load()["maaten2023steering"].title == "Steering BERT & k-NN: 50% of Bürger's Models"


def test_an_arxiv_identifier_becomes_a_preprint_with_names_split_as_datacite_has_them(
    shelf: Shelf, web: Web, settings: Settings, capsys: Capture
) -> None:
    web.play("/arxiv", arxiv_entry("2301.00002", "On $k$-NN", "Nicola De Cao", remark="Proc. of X"))
    creators = [{"name": "De Cao, Nicola", "nameType": "Personal"}]
    attributes = {"doi": "10.48550/arxiv.2301.00002", "titles": [{"title": "On k-NN"}], "creators": creators}
    body = json.dumps({"data": {"attributes": attributes}})
    web.play("/datacite/10.48550/arXiv.2301.00002", Answer(200, body))
    assert add(shelf, settings, "2301.00002", "--section", "fast-editing") == 0
    assert shelf.read("entries/editing.bib").endswith(
        r"""
@misc{decao2023k,
  title = {On $k$-NN},
  author = {De Cao, Nicola},
  howpublished = {arXiv preprint},
  year = {2023},
  eprint = {2301.00002},
  archiveprefix = {arXiv},
  url = {https://arxiv.org/abs/2301.00002},
  topics = {TODO},
  methods = {TODO},
  related = {TODO},
""".replace("decao2023k,", "decao2023nn,")
        + HINT
        + "}\n"
    )
    assert 'note: arXiv says "Proc. of X"' in capsys.readouterr().out


def test_the_published_version_wins_and_the_old_title_becomes_an_alias(
    shelf: Shelf, web: Web, settings: Settings
) -> None:
    web.play("/arxiv", arxiv_entry("2301.00001", "An Earlier Title", "Zoe van der Maaten", doi="10.1000/abc"))
    web.play("/crossref/10.1000/abc", Answer(200, json.dumps({"message": ARTICLE})))
    assert add(shelf, settings, "2301.00001", "--section", "tools") == 0
    text = shelf.read("entries/tools.bib")
    assert "@article{maaten2023steering" in text and "alias = {An Earlier Title}" in text


@pytest.mark.parametrize(
    ("named", "key", "left"),
    [
        ("10.1000/xyz", "todo0000101000xyz", "title, author, journal, year, topics"),
        ("2301.00001", "todo0000230100001", "title, author, year, topics"),
    ],
)
def test_a_stub_needs_no_network_and_is_refused_until_it_is_filled(
    shelf: Shelf, offline: Settings, capsys: Capture, named: str, key: str, left: str
) -> None:
    assert add(shelf, offline, named, "--section", "tools", "--no-network") == 0
    assert f"left for you: {left}" in capsys.readouterr().out
    assert f"[anthropic2025tracer, {key}]" in shelf.read("outline.yml")
    faults = shelf.faults()
    assert faults and all("TODO" in fault for fault in faults)
    assert faults[0].endswith("expected the title of the publication; do: fill it in; `add` could not know it")


def test_a_second_paper_can_be_added_before_the_first_is_filled(shelf: Shelf, offline: Settings) -> None:
    for named in ("2301.00001", "2301.00002"):
        assert add(shelf, offline, named, "--section", "tools", "--no-network") == 0


def test_without_a_network_it_says_so_and_writes_nothing(shelf: Shelf, offline: Settings, capsys: Capture) -> None:
    before = contents(shelf)
    assert add(shelf, offline, "2301.00001", "--section", "tools") == 3
    assert capsys.readouterr().err.count("\n") == 1 and contents(shelf) == before


def contents(shelf: Shelf) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(shelf.root.rglob("*")) if path.is_file()}


def test_a_bibtex_file_is_taken_with_its_strings_names_and_own_fields(
    shelf: Shelf, offline: Settings, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "x" / "paper.bib"
    file.parent.mkdir()
    file.write_text(r"""% exported
@string{conf = "Conference on Things"}
@InProceedings{Doe_2020,
  title = "{Attribution} in {\"U}bung & Co",
  author = "Jane van der Doé and Smith, Bob and {Open Lab}",
  booktitle = conf, year = 2020, month = jan, pages = {1-10},
  abstract = {Long.}, doi = {https://doi.org/10.1000/a_b}, topics = {limits},
}
""", encoding="utf-8")  # fmt: skip
    assert add(shelf, offline, str(file), "--section", "tools") == 0
    assert shelf.read("entries/tools.bib").endswith(
        r"""
@inproceedings{doe2020attribution,
  title = {{Attribution} in {\"U}bung \& Co},
  author = {van der Do{\'e}, Jane and Smith, Bob and {Open Lab}},
  booktitle = {Conference on Things},
  pages = {1--10},
  year = {2020},
  doi = {10.1000/a_b},
  url = {https://doi.org/10.1000/a_b},
  topics = {limits},
  methods = {TODO},
  related = {TODO},
"""
        + HINT
        + "}\n"
    )
    assert "note: left out of the file's fields: abstract\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got 0 entries; expected one"),
        ("@misc{a, title={A}}\n@misc{b, title={B}}", "got 2 entries; expected one"),
        ("@misc{a, title={A}", "got 0 entries and 1 that cannot be parsed; expected one"),
        ("@misc{a, author={A, B}}", "got an entry without a title"),
        ("@misc{a, title={A}, author={B, C and others}}", 'got "and others"; expected every author'),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused(
    shelf: Shelf, settings: Settings, tmp_path: Path, capsys: Capture, text: str, message: str
) -> None:
    (tmp_path / "paper.bib").write_text(text)
    before = contents(shelf)
    assert add(shelf, settings, str(tmp_path / "paper.bib"), "--section", "tools") == 2
    assert message in capsys.readouterr().err and contents(shelf) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2104.08164"], "decao2021editing has the eprint 2104.08164 already (entries/editing.bib:9)"),
        (["10.18653/V1/2021.EMNLP-main.522"], "decao2021editing has the doi"),
        (["2301.00001", "--key", "mitchell2022mend"], "the key mitchell2022mend is taken (entries/editing.bib:22)"),
        (["2301.00001", "--key", "Mitchell"], "expected surnameYEARword in lower-case ASCII"),
        (["2301.00001", "--section", "tool"], "no section has the slug 'tool', perhaps 'tools'"),
    ],
)
def test_duplicates_and_wrong_names_are_refused(
    shelf: Shelf, settings: Settings, capsys: Capture, arguments: list[str], message: str
) -> None:
    before = contents(shelf)
    assert add(shelf, settings, *arguments, *([] if "--section" in arguments else ["--section", "tools"])) == 2
    assert message in capsys.readouterr().err and contents(shelf) == before


def test_a_published_version_that_is_there_already_is_a_duplicate(shelf: Shelf, web: Web, settings: Settings) -> None:
    web.play("/arxiv", arxiv_entry("2301.00001", "X", "A B", doi="10.18653/v1/2021.emnlp-main.522"))
    web.play("/crossref/10.18653/v1/2021.emnlp-main.522", Answer(200, json.dumps({"message": ARTICLE})))
    assert add(shelf, settings, "2301.00001", "--section", "tools") == 2


def test_without_a_section_the_likely_ones_are_proposed(
    shelf: Shelf, web: Web, settings: Settings, capsys: Capture
) -> None:
    web.play("/arxiv", arxiv_entry("2301.00001", "Fast Circuit Tracing", "A B"))
    assert add(shelf, settings, "2301.00001") == 2
    assert capsys.readouterr().err.splitlines() == [
        "bibliography: got no section for 'Fast Circuit Tracing'; expected --section SLUG; nothing was added",
        "  perhaps --section tools (shares circuit, tracing)",
        "  perhaps --section fast-editing (shares fast)",
        "  all sections:",
        "    editing",
        "      fast-editing",
        "    tools",
    ]


@pytest.mark.parametrize(
    ("path", "answer", "status", "message"),
    [
        ("/crossref/10.1000/abc", Answer(200, "{"), 1, "Crossref: got broken JSON"),
        ("/crossref/10.1000/abc", Answer(500), 1, "Crossref: got 500"),
        ("/crossref/10.1000/abc", Answer(404), 2, "neither Crossref nor DataCite knows the DOI 10.1000/abc"),
    ],
)
def test_a_look_up_that_fails_writes_nothing(
    shelf: Shelf, web: Web, settings: Settings, capsys: Capture, path: str, answer: Answer, status: int, message: str
) -> None:
    web.play(path, answer)
    before = contents(shelf)
    assert add(shelf, settings, "10.1000/abc", "--section", "tools") == status
    assert message in capsys.readouterr().err and contents(shelf) == before


@pytest.mark.parametrize("failing", [1, 2])
def test_both_files_are_written_or_neither(
    shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Capture, failing: int
) -> None:
    before, replace, calls = contents(shelf), Path.replace, 0

    def fail(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    assert add(shelf, settings, "2301.00001", "--section", "tools", "--no-network") == 2
    assert "No space left on device; nothing was added" in capsys.readouterr().err
    assert contents(shelf) == before


def test_a_section_without_a_file_gets_one(shelf: Shelf, settings: Settings) -> None:
    more = "- slug: more\n  title: More\n  introduction: More.\n  keys: []  # none yet\n"
    shelf.write("outline.yml", shelf.read("outline.yml") + more)
    assert add(shelf, settings, "2301.00001", "--section", "more", "--no-network") == 0
    assert shelf.read("outline.yml").endswith("  keys:\n  - todo0000230100001  # none yet\n")
    assert shelf.read("entries/more.bib").startswith("@misc{todo0000230100001,\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("keys: []", "keys:\n  - new"),
        ("keys: [a]  # read these", "keys: [a, new]  # read these"),
        ("keys: [\n    a,\n    b,  # last\n  ]", "keys: [\n    a,\n    b, new,  # last\n  ]"),
        ("keys:\n  - a\n  # between\n  - b  # last", "keys:\n  - a\n  # between\n  - b  # last\n  - new"),
        ("keys:\n      -   a", "keys:\n      -   a\n      - new"),
    ],
)
def test_the_outline_keeps_its_comments_and_layout(before: str, after: str) -> None:
    frame = "# top\nsections:\n- slug: x # this one\n  {}\n- slug: y\n  keys: [z]\n# end\n"
    assert insert_key(frame.format(before), "x", "new") == frame.format(after)
    assert insert_key(frame.format(before).rstrip("# end\n"), "y", "new").endswith("keys: [z, new]")
