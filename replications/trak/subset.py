"""Stage: cuts the subset of Fashion-MNIST that travels with the repository.

python -P -m replications.trak.subset

Restored by `dvc pull`, this stage need not run. Images are the first of each class in the order of the files; none is
chosen by its looks.
"""

import io
from pathlib import Path

import numpy as np

from replications.common.files import write_bytes
from replications.common.params import StageParams, load_params
from replications.common.paths import replication_dir
from replications.trak.fashion import decode_images, decode_labels, pick_in_turn, read_published
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
        place = Path(params.folder), artifacts / "fashion-mnist"
        labels = decode_labels(read_published(f"{prefix}-labels-idx1-ubyte.gz", *place))
        images = decode_images(read_published(f"{prefix}-images-idx3-ubyte.gz", *place))
        chosen = pick_in_turn(labels, count)
        arrays |= {part: images[chosen], f"{part}_labels": labels[chosen].astype(np.int64)}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_bytes(artifacts / "fashion-mnist.npz", content.getvalue())


if __name__ == "__main__":
    main()
