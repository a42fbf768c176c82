"""What all tests of this replication share: a handful of random images, a small setting, one thread."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from replications.common.params import load_setting
from replications.trak.data import Images
from replications.trak.settings import NAME, Setting


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Matrices this small are slower on several threads than on one."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def images(rng) -> Images:
    """Noise of 28 by 28 pixels, brighter for a higher class."""
    labels = np.tile(np.arange(3), 20)
    pixels = rng.integers(0, 100, (60, 1, 28, 28)) + 60 * labels[:, None, None, None]
    return Images(
        pixels[:48].astype(np.uint8), labels[:48], pixels[48:].astype(np.uint8), labels[48:], ("a", "b", "c"), 255
    )


@pytest.fixture
def digits(rng) -> Images:
    """The same of 3 by 3 pixels, for logistic regression."""
    labels = np.tile(np.arange(2), 30)
    pixels = rng.integers(0, 12, (60, 1, 3, 3)) + 3 * labels[:, None, None, None]
    return Images(pixels[:48].astype(np.uint8), labels[:48], pixels[48:].astype(np.uint8), labels[48:], ("a", "b"), 16)


@pytest.fixture
def setting() -> Setting:
    """The default setting with two epochs, and small in all else."""
    full = load_setting(NAME, "fashion", Setting)
    training = full.training.model_copy(update={"epochs": 2, "batch_size": 10, "peak": 1, "checkpoints": (1, 2)})
    return full.model_copy(
        update={
            "training": training, "images": 48, "targets": 12, "together": 4, "chunk": 20, "subsets": 8, "repeats": 2,
            "pool": 8, "trak_models": (1, 2, 4), "resampling_models": (5, 8), "similarity_models": (1, 2),
            "checkpoint_models": (1,), "arnoldi_models": (1,), "ablation_models": 4, "dimensions": (3, 6, 12),
            "dimension": 6, "counterfactual_targets": 2, "removed": (3,), "counterfactual_repeats": 2,
        }
    )  # fmt: skip


@pytest.fixture
def logistic(setting) -> Setting:
    """The same for logistic regression."""
    training = setting.training.model_copy(update={"epochs": 0, "checkpoints": (0,), "penalty": 0.01})
    small = {"network": "linear", "data": "digits", "repeats": 1, "dimensions": (2, 4, 8), "dimension": 4}
    return setting.model_copy(update={"training": training, **small})
