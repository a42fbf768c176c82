"""Looks at every link of the bibliography: many hosts at the same time, one link of a host after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urldefrag

from bibliography.model import Paper
from bibliography.online.client import Failure, open_session, require_network
from bibliography.online.look import Look, Looker, State
from bibliography.online.look_cache import LookCache
from bibliography.online.progress import Progress
from bibliography.online.robots import RobotsFiles
from bibliography.online.settings import Services, Settings
from bibliography.online.turns import StoppedError, Turns, origin_of


@dataclass(frozen=True)
class Link:
    """A link of an entry; two entries may have the same."""

    key: str
    field: str
    url: str


@dataclass(frozen=True)
class LinkLook:
    """A link and what was found there."""

    link: Link
    look: Look
    is_from_cache: bool


def collect_links(papers: Iterable[Paper], services: Services) -> list[Link]:
    """Return the links of papers in reading order: pages, code, DOIs and abstracts on arXiv."""
    links = []
    for paper in papers:
        addresses = {
            "url": paper.url,
            "code": paper.code,
            "seealso": paper.seealso,
            "doi": f"{services.doi}{quote(paper.doi, safe='/():;')}" if paper.doi else None,
            "eprint": f"{services.arxiv_abs}{paper.arxiv}" if paper.arxiv else None,
        }
        links += [Link(paper.key, field, url) for field, url in addresses.items() if url]
    return links


def look_at_links(links: Sequence[Link], cache: LookCache, settings: Settings, progress: Progress) -> list[LinkLook]:
    """Return what was found at each link, in their order.

    Raises:
        NoNetworkError: There is no network, from the start or since some time; what was found is in the cache.
        KeyboardInterrupt: The user wants to stop; likewise.
    """
    urls = list(dict.fromkeys(urldefrag(link.url).url for link in links))
    remembered = {url: look for url in urls if (look := cache.get(url))}
    progress.begin(len(urls))
    for look in remembered.values():
        progress.tick(look.state)
    probes = (settings.services.doi, settings.services.arxiv_abs)
    to_do = [url for url in urls if url not in remembered]
    if to_do:
        require_network(probes, settings.manners)
    found = _Round(cache, settings, progress).look_at(to_do)
    if any(look.failure is Failure.NO_SUCH_HOST for look in found.values()):
        # Names that are not found mean that they are gone only while there is a network.
        require_network(probes, settings.manners)
    looks = remembered | found
    return [LinkLook(link, looks[url := urldefrag(link.url).url], url in remembered) for link in links]


class _Round:
    """One round of looks, with what its threads share."""

    def __init__(self, cache: LookCache, settings: Settings, progress: Progress) -> None:
        self._cache = cache
        self._manners = settings.manners
        self._registry = settings.services.doi
        self._progress = progress
        self._turns = Turns()
        self._robots = RobotsFiles(self._turns, settings.manners)

    def look_at(self, urls: Iterable[str]) -> dict[str, Look]:
        by_host: dict[str, list[str]] = defaultdict(list)
        for url in urls:
            by_host[origin_of(url)].append(url)
        # The longest queue first, since it ends last.
        queues = sorted(by_host.values(), key=len, reverse=True)
        found: dict[str, Look] = {}
        with ThreadPoolExecutor(self._manners.workers) as pool:
            try:
                for part in pool.map(self._look_at_host, queues):
                    found |= part
            except BaseException:
                self._turns.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return found

    def _look_at_host(self, urls: Sequence[str]) -> dict[str, Look]:
        """Return the looks at the links of one host, in turn, until it is seen to be down or overrun."""
        found: dict[str, Look] = {}
        failures = 0
        abandoned: Look | None = None
        with open_session(self._manners) as session:
            looker = Looker(session, self._turns, self._robots, self._manners)
            for url in urls:
                try:
                    look = abandoned or looker.look(url, is_registry=url.startswith(self._registry))
                except StoppedError:
                    return found
                found[url] = look
                self._cache.add(url, look)
                self._progress.tick(look.state)
                if not abandoned and origin_of(look.end) == origin_of(url):
                    failures = failures + 1 if look.failure else 0
                    abandoned = self._give_up(look, failures)
        return found

    def _give_up(self, look: Look, failures: int) -> Look | None:
        """Return what to say of the other links of a host, or None if they are worth a look."""
        if look.failure is Failure.NO_SUCH_HOST:
            return look
        if look.status == 429:
            return Look(State.UNKNOWN, 429, "not looked at: the host says that it is asked too often")
        if failures >= self._manners.failures_per_host:
            return Look(State.UNKNOWN, reason=f"not looked at: the host failed {failures} times in a row")
        return None
