"""Writes files in one step, and says so in a sentence where that is not possible."""

from __future__ import annotations

import os
from pathlib import Path


class CommandError(Exception):
    """The command cannot be carried out as given; the message says why."""


def write_atomically(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old file or the new one, never half of it.

    A link stays one, and what is no file, such as ``/dev/stdout`` or a pipe, is written to and stays what it is.

    Raises:
        CommandError: The path is a folder, or cannot be written.
    """
    try:
        if path.is_dir():
            raise CommandError(f"{path} is a folder; give -o the name of a file in it")
        if path.exists() and not path.is_file():
            path.write_bytes(text.encode())
        else:
            _replace(Path(os.path.realpath(path)), text.encode())
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f".bibliography.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
