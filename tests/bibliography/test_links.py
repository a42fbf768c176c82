"""The command links, on the small bibliography with every address on the local server."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bibliography.cli import main
from bibliography.online.client import Failure, NoNetworkError
from bibliography.online.links import Link, LinkLook, collect_links, look_at_links
from bibliography.online.look import Look, State
from bibliography.online.look_cache import LookCache
from bibliography.online.progress import Progress
from bibliography.online.settings import Services, Settings
from tests.bibliography.server import Answer, refused_address

if TYPE_CHECKING:
    from conftest import Shelf

    from tests.bibliography.server import MakeWeb, Web

Capture = pytest.CaptureFixture[str]
ALIVE = Answer(200)


@pytest.fixture
def local(shelf: Shelf, web: Web) -> Shelf:
    """The small bibliography whose pages are all on the local server, and alive."""
    for path in ("entries/editing.bib", "entries/tools.bib"):
        shelf.write(path, re.sub(r"https://[a-z.]+/", f"{web.address}/", shelf.read(path)))
    for path in (
        "/2021.emnlp-main.522/", "/nicola-decao/KnowledgeEditor", "/doi/10.18653/v1/2021.emnlp-main.522",
        "/abs/2104.08164", "/abs/2110.11309", "/research/open-source-circuit-tracing", "/doi/", "/abs/",
    ):  # fmt: skip
        web.play(path, ALIVE)
    return shelf


def look_at(urls: list[str], settings: Settings, cache: Path) -> list[LinkLook]:
    links = [Link(f"key{number}", "url", url) for number, url in enumerate(urls)]
    return look_at_links(links, LookCache(cache, 14), settings, Progress("links", StringIO()))


def test_every_link_of_an_entry_is_collected(shelf: Shelf) -> None:
    links = collect_links(shelf.load(), Services())
    assert [(link.key, link.field, link.url) for link in links][:5] == [
        ("decao2021editing", "url", "https://aclanthology.org/2021.emnlp-main.522/"),
        ("decao2021editing", "code", "https://github.com/nicola-decao/KnowledgeEditor"),
        ("decao2021editing", "doi", "https://doi.org/10.18653/v1/2021.emnlp-main.522"),
        ("decao2021editing", "eprint", "https://arxiv.org/abs/2104.08164"),
        ("mitchell2022mend", "url", "https://arxiv.org/abs/2110.11309"),
    ]


def test_all_alive_is_success(local: Shelf, settings: Settings, capsys: Capture) -> None:
    assert main(["links"], local.root, settings) == 0
    out, err = capsys.readouterr()
    assert out.endswith("7 links: 7 alive, 0 moved, 0 unknown, 0 gone\n")
    assert err.endswith("links: 6 of 6 (6 alive)\n")  # one address stands in two fields


def test_one_link_that_is_gone_fails_and_comes_last(
    local: Shelf, web: Web, settings: Settings, capsys: Capture
) -> None:
    web.play("/2021.emnlp-main.522/", Answer(404))
    assert main(["links"], local.root, settings) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == f"gone     decao2021editing url {web.address}/2021.emnlp-main.522/ 404"


def test_a_moved_or_refused_link_is_listed_but_no_failure(
    local: Shelf, web: Web, settings: Settings, tmp_path: Path, capsys: Capture
) -> None:
    web.play("/new", ALIVE)
    web.play("/2021.emnlp-main.522/", Answer(301, headers={"Location": "/new"}))
    web.play("/nicola-decao/KnowledgeEditor", Answer(403))
    report = tmp_path / "links.json"
    assert main(["links", "--json", str(report)], local.root, settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [
        f"moved    decao2021editing url {web.address}/2021.emnlp-main.522/ to {web.address}/new",
        f"unknown  decao2021editing code {web.address}/nicola-decao/KnowledgeEditor the server refuses with 403",
        "7 links: 5 alive, 1 moved, 1 unknown, 0 gone",
    ]
    data = json.loads(report.read_text(encoding="utf-8"))
    assert data["counts"] == {"alive": 5, "moved": 1, "unknown": 1, "gone": 0}
    assert data["links"][0] == {
        "key": "decao2021editing",
        "field": "url",
        "url": f"{web.address}/2021.emnlp-main.522/",
        "state": "moved",
        "status": 200,
        "reason": "",
        "moved_to": f"{web.address}/new",
        "from_cache": False,
    }
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_section_is_looked_at_alone(local: Shelf, settings: Settings, capsys: Capture) -> None:
    assert main(["links", "--section", "tools"], local.root, settings) == 0
    assert capsys.readouterr().out.endswith("1 links: 1 alive, 0 moved, 0 unknown, 0 gone\n")


def test_a_rerun_asks_only_for_what_was_not_successful(local: Shelf, web: Web, settings: Settings) -> None:
    web.play("/2021.emnlp-main.522/", Answer(404))
    assert main(["links"], local.root, settings) == 1
    web.asked.clear()
    web.play("/2021.emnlp-main.522/", ALIVE)
    assert main(["links"], local.root, settings) == 0
    assert [path for _, path in web.asked if path not in {"/doi/", "/robots.txt"}] == ["/2021.emnlp-main.522/"]
    web.asked.clear()
    assert main(["links"], local.root, settings) == 0
    assert web.asked == []


def test_a_look_is_repeated_when_it_is_too_old(local: Shelf, web: Web, settings: Settings) -> None:
    settings = replace(settings, manners=replace(settings.manners, cache_days=0.0))
    main(["links"], local.root, settings)
    web.asked.clear()
    main(["links"], local.root, settings)
    assert len(web.asked) == 8  # six addresses, robots.txt, and the question whether there is a network


def test_the_cache_survives_a_line_that_was_cut_off(cache_of_its_own: Path) -> None:
    LookCache(cache_of_its_own, 14).add("http://a.example/", Look(State.MOVED, 200, moved_to="http://b.example/"))
    LookCache(cache_of_its_own, 14).add("http://gone.example/", Look(State.GONE, 404))
    file = cache_of_its_own / "links.jsonl"
    with file.open("a") as lines:
        lines.write('{"url": "http://c.exam')
    cache = LookCache(cache_of_its_own, 14)
    assert cache.get("http://a.example/") == Look(State.MOVED, 200, moved_to="http://b.example/")
    assert cache.get("http://gone.example/") is None
    assert file.read_text().count("\n") == 1 and file.read_text().endswith("}\n")


def test_a_cache_that_cannot_be_written_is_refused(
    local: Shelf, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIBLIOGRAPHY_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["links"], local.root, settings) == 2
    assert "set BIBLIOGRAPHY_CACHE to a folder" in capsys.readouterr().err


def test_without_a_network_it_says_so_in_one_sentence(local: Shelf, offline: Settings, capsys: Capture) -> None:
    assert main(["links"], local.root, offline) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("bibliography: there is no network, for none of these answers: http://127.0.0.1:")


def test_a_network_that_fails_on_the_way_makes_no_link_gone(
    web: Web, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_it(self: object, url: str, *, is_registry: bool) -> Look:
        nonlocal services_down
        services_down = True
        return Look(State.GONE, failure=Failure.NO_SUCH_HOST, end=url)

    def probe(*arguments: object) -> None:
        if services_down:
            raise NoNetworkError("there is no network")

    services_down = False
    monkeypatch.setattr("bibliography.online.links.Looker.look", lose_it)
    monkeypatch.setattr("bibliography.online.links.require_network", probe)
    with pytest.raises(NoNetworkError):
        look_at([f"{web.address}/page"], settings, tmp_path)


def test_hosts_are_asked_at_the_same_time_and_each_in_turn(
    make_web: MakeWeb, web: Web, settings: Settings, tmp_path: Path
) -> None:
    web.play("/doi/", ALIVE)
    webs = [make_web() for _ in range(4)]
    urls = [other.play(f"/{number}", Answer(wait=0.05)) for other in webs for number in range(3)]
    settings = replace(settings, manners=replace(settings.manners, host_delay=0.1))
    started = time.monotonic()
    assert {each.look.state for each in look_at(urls, settings, tmp_path)} == {State.ALIVE}
    took = time.monotonic() - started
    for other in webs:
        pauses = [after - before for before, after in zip(other.times, other.times[1:], strict=False)]
        assert len(pauses) == 3 and min(pauses) >= 0.1
    assert took < 4 * 0.6  # four hosts in turn would take 4 × (3 × 0.1 + 3 × 0.05) at least, and more in truth


def test_a_host_that_is_down_is_left_alone_after_some_failures(web: Web, settings: Settings, tmp_path: Path) -> None:
    web.play("/doi/", ALIVE)
    address = refused_address()
    looks = [each.look for each in look_at([f"{address}/{number}" for number in range(5)], settings, tmp_path)]
    assert {look.state for look in looks} == {State.UNKNOWN}
    assert [look.reason for look in looks][2:] == [
        "the connection was refused",
        *["not looked at: the host failed 3 times in a row"] * 2,
    ]


def test_a_host_that_says_too_many_is_left_alone(web: Web, settings: Settings, tmp_path: Path) -> None:
    web.play("/doi/", ALIVE)
    urls = [web.play(f"/{number}", Answer(429, headers={"Retry-After": "900"})) for number in range(3)]
    looks = [each.look for each in look_at(urls, settings, tmp_path)]
    assert [look.reason for look in looks][1:] == ["not looked at: the host says that it is asked too often"] * 2
    assert web.methods("/1") == []


def test_a_publisher_that_refuses_does_not_stop_the_registry(
    web: Web, make_web: MakeWeb, settings: Settings, tmp_path: Path
) -> None:
    publisher = make_web()
    busy = publisher.play("/busy", Answer(429, headers={"Retry-After": "900"}))
    open_page = publisher.play("/open", ALIVE)
    web.play("/doi/", ALIVE)
    urls = [
        web.play("/doi/10.1000/1", Answer(302, headers={"Location": busy})),
        web.play("/doi/10.1000/2", Answer(302, headers={"Location": open_page})),
    ]
    assert [each.look.state for each in look_at(urls, settings, tmp_path)] == [State.UNKNOWN, State.ALIVE]


def test_what_was_found_before_an_interruption_is_kept(
    local: Shelf, web: Web, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    settings = replace(settings, manners=replace(settings.manners, workers=1))
    ticks = 0

    def interrupt(self: Progress, kind: str) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "tick", interrupt)
        assert main(["links"], local.root, settings) == 130
    assert capsys.readouterr().err.endswith("bibliography: stopped\n")
    web.asked.clear()
    assert main(["links"], local.root, settings) == 0
    assert len([path for _, path in web.asked if path not in {"/doi/", "/robots.txt"}]) == 3


def test_a_timeout_must_be_a_positive_number(local: Shelf, capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["links", "--timeout", "0"], local.root)
    assert "expected seconds between 0 and 3600" in capsys.readouterr().err


def test_the_services_may_be_mirrored(monkeypatch: pytest.MonkeyPatch, shelf: Shelf, capsys: Capture) -> None:
    assert Services.from_environment({"BIBLIOGRAPHY_DOI": "http://mirror.example/"}).doi == "http://mirror.example/"
    monkeypatch.setenv("BIBLIOGRAPHY_DOI", "mirror.example")
    assert main(["links"], shelf.root) == 2
    assert capsys.readouterr().err == (
        "bibliography: got BIBLIOGRAPHY_DOI='mirror.example'; expected an address such as https://doi.org/\n"
    )


def test_progress_elsewhere_than_on_a_terminal_is_a_few_lines() -> None:
    stream = StringIO()
    progress = Progress("links", stream)
    progress.begin(100)
    for _ in range(100):
        progress.tick("alive")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10 and lines[-1] == "links: 100 of 100 (100 alive)"
