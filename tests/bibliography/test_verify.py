"""The command verify, with the three services played by the local server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bibliography.cli import main
from bibliography.online.arxiv import read_arxiv
from bibliography.online.client import AnswerError
from bibliography.online.crossref import read_crossref
from bibliography.online.record import Record
from bibliography.online.services import Registry
from bibliography.online.settings import Settings
from tests.bibliography.server import Answer

if TYPE_CHECKING:
    from conftest import Shelf

    from tests.bibliography.server import Web

Capture = pytest.CaptureFixture[str]
DOI = "/crossref/10.18653/v1/2021.emnlp-main.522"

MESSAGE: dict[str, Any] = {
    "title": ["Editing Factual Knowledge in <b>GPT</b>-2"],
    "subtitle": ["k-Sparse Updates"],
    "author": [
        {"given": "Nicola", "family": "De Cao"},
        {"given": "Łukasz", "family": "Bürger"},
        {"name": "Some Lab"},
    ],
    "published-print": {"date-parts": [[2021, 11]]},
    "published-online": {"date-parts": [[2020]]},
    "container-title": ["Proceedings of a Conference"],
    "volume": "7",
    "page": "6491-6506",
    "DOI": "10.18653/v1/2021.emnlp-main.522",
    "type": "proceedings-article",
}


def feed(*entries: tuple[str, str, list[str], str]) -> str:
    """An Atom feed as arXiv writes it, from identifiers with titles, authors and years."""
    parts = "".join(
        f"<entry><id>http://arxiv.org/abs/{identifier}v2</id><published>{year}-04-16T17:45:12Z</published>"
        f"<title>{title}</title>{''.join(f'<author><name>{name}</name></author>' for name in authors)}</entry>"
        for identifier, title, authors, year in entries
    )
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{parts}</feed>'


def datacite(identifier: str, title: str, names: list[str], year: int) -> str:
    creators = [{"name": name, "nameType": "Personal"} for name in names]
    attributes = {
        "doi": f"10.48550/arxiv.{identifier}", "titles": [{"title": title}], "creators": creators,
        "publicationYear": year, "publisher": "arXiv",
    }  # fmt: skip
    return json.dumps({"data": {"attributes": attributes}})


KE = "Editing Factual Knowledge in GPT-2: $k$-Sparse Updates"


@pytest.fixture
def agreeing(shelf: Shelf, web: Web) -> Shelf:
    """The small bibliography, with services that all agree with it."""
    web.play(DOI, Answer(200, json.dumps({"message": MESSAGE})))
    web.play("/arxiv", Answer(200, feed(
        ("2104.08164", KE, ["Nicola De Cao", "Łukasz Bürger", "Some Lab"], "2021"),
        ("2110.11309", "Fast Model Editing", ["Eric Mitchell"], "2022"),
    )))  # fmt: skip
    web.play("/datacite/10.48550/arXiv.2104.08164", Answer(200, datacite(
        "2104.08164", KE, ["De Cao, Nicola", "Bürger, Łukasz", "Some Lab"], 2021)))  # fmt: skip
    web.play("/datacite/10.48550/arXiv.2110.11309", Answer(200, datacite(
        "2110.11309", "Fast Model Editing", ["Mitchell, Eric"], 2022)))  # fmt: skip
    return shelf


def change(web: Web, **fields: object) -> None:
    web.play(DOI, Answer(200, json.dumps({"message": {**MESSAGE, **fields}})))


def test_agreement_of_all_three_is_success(agreeing: Shelf, settings: Settings, capsys: Capture) -> None:
    assert main(["verify"], agreeing.root, settings) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "nothing to compare with (no DOI, no arXiv): anthropic2025tracer",
        "2 papers compared: 0 differences, 0 mild, 0 notes, 0 failed look-ups",
    ]
    assert err.endswith("verify: 5 of 5 (5 found)\n")


def test_a_difference_is_shown_field_by_field(agreeing: Shelf, web: Web, settings: Settings, capsys: Capture) -> None:
    change(web, page="1-9", author=[{"given": "Wilker", "family": "Aziz"}, *MESSAGE["author"][1:]])
    assert main(["verify", "--key", "decao2021editing"], agreeing.root, settings) == 1
    assert capsys.readouterr().out.splitlines()[:6] == [
        "difference: decao2021editing author 1",
        "  ours    Nicola De Cao",
        "  theirs  Wilker Aziz  [Crossref]",
        "difference: decao2021editing pages",
        "  ours    6491–6506",
        "  theirs  1-9  [Crossref]",
    ]


def test_accents_are_listed_but_no_failure(agreeing: Shelf, web: Web, settings: Settings, capsys: Capture) -> None:
    change(web, author=[MESSAGE["author"][0], {"given": "Lukasz", "family": "Burger"}, {"name": "Some Lab"}])
    assert main(["verify"], agreeing.root, settings) == 0
    assert "mild: decao2021editing author 2 (differs in accents or punctuation only)" in capsys.readouterr().out


def test_the_published_version_wins_over_arxiv(agreeing: Shelf, web: Web, settings: Settings, capsys: Capture) -> None:
    web.play("/arxiv", Answer(200, feed(
        ("2104.08164", "An Earlier Title", ["Nicola De Cao", "Łukasz Bürger", "Some Lab"], "2020"),
        ("2110.11309", "Fast Model Editing", ["Eric Mitchell"], "2022"),
    )))  # fmt: skip
    assert main(["verify"], agreeing.root, settings) == 0
    out = capsys.readouterr().out
    assert "note: decao2021editing title (the preprint, not the published version)" in out
    assert "0 differences, 0 mild, 2 notes" in out


def test_of_a_mere_preprint_arxiv_has_the_last_word(agreeing: Shelf, web: Web, settings: Settings) -> None:
    agreeing.replace("entries/editing.bib", "@article", "@misc")
    agreeing.replace("entries/editing.bib", "journal = {Journal of Edits},\n  number = {3}", "howpublished = {arXiv}")
    web.play("/arxiv", Answer(200, feed(("2110.11309", "Slow Model Editing", ["Eric Mitchell"], "2022"))))
    assert main(["verify", "--key", "mitchell2022mend"], agreeing.root, settings) == 1


def test_services_that_agree_on_a_difference_share_a_line(
    agreeing: Shelf, web: Web, settings: Settings, tmp_path: Path
) -> None:
    web.play("/arxiv", Answer(200, feed(("2110.11309", "Slow Editing", ["Eric Mitchell"], "2022"))))
    web.play("/datacite/10.48550/arXiv.2110.11309", Answer(200, datacite(
        "2110.11309", "Slow Editing", ["Mitchell, Eric"], 2022)))  # fmt: skip
    report = tmp_path / "report.json"
    assert main(["verify", "--key", "mitchell2022mend", "--json", str(report)], agreeing.root, settings) == 0
    [difference] = json.loads(report.read_text(encoding="utf-8"))["differences"]
    assert difference == {
        "key": "mitchell2022mend",
        "field": "title",
        "ours": "Fast Model Editing",
        "theirs": "Slow Editing",
        "source": "DataCite, arXiv",
        "level": "note",
        "remark": "the preprint, not the published version",
    }


def test_a_doi_of_another_agency_is_found_there(agreeing: Shelf, web: Web, settings: Settings) -> None:
    web.play(DOI, Answer(404))
    attributes = {"titles": [{"title": KE}], "creators": [], "publicationYear": 2021}
    path = DOI.replace("crossref", "datacite")
    web.play(path, Answer(200, json.dumps({"data": {"attributes": attributes}})))
    assert main(["verify", "--key", "decao2021editing"], agreeing.root, settings) == 0


def test_identifiers_that_nobody_knows_are_differences(
    agreeing: Shelf, web: Web, settings: Settings, capsys: Capture
) -> None:
    web.play(DOI, Answer(404))
    web.play("/arxiv", Answer(200, feed(("2110.11309", "Fast Model Editing", ["Eric Mitchell"], "2022"))))
    assert main(["verify"], agreeing.root, settings) == 1
    out = capsys.readouterr().out
    assert "  theirs  no such record  [Crossref, DataCite]" in out and "  theirs  no such record  [arXiv]" in out


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(200, "{broken"), "Crossref: got broken JSON for 10.18653/v1/2021.emnlp-main.522 (Expecting"),
        (Answer(200, "[" * 100_000), "Crossref: got broken JSON"),
        (Answer(200, "[1]"), "Crossref: got JSON without message for 10.18653"),
        (Answer(500), "Crossref: got 500 for 10.18653"),
        (Answer(403), "Crossref: got 403 for 10.18653"),
        (Answer(429, headers={"Retry-After": "900"}), "Crossref: got 429 for 10.18653"),
        (Answer(close=True), "Crossref: the connection was closed without an answer"),
        (Answer(wait=1.0), "Crossref: no answer in time"),
    ],
)
def test_a_look_up_that_fails_is_named_and_fails(
    agreeing: Shelf, web: Web, settings: Settings, capsys: Capture, answer: Answer, message: str
) -> None:
    web.play(DOI, answer)
    assert main(["verify", "--key", "decao2021editing"], agreeing.root, settings) == 1
    out = capsys.readouterr().out
    assert f"not looked up: {message}" in out and "1 failed look-ups" in out


def test_a_server_error_that_passes_is_no_failure(agreeing: Shelf, web: Web, settings: Settings) -> None:
    web.play(DOI, Answer(500), Answer(200, json.dumps({"message": MESSAGE})))
    assert main(["verify"], agreeing.root, settings) == 0


@pytest.mark.parametrize("message", [{}, {"title": 3, "author": [None, 4, {"family": []}]}])
def test_a_record_without_a_title_has_not_been_compared(
    agreeing: Shelf, web: Web, settings: Settings, capsys: Capture, message: dict[str, object]
) -> None:
    web.play(DOI, Answer(200, json.dumps({"message": message})))
    assert main(["verify", "--key", "decao2021editing"], agreeing.root, settings) == 1
    assert "not looked up: Crossref: got a record without a title" in capsys.readouterr().out


def test_what_a_record_says_without_sense_is_passed_over() -> None:
    odd = {"title": ["T"], "author": [None, 4, {"family": []}], "published": {"date-parts": [[None]]}, "page": [1]}
    assert read_crossref(odd) == Record("Crossref", ("T",), ())


def test_a_service_that_keeps_failing_is_left_alone(web: Web, settings: Settings) -> None:
    web.play("/crossref/10.1/1", Answer(500))
    registry = Registry(settings)
    messages = []
    for _ in range(4):
        with pytest.raises(AnswerError) as error:
            registry.crossref("10.1/1")
        messages.append(str(error.value))
    assert messages[2:] == [
        "Crossref: got 500 for 10.1/1; expected 200",
        "Crossref: not asked any more after 3 failures in a row",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<feed", "got text that is not XML"),
        ("<html/>", "got the element html; expected an Atom feed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><feed/>', "got XML with a document type"),
    ],
)
def test_a_feed_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(AnswerError, match=message):
        read_arxiv(text)


def test_arxiv_is_asked_in_batches(web: Web, settings: Settings) -> None:
    web.play("/arxiv", Answer(200, feed()))
    assert list(Registry(settings).arxiv(f"2101.{number:05}" for number in range(120))) == [{}, {}, {}]
    assert len(web.asked) == 3


def test_without_a_network_it_says_so_in_one_sentence(shelf: Shelf, offline: Settings, capsys: Capture) -> None:
    assert main(["verify"], shelf.root, offline) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and "there is no network" in err
