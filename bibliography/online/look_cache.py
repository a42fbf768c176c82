"""Remembers successful looks, so that a rerun goes on where the last one ended."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import platformdirs

from bibliography.online.look import Look, State
from bibliography.output import CommandError, write_atomically

_SUCCESSFUL = frozenset({State.ALIVE, State.MOVED})


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the cache: what ``BIBLIOGRAPHY_CACHE`` names, or the user's own."""
    return Path(environment.get("BIBLIOGRAPHY_CACHE") or platformdirs.user_cache_dir("interpretability-replicated"))


class LookCache:
    """Successful looks by address, in a file that gets a line with each look and survives being cut off."""

    def __init__(self, folder: Path, days: float) -> None:
        self._path = folder / "links.jsonl"
        self._oldest = datetime.now(UTC) - timedelta(days=days)
        self._lock = threading.Lock()
        self._looks: dict[str, Look] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._read()
        except OSError as error:
            raise CommandError(
                f"cannot use the cache {self._path}: {error.strerror}; set BIBLIOGRAPHY_CACHE to a folder"
            ) from error

    def get(self, url: str) -> Look | None:
        """Return the look at an address, if it was successful and is not too old."""
        return self._looks.get(url)

    def add(self, url: str, look: Look) -> None:
        """Remember a look at once, if it was successful."""
        if look.state not in _SUCCESSFUL:
            return
        with self._lock:
            self._looks[url] = look
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_to_line(url, look, datetime.now(UTC)))

    def _read(self) -> None:
        if not self._path.exists():
            return
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        kept: dict[str, str] = {}
        for line in lines:
            try:
                row = json.loads(line)
                looked_at = datetime.fromisoformat(row["looked_at"])
                look = Look(State(row["state"]), row["status"], moved_to=row["moved_to"])
                url = str(row["url"])
                is_fresh = looked_at >= self._oldest
            except (ValueError, TypeError, KeyError):
                continue  # cut off, or of another version; it costs one look
            if is_fresh:
                self._looks[url] = look
                kept[url] = line if line.endswith("\n") else f"{line}\n"
        if list(kept.values()) != lines:
            write_atomically(self._path, "".join(kept.values()))


def _to_line(url: str, look: Look, now: datetime) -> str:
    row = {"url": url, "state": look.state, "status": look.status, "moved_to": look.moved_to}
    return json.dumps({**row, "looked_at": now.isoformat(timespec="seconds")}) + "\n"
