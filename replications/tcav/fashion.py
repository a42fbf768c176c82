"""Fashion-MNIST: read from its own files, and cut to the subset that travels with the repository."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

LABELS = {
    "t-shirt": 0, "trouser": 1, "pullover": 2, "dress": 3, "coat": 4, "sandal": 5, "shirt": 6, "sneaker": 7, "bag": 8,
    "ankle boot": 9,
}  # fmt: skip


class FashionError(RuntimeError):
    """Files of Fashion-MNIST that are missing or not the published ones."""


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


def read_images(path: Path) -> UInt8[np.ndarray, "image row column"]:
    """Returns the images of an IDX file: big-endian 2051, count, rows, columns, then a byte a pixel."""
    content = gzip.decompress(path.read_bytes())
    magic, count, rows, columns = np.frombuffer(content, ">i4", count=4)
    if magic != 2051:
        raise FashionError(f"{path}: got the magic number {magic}, expected 2051, a file of images")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, rows, columns)


def read_labels(path: Path) -> UInt8[np.ndarray, " image"]:
    """Returns the labels of an IDX file: big-endian 2049, count, then a byte each."""
    content = gzip.decompress(path.read_bytes())
    magic, count = np.frombuffer(content, ">i4", count=2)
    if magic != 2049:
        raise FashionError(f"{path}: got the magic number {magic}, expected 2049, a file of labels")
    return np.frombuffer(content, np.uint8, count=count, offset=8)


def select_garments(folder: Path, classes: tuple[str, ...], train: int, test: int, others: int) -> Garments:
    """Returns the subset: the first images of each class, in the order of the files; no image is chosen by its looks.

    Args:
        folder: with the four published files.
        classes: names of `LABELS`; the networks' classes.
        train: images a class, from the training file.
        test: images a class, from the test file.
        others: images of each other class, from the test file; they follow one another in turn (one of each class).
    """
    labels = {part: read_labels(folder / f"{part}-labels-idx1-ubyte.gz") for part in ("train", "t10k")}
    images = {part: read_images(folder / f"{part}-images-idx3-ubyte.gz") for part in ("train", "t10k")}

    def first(part: str, label: int, count: int) -> np.ndarray:
        return images[part][np.flatnonzero(labels[part] == label)[:count]]

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
        FashionError: there is no such file.
    """
    if not path.is_file():
        raise FashionError(f"got no {path}; run `dvc pull` in the replication's folder, or `dvc repro subset`")
    with np.load(path, allow_pickle=False) as arrays:
        return Garments(**arrays)
