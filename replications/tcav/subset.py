"""Stage: cuts the subset of Fashion-MNIST that travels with the repository.

python -P -m replications.tcav.subset

Restored by `dvc pull`, this stage need not run. It needs the four published files: Debian's package
dataset-fashion-mnist, or the official download in the folder named in params.yaml.
"""

import io
from dataclasses import asdict
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes
from replications.common.params import StageParams, load_params
from replications.common.paths import REPLICATIONS
from replications.tcav.fashion import check_files, select_garments
from replications.tcav.words import CLASS_WORDS

SUBSET = REPLICATIONS / "tcav" / "artifacts" / "fashion-mnist.npz"


class Params(StageParams):
    """Section `subset` of `params.yaml`."""

    folder: str
    train: int
    test: int
    others: int


def main() -> None:
    """Writes `artifacts/fashion-mnist.npz`."""
    params = load_params("tcav", "subset", Params)
    folder = Path(params.folder)
    check_files(folder)
    garments = select_garments(folder, CLASS_WORDS, params.train, params.test, params.others)
    content = io.BytesIO()
    np.savez_compressed(content, **asdict(garments))
    write_bytes(SUBSET, content.getvalue())
    print(f"{SUBSET.name}: {content.tell() / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
