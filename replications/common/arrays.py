"""Named arrays in a file: compressed npz, of which the same arrays always give the same bytes."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes

Arrays = Mapping[str, np.ndarray]
Curves = dict[str, np.ndarray]  # what the figures and the notebook draw


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Writes named arrays in one step, in their own precision."""
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays)
    write_bytes(path, content.getvalue())


def write_curves(path: Path, curves: Arrays) -> None:
    """Writes what figures draw, in float32."""
    write_arrays(path, {name: np.asarray(array, dtype=np.float32) for name, array in curves.items()})


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns the arrays in a file of `write_arrays` or `write_curves`."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
