"""The images of a setting, to train on and to attribute."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from replications.common.fashion_mnist import CLASSES, DataError, pick_in_turn
from replications.common.params import StageParams, load_params
from replications.common.paths import replication_dir
from replications.trak import cifar
from replications.trak.settings import NAME, Setting

CIFAR2 = (3, 5)  # cat and dog
SUBSET = "artifacts/fashion-mnist.npz"


class Params(StageParams):
    """Section `data` of `params.yaml`."""

    cifar: str


@dataclass(frozen=True)
class Images:
    """Images with their classes.

    Attributes:
        train: to train on.
        train_labels: their classes.
        test: whose outputs are attributed.
        test_labels: their classes.
        classes: names.
        brightest: value of the brightest pixel.
    """

    train: UInt8[np.ndarray, "image channel row column"]
    train_labels: Int[np.ndarray, " image"]
    test: UInt8[np.ndarray, "target channel row column"]
    test_labels: Int[np.ndarray, " target"]
    classes: tuple[str, ...]
    brightest: int


def load_images(setting: Setting) -> Images:
    """Returns the images of a setting.

    Raises:
        DataError: files are missing, or there are fewer images than the setting asks for.
    """
    loaders = {"fashion": _load_fashion, "digits": _load_digits, "cifar2": _load_cifar, "cifar10": _load_cifar}
    images = loaders[setting.data](setting)
    if (len(images.train), len(images.test)) != (setting.images, setting.targets):
        raise DataError(
            f"got {len(images.train)} images and {len(images.test)} targets, expected {setting.images} and "
            f"{setting.targets}; change images and targets in params.yaml"
        )
    return images


def _load_fashion(setting: Setting) -> Images:
    path = replication_dir(NAME) / SUBSET
    if not path.is_file():
        raise DataError(f"got no {path}; run `dvc pull` in the replication's folder, or `dvc repro subset`")
    with np.load(path, allow_pickle=False) as arrays:
        train, labels, test, test_labels = (arrays[key] for key in ("train", "train_labels", "test", "test_labels"))
    n, t = setting.images, setting.targets
    return Images(train[:n, None], labels[:n], test[:t, None], test_labels[:t], CLASSES, 255)


def _load_digits(setting: Setting) -> Images:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels, labels = digits.images.astype(np.uint8)[:, None], digits.target.astype(np.int64)
    n, t = setting.images, setting.targets
    return Images(pixels[:n], labels[:n], pixels[-t:], labels[-t:], tuple("0123456789"), 16)


def _load_cifar(setting: Setting) -> Images:
    folder = replication_dir(NAME) / load_params(NAME, "data", Params).cifar
    wanted = CIFAR2 if setting.data == "cifar2" else tuple(range(len(cifar.CLASSES)))
    parts = []
    for part, count in (("train", setting.images), ("test", setting.targets)):
        pixels, labels = cifar.read_cifar(part, folder)
        chosen = np.flatnonzero(np.isin(labels, wanted))
        chosen = chosen[pick_in_turn(labels[chosen], count)]
        parts += [pixels[chosen], np.searchsorted(wanted, labels[chosen]).astype(np.int64)]
    return Images(*parts, tuple(cifar.CLASSES[label] for label in wanted), 255)
