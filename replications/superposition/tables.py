"""The small arrays beside `measured.json`: what the figures and the notebook draw."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes

Curves = dict[str, np.ndarray]


def write_curves(path: Path, curves: Mapping[str, np.ndarray]) -> None:
    """Writes named arrays as compressed npz, float32; the same arrays give the same file."""
    content = io.BytesIO()
    np.savez_compressed(content, **{name: np.asarray(array, dtype=np.float32) for name, array in curves.items()})
    write_bytes(path, content.getvalue())


def read_curves(path: Path) -> Curves:
    """Returns the arrays of a file of `write_curves`."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
