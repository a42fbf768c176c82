"""The published files of Fashion-MNIST: from Debian's package if installed, else downloaded; checked by hash."""

import gzip
import hashlib
import zlib
from pathlib import Path

import requests

from replications.common.files import write_bytes
from replications.tcav.fashion import FashionError

# The address in the authors' README. It has no TLS; what arrives counts by its hash alone.
ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
# Of the unpacked content: Debian's package dataset-fashion-mnist has packed the authors' files anew.
SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
TIMEOUT = 60  # seconds without a byte


def find_files(folder: Path, downloads: Path) -> Path:
    """Returns a folder with the four published files: `folder` if it has them all, else `downloads`.

    What `downloads` lacks is fetched from the authors' address first.

    Raises:
        FashionError: a file cannot be fetched, or its content is not the published one.
    """
    if all((folder / name).is_file() for name in SHA256):
        for name in SHA256:
            check_content(str(folder / name), (folder / name).read_bytes(), SHA256[name])
        return folder
    for name, expected in SHA256.items():
        path = downloads / name
        if path.is_file():
            check_content(str(path), path.read_bytes(), expected)
        else:
            print(f"fetching {ADDRESS}{name}", flush=True)
            content = fetch(name, folder, downloads)
            check_content(f"{ADDRESS}{name}", content, expected)
            write_bytes(path, content)
    return downloads


def fetch(name: str, folder: Path, downloads: Path) -> bytes:
    """Returns a file of the official download as it arrives, unchecked."""
    try:
        response = requests.get(f"{ADDRESS}{name}", timeout=TIMEOUT)
        response.raise_for_status()
    except requests.RequestException as error:
        raise FashionError(
            f"got no {name} in {folder}, and {ADDRESS} did not give it ({type(error).__name__}); install Debian's "
            f"package dataset-fashion-mnist, or put the four files of the official download into {downloads}, or "
            "restore the subset with `dvc pull`"
        ) from error
    return response.content


def check_content(name: str, content: bytes, expected: str) -> None:
    """Refuses a packed file whose unpacked content does not have the expected SHA-256."""
    try:
        found = hashlib.sha256(gzip.decompress(content)).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise FashionError(
            f"{name}: got {len(content)} bytes that are no gzip file; delete it and fetch it again"
        ) from error
    if found != expected:
        raise FashionError(f"{name}: got content of SHA-256 {found}, expected {expected}; delete it and fetch it again")
