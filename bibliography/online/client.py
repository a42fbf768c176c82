"""Asks servers over HTTP: patient where a failure may pass, brief where it will not, and never without a limit."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, MaxRetryError, NameResolutionError, ReadTimeoutError
from urllib3.exceptions import ResponseError as Urllib3ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from bibliography.online.settings import USER_AGENT, Manners

MAY_PASS = frozenset({429, 500, 502, 503, 504})
LARGEST_ANSWER = 20_000_000
_LONGEST_ANSWER_S = 120.0


class NoNetworkError(Exception):
    """None of the hosts that nearly always answer did; the message is one sentence."""


class AnswerError(Exception):
    """A service did not answer as it should; the message says which, and what it did."""


class Failure(Enum):
    """Why there was no answer at all."""

    NO_SUCH_HOST = "the host name does not exist"
    TIMEOUT = "no answer in time"
    REFUSED = "the connection was refused"
    CLOSED = "the connection was closed without an answer"
    CERTIFICATE = "the certificate is not accepted"
    OTHER = "the request failed"


class PatientRetry(Retry):
    """Retries that wait as long as Retry-After asks, or give up at once where that is too long.

    urllib3 would shorten a long wait to ``retry_after_max`` and ask again too early.
    """

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds to wait; none where the header cannot be read, so that the back-off decides."""
        try:
            return super().parse_retry_after(retry_after)
        except InvalidHeader:
            return 0.0

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *arguments: Any,
        **options: Any,
    ) -> PatientRetry:
        """Return the next retry, or raise MaxRetryError where there is to be none."""
        if response and (self.get_retry_after(response) or 0.0) >= self.retry_after_max:
            raise MaxRetryError(options["_pool"], url or "", Urllib3ResponseError("asked to wait too long"))
        return super().increment(method, url, response, *arguments, **options)


def open_session(manners: Manners) -> requests.Session:
    """Return a session that names the project, retries what may pass, and respects Retry-After."""
    retry = PatientRetry(
        total=manners.retries,
        status_forcelist=MAY_PASS,
        allowed_methods={"HEAD", "GET"},
        backoff_factor=manners.backoff,
        raise_on_status=False,
        retry_after_max=manners.longest_wait,  # type: ignore[arg-type] # only compared; need not be whole
    )
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def explain(error: requests.RequestException) -> Failure:
    """Return why a request had no answer."""
    causes = list(_causes(error))
    if any(isinstance(cause, NameResolutionError) and _is_unknown_name(cause) for cause in causes):
        return Failure.NO_SUCH_HOST
    if any(isinstance(cause, requests.Timeout | ReadTimeoutError | TimeoutError) for cause in causes):
        return Failure.TIMEOUT
    if isinstance(error, requests.exceptions.SSLError):
        return Failure.CERTIFICATE
    if any(isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED for cause in causes):
        return Failure.REFUSED
    if any(isinstance(cause, ConnectionError) for cause in causes):
        return Failure.CLOSED
    return Failure.OTHER


def _causes(error: BaseException) -> Iterable[BaseException]:
    """Yield an error and everything it wraps: by ``from``, as an argument, or as urllib3's reason."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return seen


def _is_unknown_name(error: NameResolutionError) -> bool:
    """Return whether the name servers said that there is no such name, rather than nothing."""
    cause = error.__cause__ or error.__context__
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def fetch(
    session: requests.Session, url: str, manners: Manners, parameters: Mapping[str, str | int] | None = None
) -> tuple[int, str]:
    """Return the status and the text of a page, redirects followed.

    Raises:
        AnswerError: It is larger, or takes longer, than any proper answer.
        requests.RequestException: There was no answer.
    """
    deadline = time.monotonic() + max(_LONGEST_ANSWER_S, manners.timeout)
    with session.get(url, params=parameters, timeout=manners.timeout, stream=True) as response:
        parts, size = [], 0
        for part in response.iter_content(65536):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER or time.monotonic() > deadline:
                raise AnswerError(f"{url}: got an answer without an end; expected at most {LARGEST_ANSWER} bytes")
        return response.status_code, b"".join(parts).decode(errors="replace")


def require_network(addresses: Iterable[str], manners: Manners) -> None:
    """Return if any of the addresses gives any answer at all, at the first attempt.

    Raises:
        NoNetworkError: None does.
    """
    session = open_session(replace(manners, retries=0))
    for address in addresses:
        try:
            session.head(address, timeout=manners.timeout, allow_redirects=False).close()
            return
        except requests.RequestException:
            continue
    raise NoNetworkError(f"there is no network, for none of these answers: {', '.join(addresses)}")
