"""Progress of a long run on standard error: one line that renews itself on a terminal, a few lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TextIO

_LINES_ELSEWHERE = 10


class Progress:
    """Counts what is done, by kind."""

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._total = 0
        self._stream = stream or sys.stderr
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, total: int) -> None:
        """Say how many there will be."""
        self._total = total

    def tick(self, kind: str) -> None:
        """Count one more of a kind and show the counts."""
        with self._lock:
            self._counts[kind] += 1
            done = self._counts.total()
            kinds = ", ".join(f"{count} {name}" for name, count in sorted(self._counts.items()))
            line = f"{self._what}: {done} of {self._total} ({kinds})"
            if self._stream.isatty():
                print(f"\r\x1b[K{line}", end="\n" if done == self._total else "", file=self._stream, flush=True)
            elif done == self._total or done % max(self._total // _LINES_ELSEWHERE, 1) == 0:
                print(line, file=self._stream, flush=True)
