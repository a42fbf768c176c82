"""Work that is kept piece by piece, so that a run that was killed goes on to the same result."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes
from replications.common.imports import hash_code

Arrays = Mapping[str, np.ndarray]


def open_pieces(folder: Path, module: str, *content: str) -> Path:
    """Returns a folder that is the same only for the same code of `module` and the same content (parameters, data)."""
    digest = hashlib.sha256(json.dumps([hash_code(module), *content]).encode()).hexdigest()[:16]
    return folder / f"pieces-{module.rsplit('.', 1)[-1]}-{digest}"


def keep(path: Path, compute: Callable[[], Arrays]) -> dict[str, np.ndarray]:
    """Returns the arrays in the file `path`, computed and written in one step if it is missing."""
    if not path.is_file():
        content = io.BytesIO()
        np.savez(content, **{name: np.asarray(value) for name, value in compute().items()})
        write_bytes(path, content.getvalue())
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}
