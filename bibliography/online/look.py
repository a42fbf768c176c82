"""Looks at one address: is there still something, and is it still there?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urldefrag, urljoin

import requests

from bibliography.online.client import MAY_PASS, AnswerError, Failure, explain
from bibliography.online.robots import RobotsFiles
from bibliography.online.settings import Manners
from bibliography.online.turns import Turns, origin_of

_MOST_REDIRECTS = 10
_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
_GONE = frozenset({404, 410})


class State(StrEnum):
    """What a look found. A refusal to robots is unknown: a reader's browser may well see the page."""

    ALIVE = "alive"
    MOVED = "moved"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(frozen=True)
class Look:
    """What was found at an address.

    Attributes:
        status: Of the last answer; None where there was none.
        reason: Why it is unknown or gone; empty otherwise.
        moved_to: The address to write instead, where the server says that the old one is permanently replaced.
        failure: Why there was no answer.
        end: The address that was asked last, after all redirects.
    """

    state: State
    status: int | None = None
    reason: str = ""
    moved_to: str | None = None
    failure: Failure | None = None
    end: str = ""


@dataclass(frozen=True)
class _Answer:
    status: int
    location: str | None


class _RefusedError(Exception):
    """The host does not want the question; the message says how."""


class Looker:
    """Looks at addresses in the name of one session; many may share the turns and the robots files."""

    def __init__(self, session: requests.Session, turns: Turns, robots: RobotsFiles, manners: Manners) -> None:
        self._session = session
        self._turns = turns
        self._robots = robots
        self._manners = manners

    def look(self, url: str, *, is_registry: bool = False) -> Look:
        """Return what is at an address.

        Args:
            url: Its fragment is left to browsers.
            is_registry: The address belongs to a service whose purpose is to redirect, such as doi.org.
        """
        start = address = urldefrag(url).url
        moved_to, status = None, None
        only_permanent = not is_registry
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                answer = self._ask(address)
                status = answer.status
                if answer.location is None:
                    return _judge(status, moved_to, start, address)
                address = urljoin(address, answer.location)
                if not address.startswith(("http://", "https://")):
                    return Look(State.UNKNOWN, status, f"it redirects to {address}", moved_to)
                only_permanent = only_permanent and status in _PERMANENT
                moved_to = address if only_permanent else moved_to
            return Look(State.UNKNOWN, status, f"more than {_MOST_REDIRECTS} redirects", moved_to)
        except (_RefusedError, AnswerError) as error:
            return Look(State.UNKNOWN, status, _at(str(error), start, address), moved_to, end=address)
        except requests.RequestException as error:
            failure = explain(error)
            state = State.GONE if failure is Failure.NO_SUCH_HOST else State.UNKNOWN
            return Look(state, status, _at(failure.value, start, address), moved_to, failure, address)
        except ValueError:  # of urllib: a redirect may lead to anything, such as http://[
            return Look(State.UNKNOWN, status, "it redirects to an address that cannot be read", moved_to)

    def _ask(self, address: str) -> _Answer:
        rules = self._robots.rules(self._session, address)
        if refusal := rules.refusal(address):
            raise _RefusedError(refusal)
        with self._turns.take(origin_of(address), rules.delay):
            try:
                answer = self._request("HEAD", address)
            except requests.ConnectionError as error:
                if explain(error) is not Failure.CLOSED:
                    raise
                return self._request("GET", address)
            # Many servers answer HEAD wrongly, with 405 or even 404; but who says "too many" is not asked again.
            if answer.status >= 400 and answer.status != 429:
                answer = self._request("GET", address)
            return answer

    def _request(self, method: str, address: str) -> _Answer:
        timeout = self._manners.timeout
        with self._session.request(method, address, timeout=timeout, allow_redirects=False, stream=True) as response:
            location = response.headers.get("Location") if response.status_code in _REDIRECTS else None
            return _Answer(response.status_code, location)


def _at(reason: str, start: str, end: str) -> str:
    """Return a reason, with the address where a redirect led to another one."""
    return reason if start == end else f"{reason} at {end}"


def _judge(status: int, moved_to: str | None, start: str, end: str) -> Look:
    if 200 <= status < 300:
        return Look(State.MOVED if moved_to else State.ALIVE, status, "", moved_to, end=end)
    if status in _GONE:
        return Look(State.GONE, status, _at(str(status), start, end), moved_to, end=end)
    reason = f"{status} again and again" if status in MAY_PASS else f"the server refuses with {status}"
    return Look(State.UNKNOWN, status, _at(reason, start, end), moved_to, end=end)
