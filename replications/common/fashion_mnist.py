"""Fashion-MNIST: the published files, from Debian's package or the authors' address, checked by hash."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
import requests
from jaxtyping import UInt8

from replications.common.files import write_bytes

CLASSES = (
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
# The address in the authors' README. It has no TLS; what arrives counts by its hash alone.
ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
# Of the unpacked content, since Debian's package has packed the authors' files anew.
SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
TIMEOUT = 60  # seconds without a byte


class DataError(RuntimeError):
    """Files of a data set that are missing or not the published ones."""


def read_part(
    part: str, folder: Path, downloads: Path
) -> tuple[UInt8[np.ndarray, "image row column"], UInt8[np.ndarray, " image"]]:
    """Returns the images of a part, `train` or `t10k`, and their labels. Arguments and errors: see `read_published`."""
    files = (f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    images, labels = (read_published(name, folder, downloads) for name in files)
    return decode_images(images), decode_labels(labels)


def read_published(name: str, folder: Path, downloads: Path) -> bytes:
    """Returns the unpacked content of a published file: of `folder`, else of `downloads`, else fetched into it.

    Raises:
        DataError: the file cannot be fetched, or its content is not the published one.
    """
    path = next((place / name for place in (folder, downloads) if (place / name).is_file()), None)
    packed = path.read_bytes() if path else _fetch(name, downloads)
    try:
        content = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{name}: got {len(packed)} bytes that are no gzip file; delete it and fetch it again"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise DataError(
            f"{name}: got content of SHA-256 {found}, expected {SHA256[name]}; delete it and fetch it again"
        )
    if path is None:
        write_bytes(downloads / name, packed)
    return content


def _fetch(name: str, downloads: Path) -> bytes:
    print(f"fetching {ADDRESS}{name}", flush=True)
    try:
        response = requests.get(f"{ADDRESS}{name}", timeout=TIMEOUT)
        response.raise_for_status()
    except requests.RequestException as error:
        raise DataError(
            f"got no {name}, and {ADDRESS} did not give it ({type(error).__name__}); install Debian's package "
            f"dataset-fashion-mnist, or put the four files of the official download into {downloads}, or restore the "
            "subset with `dvc pull`"
        ) from error
    return response.content


def decode_images(content: bytes) -> UInt8[np.ndarray, "image row column"]:
    """Returns the images of an IDX file: big-endian 2051, count, rows, columns, then a byte a pixel."""
    magic, count, rows, columns = np.frombuffer(content, ">i4", count=4)
    if magic != 2051:
        raise DataError(f"got the magic number {magic}, expected 2051, a file of images")
    return np.frombuffer(content, np.uint8, offset=16).reshape(count, rows, columns)


def decode_labels(content: bytes) -> UInt8[np.ndarray, " image"]:
    """Returns the labels of an IDX file: big-endian 2049, count, then a byte each."""
    magic, count = np.frombuffer(content, ">i4", count=2)
    if magic != 2049:
        raise DataError(f"got the magic number {magic}, expected 2049, a file of labels")
    return np.frombuffer(content, np.uint8, count=count, offset=8)


def pick_in_turn(labels: UInt8[np.ndarray, " image"], count: int) -> np.ndarray:
    """Returns the places of `count` images, the first of each class, then the second of each class, and so on.

    Raises:
        DataError: the count is no multiple of the number of classes, or a class has too few.
    """
    classes = np.unique(labels)
    each, rest = divmod(count, len(classes))
    if rest or min(np.bincount(labels)[classes]) < each:
        raise DataError(f"got {count} images to pick, expected a multiple of {len(classes)} that every class can give")
    return np.stack([np.flatnonzero(labels == label)[:each] for label in classes], axis=1).ravel()
