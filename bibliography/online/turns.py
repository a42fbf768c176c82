"""One request at a time to each host, with a pause after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class StoppedError(Exception):
    """The user wants to stop; what was found so far is kept."""


def origin_of(url: str) -> str:
    """Return ``scheme://host:port`` of an address, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class Turns:
    """Lets the threads take turns at each host, however they come to ask it (a redirect may lead anywhere)."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._free_at: dict[str, float] = {}

    @contextmanager
    def take(self, origin: str, delay: float) -> Iterator[None]:
        """Hold a turn at a host; the next one begins at the earliest ``delay`` seconds after this ends.

        Raises:
            StoppedError: ``stop`` was called.
        """
        with self._lock:
            lock = self._locks.setdefault(origin, threading.Lock())
        with lock:
            wait = self._free_at.get(origin, 0.0) - time.monotonic()
            if self._stop.wait(max(wait, 0.0)):
                raise StoppedError
            try:
                yield
            finally:
                self._free_at[origin] = time.monotonic() + delay

    def stop(self) -> None:
        """Give no further turn to anybody."""
        self._stop.set()
