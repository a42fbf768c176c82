"""Stage: cuts the subset of Fashion-MNIST that travels with the repository.

python -P -m replications.tcav.subset

Restored by `dvc pull`, this stage need not run. It takes the four published files from Debian's package
dataset-fashion-mnist, or from the folder named in params.yaml, or else from the authors' address.
"""

import io
from dataclasses import asdict
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes
from replications.common.params import StageParams, load_params
from replications.common.paths import REPLICATIONS
from replications.tcav.fashion import select_garments
from replications.tcav.fashion_files import find_files
from replications.tcav.words import CLASS_WORDS

ARTIFACTS = REPLICATIONS / "tcav" / "artifacts"


class Params(StageParams):
    """Section `subset` of `params.yaml`."""

    folder: str
    train: int
    test: int
    others: int


def main() -> None:
    """Writes `artifacts/fashion-mnist.npz`."""
    params = load_params("tcav", "subset", Params)
    folder = find_files(Path(params.folder), ARTIFACTS / "fashion-mnist")
    garments = select_garments(folder, CLASS_WORDS, params.train, params.test, params.others)
    content = io.BytesIO()
    np.savez_compressed(content, **asdict(garments))
    write_bytes(ARTIFACTS / "fashion-mnist.npz", content.getvalue())
    print(f"fashion-mnist.npz: {content.tell() / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
