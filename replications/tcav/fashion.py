"""Fashion-MNIST, cut to the subset that travels with the repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from replications.common.fashion_mnist import CLASSES, DataError

LABELS = {name: label for label, name in enumerate(CLASSES)}
Part = tuple[UInt8[np.ndarray, "image 28 28"], UInt8[np.ndarray, " image"]]  # images and labels


@dataclass(frozen=True)
class Garments:
    """Photographs of clothing.

    Attributes:
        train: photographs to train on, by class.
        test: others, by class.
        others: photographs of all classes that no network is trained on, shuffled.
    """

    train: UInt8[np.ndarray, "class image 28 28"]
    test: UInt8[np.ndarray, "class image 28 28"]
    others: UInt8[np.ndarray, "image 28 28"]


def select_garments(
    parts: Mapping[str, Part], classes: tuple[str, ...], train: int, test: int, others: int
) -> Garments:
    """Returns the subset: the first images of each class, in the order of the files; no image is chosen by its looks.

    Args:
        parts: `train` and `t10k`, as published.
        classes: names of `LABELS`; the networks' classes.
        train: images a class, from the training file.
        test: images a class, from the test file.
        others: images of each other class, from the test file; they follow one another in turn (one of each class).
    """

    def first(part: str, label: int, count: int) -> np.ndarray:
        images, labels = parts[part]
        return images[np.flatnonzero(labels == label)[:count]]

    wanted = [LABELS[name] for name in classes]
    rest = [label for label in LABELS.values() if label not in wanted]
    in_turn = np.stack([first("t10k", label, others) for label in rest], axis=1)
    return Garments(
        train=np.stack([first("train", label, train) for label in wanted]),
        test=np.stack([first("t10k", label, test) for label in wanted]),
        others=in_turn.reshape(-1, *in_turn.shape[2:]),
    )


def read_garments(path: Path) -> Garments:
    """Returns the subset in the file `path`, as the stage `subset` wrote it.

    Raises:
        DataError: there is no such file.
    """
    if not path.is_file():
        raise DataError(f"got no {path}; run `dvc pull` in the replication's folder, or `dvc repro subset`")
    with np.load(path, allow_pickle=False) as arrays:
        return Garments(**arrays)
