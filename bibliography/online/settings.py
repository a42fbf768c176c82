"""The one place that names the services and says how politely they, and every other host, are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from bibliography.output import CommandError

USER_AGENT = "interpretability-replicated/0.1 (reading list; looks at each of its links once in a while)"


@dataclass(frozen=True)
class Services:
    """Base addresses, each ending with a slash except arXiv's interface, which takes a query.

    Attributes:
        crossref: A DOI is appended; answers JSON.
        datacite: A DOI is appended; answers JSON.
        arxiv: ``?id_list=…`` is appended; answers Atom.
        doi: Resolves a DOI.
        arxiv_abs: Shows an abstract.
    """

    crossref: str = "https://api.crossref.org/works/"
    datacite: str = "https://api.datacite.org/dois/"
    arxiv: str = "https://export.arxiv.org/api/query"
    doi: str = "https://doi.org/"
    arxiv_abs: str = "https://arxiv.org/abs/"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Services:
        """Return the services, mirrors in their place where ``BIBLIOGRAPHY_CROSSREF`` and the like name them.

        Raises:
            CommandError: A mirror is not an address of the web.
        """
        mirrors = {
            each.name: environment[name]
            for each in fields(cls)
            if environment.get(name := f"BIBLIOGRAPHY_{each.name.upper()}")
        }
        for name, address in mirrors.items():
            if not address.startswith(("http://", "https://")):
                variable = f"BIBLIOGRAPHY_{name.upper()}"
                raise CommandError(f"got {variable}={address!r}; expected an address such as {getattr(cls, name)}")
        return replace(cls(), **mirrors)


@dataclass(frozen=True)
class Manners:
    """How long to wait for an answer, and how long between questions; all times in seconds.

    Attributes:
        timeout: Silence after which a connection is given up.
        retries: Further attempts after a failure that may pass: 429, 5xx, a closed connection, a timeout.
        backoff: Pause before the second retry, doubled for each further one; there is none before the first.
        host_delay: Pause between two requests to one host.
        arxiv_delay: The same for arXiv's interface, whose terms ask for three seconds.
        longest_wait: A host that asks for a longer Retry-After or Crawl-delay is left alone instead.
        failures_per_host: After so many failed connections in a row the rest of a host is left alone.
        workers: Hosts that are asked at the same time.
        cache_days: Days after which a successful look is repeated.
    """

    timeout: float = 20.0
    retries: int = 3
    backoff: float = 1.0
    host_delay: float = 1.0
    arxiv_delay: float = 3.0
    longest_wait: float = 60.0
    failures_per_host: int = 3
    workers: int = 16
    cache_days: float = 14.0


@dataclass(frozen=True)
class Settings:
    """What the online commands need to know besides the library."""

    services: Services = field(default_factory=Services)
    manners: Manners = field(default_factory=Manners)
