"""Atomic writing: a reader sees the old file or the new one, never half of one."""

import json
import os
import tempfile
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path` in one step; its folder is created if missing.

    Raises:
        OSError: no room, or no right to write; what stood there stays whole.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # mkstemp makes it private; results are read by others
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.add_note(f"{path} is not written, what stood there is whole; make room or give rights, and run again")
        raise


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` as UTF-8 in one step."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Writes `value` to `path` as indented JSON in one step.

    Raises:
        ValueError: `value` holds NaN or infinity, which JSON cannot carry.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
