"""Stage: cuts the subset of Fashion-MNIST that travels with the repository.

python -P -m replications.trak.subset

Restored by `dvc pull`, this stage need not run. Images are the first of each class in the order of the files; none is
chosen by its looks.
"""

from pathlib import Path

import numpy as np

from replications.common.arrays import write_arrays
from replications.common.fashion_mnist import pick_in_turn, read_part
from replications.common.params import StageParams, load_params
from replications.common.paths import replication_dir
from replications.trak.settings import NAME


class Params(StageParams):
    """Section `subset` of `params.yaml`."""

    folder: str
    train: int
    test: int


def main() -> None:
    """Writes `artifacts/fashion-mnist.npz`."""
    params = load_params(NAME, "subset", Params)
    artifacts = replication_dir(NAME) / "artifacts"
    arrays = {}
    for part, prefix, count in (("train", "train", params.train), ("test", "t10k", params.test)):
        images, labels = read_part(prefix, Path(params.folder), artifacts / "fashion-mnist")
        chosen = pick_in_turn(labels, count)
        arrays |= {part: images[chosen], f"{part}_labels": labels[chosen].astype(np.int64)}
    write_arrays(artifacts / "fashion-mnist.npz", arrays)


if __name__ == "__main__":
    main()
