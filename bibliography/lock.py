"""Lets one process at a time write to a folder; the others are told at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BusyError(Exception):
    """Another process writes to the folder; the message says what to do."""


@contextmanager
def only_one(folder: Path, work: str) -> Iterator[None]:
    """Hold a folder until the block ends; the lock ends with its process, however that ends, and leaves no file.

    Args:
        folder: What the block writes to; it must exist.
        work: What holds such a lock, for the message, such as ``a build of the site``.

    Raises:
        BusyError: Another process, or another block of this one, holds the folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"got {work} that writes to {folder} already; expected one at a time; do: wait until it ends"
            raise BusyError(message) from None
        yield
    finally:
        os.close(descriptor)
