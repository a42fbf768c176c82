"""CIFAR-10: the official binary files, from a local folder or the authors' address."""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import requests
from jaxtyping import UInt8

from replications.common.fashion_mnist import TIMEOUT, DataError
from replications.common.files import write_bytes

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"  # printed beside the file on the authors' page
PARTS = {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)}
RECORD = 1 + 3 * 32 * 32  # bytes: the label, then red, green and blue
RECORDS = 10_000  # in each file


def read_cifar(part: str, folder: Path) -> tuple[UInt8[np.ndarray, "image 3 32 32"], UInt8[np.ndarray, " image"]]:
    """Returns images and labels of `train` or `test`; what `folder` lacks is downloaded into it first.

    Raises:
        DataError: the files cannot be fetched or are not the published ones.
    """
    if not all((folder / name).is_file() for names in PARTS.values() for name in names):
        _download(folder)
    records = np.concatenate([np.frombuffer((folder / name).read_bytes(), np.uint8) for name in PARTS[part]])
    if records.size != RECORDS * len(PARTS[part]) * RECORD:
        raise DataError(
            f"{folder}: got {records.size} bytes of {part} images, expected {RECORDS * len(PARTS[part]) * RECORD}; "
            "delete the folder, it is downloaded again"
        )
    records = records.reshape(-1, RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def _download(folder: Path) -> None:
    print(f"fetching {ADDRESS} (170 MB)", flush=True)
    try:
        response = requests.get(ADDRESS, timeout=TIMEOUT)
        response.raise_for_status()
    except requests.RequestException as error:
        raise DataError(
            f"got no binary files of CIFAR-10 in {folder}, and {ADDRESS} did not give them ({type(error).__name__}); "
            "unpack the official cifar-10-binary.tar.gz there"
        ) from error
    found = hashlib.md5(response.content, usedforsecurity=False).hexdigest()
    if found != MD5:
        raise DataError(f"{ADDRESS}: got a file of MD5 {found}, expected {MD5}; try again")
    with tarfile.open(fileobj=io.BytesIO(response.content)) as archive:
        for member in archive.getmembers():
            name = Path(member.name).name
            content = archive.extractfile(member)
            if content is not None and any(name in names for names in PARTS.values()):
                write_bytes(folder / name, content.read())
