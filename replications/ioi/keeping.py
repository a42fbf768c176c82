"""Arrays of finished computations, kept on disk so that a stage that was killed goes on to the same result."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes

Arrays = dict[str, np.ndarray]
Keep = Callable[[str, Callable[[], Arrays]], Arrays]


def compute_again(inputs: str, compute: Callable[[], Arrays]) -> Arrays:
    """Returns what `compute` gives, and keeps nothing."""
    return compute()


class KeptArrays:
    """Arrays in a folder, each set under a hash of all that it was computed from.

    What other code, parameters, data or weights gave is never read, since it lies under another hash.

    Attributes:
        folder: for this alone; created with the first arrays.
        common: what everything depends on, such as the hash of the code.
    """

    def __init__(self, folder: Path, *common: str) -> None:
        """Says how much an earlier run left."""
        self.folder, self.common = folder, common
        left = len(list(folder.glob("*.npz")))
        if left:
            print(f"{left} results of a run that was interrupted lie in {folder}; those of this code are taken over")

    def __call__(self, inputs: str, compute: Callable[[], Arrays]) -> Arrays:
        """Returns the arrays that `compute` gives for `inputs`, from the folder if they are there."""
        digest = hashlib.sha256("\n".join((*self.common, inputs)).encode()).hexdigest()
        path = self.folder / f"{digest}.npz"
        if not path.is_file():
            content = io.BytesIO()
            np.savez(content, **compute())
            write_bytes(path, content.getvalue())
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
