"""Writes files in one step, and says so in a sentence where that is not possible."""

from __future__ import annotations

import os
from pathlib import Path


class CommandError(Exception):
    """The command cannot be carried out as given; the message says why."""


def write_atomically(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old file or the new one, never half of it.

    Raises:
        CommandError: The path is a folder, or cannot be written.
    """
    if path.is_dir():
        raise CommandError(f"{path} is a folder; give -o the name of a file in it")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(text.encode())
        part.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
