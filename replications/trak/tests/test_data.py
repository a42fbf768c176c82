"""Published files: what is read of them, and what is refused."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
import requests

from replications.common.fashion_mnist import DataError, pick_in_turn
from replications.common.params import load_setting
from replications.trak import cifar, data
from replications.trak.data import load_images
from replications.trak.settings import NAME, Setting


def test_images_are_picked_class_by_class_in_turn():
    labels = np.array([1, 1, 0, 2, 0, 2, 1], dtype=np.uint8)
    assert pick_in_turn(labels, 6).tolist() == [2, 0, 3, 4, 1, 5]
    with pytest.raises(DataError, match="every class"):
        pick_in_turn(labels, 9)


def test_without_files_and_without_a_network_the_error_says_what_to_do(tmp_path, monkeypatch):
    def get(*args, **kwargs):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(DataError, match="unpack the official"):
        cifar.read_cifar("test", tmp_path)


@pytest.fixture
def archive(rng):
    """Six files of ten records each, packed as the authors pack them; labels 0 to 9 in turn."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name in (*cifar.PARTS["train"], *cifar.PARTS["test"]):
            records = rng.integers(256, size=(10, cifar.RECORD)).astype(np.uint8)
            records[:, 0] = np.arange(10)
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = records.size
            packed.addfile(member, io.BytesIO(records.tobytes()))
    return content.getvalue()


def test_cifar_is_downloaded_once_and_cats_and_dogs_are_chosen(archive, tmp_path, monkeypatch):
    class Response:
        content = archive

        def raise_for_status(self):
            pass

    monkeypatch.setattr(requests, "get", lambda *args, **kwargs: Response())
    monkeypatch.setattr(cifar, "RECORDS", 10)
    with pytest.raises(DataError, match=cifar.MD5):
        cifar.read_cifar("train", tmp_path)
    monkeypatch.setattr(cifar, "MD5", hashlib.md5(archive).hexdigest())
    pixels, labels = cifar.read_cifar("train", tmp_path)
    assert pixels.shape == (50, 3, 32, 32)
    assert labels[:10].tolist() == list(range(10))
    monkeypatch.delattr(requests, "get")
    monkeypatch.setattr(data, "replication_dir", lambda name: tmp_path)
    monkeypatch.setattr(data, "load_params", lambda *args: data.Params(cifar="."))
    setting = load_setting(NAME, "cifar2", Setting).model_copy(update={"images": 10, "targets": 2})
    images = load_images(setting)
    assert images.classes == ("cat", "dog")
    assert images.train_labels.tolist() == [0, 1] * 5
    assert images.test_labels.tolist() == [0, 1]


def test_the_digits_are_there_and_a_wrong_number_of_them_is_refused():
    setting = load_setting(NAME, "digits", Setting)
    images = load_images(setting)
    assert images.train.shape == (1000, 1, 8, 8)
    assert images.train.max() == images.brightest
    with pytest.raises(DataError, match=r"params\.yaml"):
        load_images(setting.model_copy(update={"images": 5000}))
