"""One look at one address, for every answer that a server may give."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
import requests

from bibliography.online.client import Failure, explain, open_session
from bibliography.online.look import Look, Looker, State
from bibliography.online.robots import RobotsFiles
from bibliography.online.settings import USER_AGENT, Settings
from bibliography.online.turns import Turns
from tests.bibliography.server import Answer, refused_address

if TYPE_CHECKING:
    from tests.bibliography.server import MakeWeb, Web


def look(url: str, settings: Settings, *, is_registry: bool = False) -> Look:
    turns = Turns()
    with open_session(settings.manners) as session:
        looker = Looker(session, turns, RobotsFiles(turns, settings.manners), settings.manners)
        return looker.look(url, is_registry=is_registry)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (200, State.ALIVE, ""),
        (204, State.ALIVE, ""),
        (401, State.UNKNOWN, "the server refuses with 401"),
        (403, State.UNKNOWN, "the server refuses with 403"),
        (404, State.GONE, "404"),
        (410, State.GONE, "410"),
        (429, State.UNKNOWN, "429 again and again"),
        (500, State.UNKNOWN, "500 again and again"),
        (503, State.UNKNOWN, "503 again and again"),
        (999, State.UNKNOWN, "the server refuses with 999"),
    ],
)
def test_each_status_has_its_state(web: Web, settings: Settings, status: int, state: State, reason: str) -> None:
    seen = look(web.play("/page", Answer(status)), settings)
    assert (seen.state, seen.status, seen.reason) == (state, status, reason)


def test_a_page_is_asked_for_without_its_body_first(web: Web, settings: Settings) -> None:
    assert look(web.play("/page", Answer(200)), settings).state is State.ALIVE
    assert web.asked == [("GET", "/robots.txt"), ("HEAD", "/page")]


@pytest.mark.parametrize("head", [Answer(405), Answer(404), Answer(403), Answer(501), Answer(close=True)])
def test_where_head_fails_get_decides(web: Web, settings: Settings, head: Answer) -> None:
    assert look(web.play("/page", Answer(200), head=head), settings).state is State.ALIVE
    assert web.methods("/page")[-1] == "GET"


def test_who_answers_429_is_not_asked_with_get_as_well(web: Web, settings: Settings) -> None:
    look(web.play("/page", Answer(429)), settings)
    assert web.methods("/page") == ["HEAD"] * 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_is_tried_again(web: Web, settings: Settings, status: int) -> None:
    assert look(web.play("/page", Answer(status), Answer(200)), settings) == Look(
        State.ALIVE, 200, end=f"{web.address}/page"
    )


def test_retry_after_in_seconds_is_waited_for(web: Web, settings: Settings) -> None:
    url = web.play("/page", Answer(429, headers={"Retry-After": "1"}), Answer(200))
    assert look(url, settings).state is State.ALIVE
    assert web.times[-1] - web.times[-2] >= 1.0


def test_retry_after_as_a_date_is_waited_for(web: Web, settings: Settings) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)  # to the second, cut off
    url = web.play("/page", Answer(429, headers={"Retry-After": date}), Answer(200))
    assert look(url, settings).state is State.ALIVE
    assert web.times[-1] - web.times[-2] >= 0.9


@pytest.mark.parametrize("wait", ["3600", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_host_that_asks_for_a_long_pause_is_left_alone(web: Web, settings: Settings, wait: str) -> None:
    started = time.monotonic()
    seen = look(web.play("/page", Answer(429, headers={"Retry-After": wait}), Answer(200)), settings)
    assert (seen.state, seen.status) == (State.UNKNOWN, 429)
    assert web.methods("/page") == ["HEAD"] and time.monotonic() - started < 1.0


def test_a_retry_after_that_cannot_be_read_leaves_the_usual_pause(web: Web, settings: Settings) -> None:
    url = web.play("/page", Answer(429, headers={"Retry-After": "soon"}), Answer(200))
    assert look(url, settings).state is State.ALIVE


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_a_move(web: Web, settings: Settings, status: int) -> None:
    new = web.play("/new", Answer(200))
    seen = look(web.play("/old", Answer(status, headers={"Location": "/new"})), settings)
    assert (seen.state, seen.moved_to) == (State.MOVED, new)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_is_no_move(web: Web, settings: Settings, status: int) -> None:
    web.play("/new", Answer(200))
    seen = look(web.play("/old", Answer(status, headers={"Location": "/new"})), settings)
    assert (seen.state, seen.moved_to) == (State.ALIVE, None)


def test_only_the_permanent_steps_at_the_start_are_a_move(web: Web, settings: Settings) -> None:
    web.play("/session?id=1", Answer(200))
    new = web.play("/new", Answer(302, headers={"Location": "/session?id=1"}))
    seen = look(web.play("/old", Answer(301, headers={"Location": "/new"})), settings)
    assert (seen.state, seen.moved_to) == (State.MOVED, new)


def test_a_registry_is_there_to_redirect(web: Web, settings: Settings) -> None:
    web.play("/publisher", Answer(200))
    url = web.play("/doi/10.1000/1", Answer(301, headers={"Location": "/publisher"}))
    assert look(url, settings, is_registry=True).state is State.ALIVE


def test_a_redirect_to_nothing_is_gone_and_says_where(web: Web, settings: Settings) -> None:
    seen = look(web.play("/old", Answer(301, headers={"Location": "/new"})), settings)
    assert (seen.state, seen.reason) == (State.GONE, f"404 at {web.address}/new")


def test_a_circle_of_redirects_ends(web: Web, settings: Settings) -> None:
    web.play("/b", Answer(302, headers={"Location": "/a"}))
    seen = look(web.play("/a", Answer(302, headers={"Location": "/b"})), settings)
    assert (seen.state, seen.reason) == (State.UNKNOWN, "more than 10 redirects")


def test_a_redirect_out_of_the_web_is_not_followed(web: Web, settings: Settings) -> None:
    seen = look(web.play("/a", Answer(302, headers={"Location": "file:///etc/passwd"})), settings)
    assert (seen.state, seen.reason) == (State.UNKNOWN, "it redirects to file:///etc/passwd")


@pytest.mark.parametrize("location", ["http://[", "http://" + "a" * 70 + ".example/", "http://a b/"])
def test_a_redirect_to_an_address_that_is_none_is_unknown(web: Web, settings: Settings, location: str) -> None:
    assert look(web.play("/a", Answer(302, headers={"Location": location})), settings).state is State.UNKNOWN


def test_a_redirect_without_an_address_is_unknown(web: Web, settings: Settings) -> None:
    assert look(web.play("/a", Answer(302)), settings).reason == "the server refuses with 302"


def test_a_slow_server_is_given_up(web: Web, settings: Settings) -> None:
    seen = look(web.play("/page", Answer(wait=1.5)), replace(settings, manners=replace(settings.manners, timeout=0.1)))
    assert (seen.state, seen.failure) == (State.UNKNOWN, Failure.TIMEOUT)


def test_a_closed_connection_is_unknown(web: Web, settings: Settings) -> None:
    seen = look(web.play("/page", Answer(close=True)), settings)
    assert (seen.state, seen.reason) == (State.UNKNOWN, "the connection was closed without an answer")


def test_a_refused_connection_is_unknown(settings: Settings) -> None:
    seen = look(f"{refused_address()}/page", settings)
    assert (seen.state, seen.failure) == (State.UNKNOWN, Failure.REFUSED)


def test_a_name_that_does_not_exist_is_gone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    seen = look("http://gone.example/page", settings)
    assert (seen.state, seen.reason) == (State.GONE, "the host name does not exist")


def test_name_servers_that_do_not_answer_prove_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert look("http://some.example/page", settings).state is State.UNKNOWN


def test_a_bad_certificate_is_named() -> None:
    assert explain(requests.exceptions.SSLError("self-signed")) is Failure.CERTIFICATE


def test_robots_txt_is_obeyed_and_is_no_proof_of_anything(web: Web, settings: Settings) -> None:
    web.play("/robots.txt", Answer(200, "User-agent: *\nDisallow: /private\n"))
    seen = look(web.play("/private/page", Answer(404)), settings)
    assert (seen.state, seen.reason) == (State.UNKNOWN, "blocked by robots.txt")
    assert web.asked == [("GET", "/robots.txt")]
    assert look(web.play("/public", Answer(200)), settings).state is State.ALIVE


def test_robots_txt_may_speak_to_this_project_alone(web: Web, settings: Settings) -> None:
    web.play("/robots.txt", Answer(200, "User-agent: interpretability-replicated\nDisallow: /\n"))
    assert look(web.play("/page", Answer(200)), settings).reason == "blocked by robots.txt"
    assert USER_AGENT.startswith("interpretability-replicated/")


def test_a_redirect_obeys_the_robots_txt_of_the_next_host(web: Web, make_web: MakeWeb, settings: Settings) -> None:
    other = make_web()
    other.play("/robots.txt", Answer(200, "User-agent: *\nDisallow: /\n"))
    seen = look(web.play("/a", Answer(302, headers={"Location": f"{other.address}/b"})), settings)
    assert seen.reason == f"blocked by robots.txt at {other.address}/b"
    assert other.asked == [("GET", "/robots.txt")]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_without_a_robots_txt_all_is_allowed(web: Web, settings: Settings, status: int) -> None:
    web.play("/robots.txt", Answer(status))
    assert look(web.play("/page", Answer(200)), settings).state is State.ALIVE


@pytest.mark.parametrize("status", [429, 500])
def test_with_a_robots_txt_that_cannot_be_read_nothing_is_allowed(web: Web, settings: Settings, status: int) -> None:
    web.play("/robots.txt", Answer(status))
    assert look(web.play("/page", Answer(200)), settings).reason == f"robots.txt cannot be read ({status})"


def test_a_long_crawl_delay_leaves_the_host_alone(web: Web, settings: Settings) -> None:
    web.play("/robots.txt", Answer(200, "User-agent: *\nCrawl-delay: 600\n"))
    assert look(web.play("/page", Answer(200)), settings).reason == "robots.txt asks for 600 s between requests"
