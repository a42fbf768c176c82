"""Stage: cuts the subset of Fashion-MNIST that travels with the repository.

python -P -m replications.tcav.subset

Restored by `dvc pull`, this stage need not run. It takes the four published files from Debian's package
dataset-fashion-mnist, or from the folder named in params.yaml, or else from the authors' address.
"""

from dataclasses import asdict
from pathlib import Path

from replications.common.arrays import write_arrays
from replications.common.fashion_mnist import read_part
from replications.common.params import StageParams, load_params
from replications.common.paths import REPLICATIONS
from replications.tcav.fashion import select_garments
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
    parts = {part: read_part(part, Path(params.folder), ARTIFACTS / "fashion-mnist") for part in ("train", "t10k")}
    garments = select_garments(parts, CLASS_WORDS, params.train, params.test, params.others)
    write_arrays(ARTIFACTS / "fashion-mnist.npz", asdict(garments))


if __name__ == "__main__":
    main()
