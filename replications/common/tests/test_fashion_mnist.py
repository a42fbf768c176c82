"""The published files of Fashion-MNIST: what is read of them, what is fetched, and what is refused."""

import gzip
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import requests

from replications.common import fashion_mnist
from replications.common.fashion_mnist import DataError, decode_images, decode_labels, read_part, read_published

LABELS = "t10k-labels-idx1-ubyte.gz"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of two images and labels, under hashes of their own as if they were the published ones; no network."""
    folder = tmp_path / "package"
    folder.mkdir()
    images = np.array([2051, 2, 3, 4], ">i4").tobytes() + bytes(range(24))
    labels = np.array([2049, 2], ">i4").tobytes() + b"\x07\x01"
    hashes = {}
    for name, content in (("t10k-images-idx3-ubyte.gz", images), (LABELS, labels)):
        (folder / name).write_bytes(gzip.compress(content))
        hashes[name] = sha256(content).hexdigest()
    monkeypatch.setattr(fashion_mnist, "SHA256", hashes)
    monkeypatch.setattr(requests, "get", refuse)
    return folder


def refuse(address: str, timeout: float) -> requests.Response:
    raise requests.ConnectionError(f"no network for {address} within {timeout} s")


def serve(contents: dict[str, bytes]) -> Callable[[str, float], requests.Response]:
    """Returns what answers in place of `requests.get`, from memory."""

    def get(address: str, timeout: float) -> requests.Response:
        response = requests.Response()
        name = address.removeprefix(fashion_mnist.ADDRESS)
        response.status_code = 200 if name in contents else 404
        response._content = contents.get(name, b"")
        return response

    return get


def test_a_part_of_the_package_is_read_without_a_download(published: Path, tmp_path: Path):
    images, labels = read_part("t10k", published, tmp_path / "downloads")
    assert images.shape == (2, 3, 4) and images.ravel().tolist() == list(range(24))
    assert labels.tolist() == [7, 1]
    assert not (tmp_path / "downloads").exists()


def test_packing_does_not_matter_to_the_hash(published: Path, tmp_path: Path):
    path = published / LABELS
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=5))
    assert read_published(LABELS, published, tmp_path)[-2:] == b"\x07\x01"


def test_a_file_of_another_content_is_refused_with_both_hashes(tmp_path: Path):
    (tmp_path / LABELS).write_bytes(gzip.compress(b"something else"))
    with pytest.raises(DataError, match=r"got content of SHA-256 .*, expected 0402a96d.*; delete it"):
        read_published(LABELS, tmp_path, tmp_path)


def test_without_the_package_the_official_files_are_fetched_once(published: Path, tmp_path: Path, monkeypatch):
    contents = {path.name: path.read_bytes() for path in published.iterdir()}
    monkeypatch.setattr(requests, "get", serve(contents))
    first = read_part("t10k", tmp_path / "missing", tmp_path / "downloads")
    assert {path.name: path.read_bytes() for path in (tmp_path / "downloads").iterdir()} == contents
    monkeypatch.setattr(requests, "get", refuse)
    again = read_part("t10k", tmp_path / "missing", tmp_path / "downloads")
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>sign in</html>", r"ubyte\.gz: got 20 bytes that are no gzip file"),
        (gzip.compress(b"another data set", mtime=0), r"ubyte\.gz: got content of SHA-256 .*, expected"),
    ],
    ids=["a page", "other data"],
)
def test_a_download_of_another_content_is_refused_and_not_kept(published, tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(requests, "get", serve({path.name: content for path in published.iterdir()}))
    with pytest.raises(DataError, match=message):
        read_part("t10k", tmp_path / "missing", tmp_path / "downloads")
    assert not list(tmp_path.glob("downloads/*"))


@pytest.mark.parametrize(("get", "reason"), [(refuse, "ConnectionError"), (serve({}), "HTTPError")])
def test_without_package_and_network_three_ways_to_get_the_files_are_named(tmp_path, monkeypatch, get, reason):
    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(DataError, match=rf"{reason}\); .*dataset-fashion-mnist.*official download.*dvc pull"):
        read_part("t10k", tmp_path / "missing", tmp_path / "downloads")


def test_images_and_labels_are_not_taken_for_each_other():
    images, labels = np.array([2051, 1, 1, 1], ">i4").tobytes(), np.array([2049, 8, 0, 0], ">i4").tobytes()
    with pytest.raises(DataError, match="got the magic number 2049, expected 2051"):
        decode_images(labels)
    with pytest.raises(DataError, match="got the magic number 2051, expected 2049"):
        decode_labels(images)
