"""What the robots.txt of each host allows, read once per host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.robotparser import RobotFileParser

import requests

from bibliography.online.client import fetch
from bibliography.online.settings import USER_AGENT, Manners
from bibliography.online.turns import Turns, origin_of


@dataclass(frozen=True)
class Rules:
    """The rules of a host.

    Attributes:
        delay: Seconds between two requests.
        closed: Why nothing at all may be asked, or empty.
        parser: Knows which paths may be asked; None where all may.
    """

    delay: float
    closed: str = ""
    parser: RobotFileParser | None = None

    def refusal(self, url: str) -> str:
        """Return why an address may not be asked, or an empty text."""
        if self.closed:
            return self.closed
        allowed = self.parser is None or self.parser.can_fetch(USER_AGENT, url)
        return "" if allowed else "blocked by robots.txt"


class RobotsFiles:
    """The rules of every host asked so far."""

    def __init__(self, turns: Turns, manners: Manners) -> None:
        self._turns = turns
        self._manners = manners
        self._rules: dict[str, Rules] = {}

    def rules(self, session: requests.Session, url: str) -> Rules:
        """Return the rules of the host of an address.

        Raises:
            requests.RequestException: The host does not answer.
            AnswerError: Its robots.txt does not end.
        """
        origin = origin_of(url)
        if origin not in self._rules:
            with self._turns.take(origin, self._manners.host_delay):
                if origin not in self._rules:
                    self._rules[origin] = self._read(session, origin)
        return self._rules[origin]

    def _read(self, session: requests.Session, origin: str) -> Rules:
        """Read a robots.txt as RFC 9309 says: absent (4xx) allows all, unreadable (5xx) allows nothing."""
        delay = self._manners.host_delay
        status, text = fetch(session, f"{origin}/robots.txt", self._manners)
        if status == 429 or status >= 500:
            return Rules(delay, closed=f"robots.txt cannot be read ({status})")
        if status >= 300:
            return Rules(delay)
        parser = RobotFileParser()
        parser.parse(text.splitlines())
        delay = max(delay, float(parser.crawl_delay(USER_AGENT) or 0))
        if delay > self._manners.longest_wait:
            return Rules(delay, closed=f"robots.txt asks for {delay:g} s between requests")
        return Rules(delay, parser=parser)
