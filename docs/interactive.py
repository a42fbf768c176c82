"""The interactive part of a replication's page: a fragment of HTML, and the files that it loads from this site.

A replication that has one keeps it in `interactive/`: `fragment.html`, which stands in the page, and scripts and
styles, which are published beside it. What is too large for git, such as a WebAssembly runtime, is named by a `.dvc`
file there and read from the store by its MD5, so that building a site needs neither DVC nor a network.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from replications.common.paths import REPOSITORY

FOLDER, FRAGMENT = "interactive", "fragment.html"
STORE = REPOSITORY / "store"


class StoredFileError(ValueError):
    """A file of an interactive part that the store does not hold as its `.dvc` file says."""


@dataclass(frozen=True)
class Interactive:
    """An interactive part: HTML for the page, and the files beside it by path relative to the replication's own."""

    fragment: str
    files: Mapping[str, bytes]

    @property
    def runs_wasm(self) -> bool:
        """Whether it runs WebAssembly, which the page's policy has to allow."""
        return any(path.endswith(".wasm") for path in self.files)


def read_interactive(folder: Path, store: Path = STORE) -> Interactive:
    """Returns the interactive part of the replication in `folder`; an empty one if it has none.

    Raises:
        StoredFileError: the store lacks a file, or holds another one.
    """
    here = folder / FOLDER
    if not (here / FRAGMENT).is_file():
        return Interactive("", {})
    files = {}
    for path in sorted(here.iterdir()):
        if path.suffix == ".dvc":
            files[f"{FOLDER}/{path.stem}"] = _read_stored(path, store)
        elif path.suffix in (".js", ".css") and not path.with_name(f"{path.name}.dvc").exists():
            files[f"{FOLDER}/{path.name}"] = path.read_bytes()
    return Interactive((here / FRAGMENT).read_text(encoding="utf-8").strip(), files)


def _read_stored(pointer: Path, store: Path) -> bytes:
    md5: str = yaml.safe_load(pointer.read_text(encoding="utf-8"))["outs"][0]["md5"]
    path = store / "files" / "md5" / md5[:2] / md5[2:]
    if not path.is_file():
        raise StoredFileError(f"{pointer}: got no file {path}; run `dvc add {pointer.stem}` beside it, then `dvc push`")
    content = path.read_bytes()
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise StoredFileError(
            f"{path}: got MD5 {found}, expected {md5} as in {pointer.name}; restore the file from git"
        )
    return content
