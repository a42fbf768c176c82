"""Retraining as tasks: which networks, on which images, and what is kept of them."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from replications.common.arrays import Arrays
from replications.trak.data import Images, load_images
from replications.trak.networks import Network, build_network, log_odds, standardise
from replications.trak.settings import Setting
from replications.trak.training import Seed, fit_logistic, flatten_head, train_alone, train_together


class DeviceUnavailableError(RuntimeError):
    """A setting for a GPU on a machine without one."""


@dataclass(frozen=True)
class Task:
    """Some networks to train, each on its own images.

    Attributes:
        name: of the task.
        members: training images of each network, equally many.
        seeds: of each network.
        keep_weights: whether the weights are part of the result, beside the outputs.
    """

    name: str
    members: Int[np.ndarray, "model example"] = field(repr=False)
    seeds: tuple[Seed, ...]
    keep_weights: bool = False


def draw_halves(count: int, n: int, rng: np.random.Generator) -> Bool[np.ndarray, "subset image"]:
    """Returns random subsets of half of the images, as masks."""
    order = rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    masks = np.zeros((count, n), dtype=bool)
    np.put_along_axis(masks, order[:, : n // 2], True, axis=1)
    return masks


def cut_tasks(
    name: str,
    masks: Bool[np.ndarray, "model image"],
    seeds: Sequence[Seed],
    together: int,
    kept: int = 0,
) -> list[Task]:
    """Returns tasks of `together` networks with equally many images; the first `kept` networks keep their weights."""
    members = np.stack([np.flatnonzero(mask) for mask in masks])
    digits = len(str(math.ceil(len(masks) / together)))
    return [
        Task(
            f"{name}-{number:0{digits}d}",
            members[first : first + together],
            tuple(seeds[first : first + together]),
            first < kept,
        )
        for number, first in enumerate(range(0, len(masks), together))
    ]


def open_retraining(setting: Setting) -> Callable[[Task], Arrays]:
    """Loads the images, and returns what does a task.

    Raises:
        DeviceUnavailableError: as `check_device`.
    """
    check_device(setting)
    return partial(retrain, setting, load_images(setting))


def retrain(setting: Setting, images: Images, task: Task) -> Arrays:
    """Returns outputs on the targets, accuracy on all of them, seconds and perhaps weights of a task."""
    started = time.perf_counter()
    network = build_network(setting.network, images)
    pixels = standardise(images, "train", setting.device)
    labels = torch.from_numpy(images.train_labels).to(setting.device)
    weights = _train(setting, network, pixels, labels, task)
    seconds = time.perf_counter() - started
    targets = standardise(images, "test", setting.device)
    outputs, accuracy = [], []
    for final in weights[:, -1]:
        logits = predict(network, final, targets)
        classes = torch.from_numpy(images.test_labels).to(logits.device)
        outputs.append(log_odds(logits, classes).float().cpu().numpy())
        accuracy.append(float((logits.argmax(1) == classes).float().mean()))
    if not np.isfinite(outputs).all():
        raise ValueError(f"{task.name}: got outputs that are not finite; lower the learning_rate in params.yaml")
    kept = {"weights": weights.float().cpu().numpy()} if task.keep_weights else {}
    return {"outputs": np.stack(outputs), "accuracy": np.array(accuracy), "seconds": np.array(seconds), **kept}


def _train(
    setting: Setting, network: Network, pixels: Tensor, labels: Tensor, task: Task
) -> Float[Tensor, "model checkpoint weight"]:
    training = setting.training
    if setting.network == "linear":
        flat, n_classes = pixels.flatten(1).double(), network.parameters["head.bias"][0]
        fitted = []
        for chosen in torch.from_numpy(task.members):
            share = torch.full((len(chosen),), 1 / len(chosen), dtype=torch.float64)
            fitted.append(flatten_head(fit_logistic(flat[chosen], labels[chosen], share, n_classes, training.penalty)))
        return torch.stack(fitted)[:, None]
    if network.statistics:
        pairs = zip(task.members, task.seeds, strict=True)
        return torch.stack([train_alone(network, pixels, labels, rows, seed, training) for rows, seed in pairs])
    return train_together(network, pixels, labels, task.members, task.seeds, training)


@torch.no_grad()
def predict(
    network: Network, weights: Float[Tensor, " weight"], images: Tensor, *, hidden: bool = False, chunk: int = 1000
) -> Float[Tensor, "image ..."]:
    """Returns logits, or what enters the last layer."""
    return torch.cat([network(weights, batch, hidden=hidden) for batch in images.split(chunk)])


def join(results: Sequence[Arrays], name: str) -> np.ndarray:
    """Returns one array of all results that have it, models in the order of the tasks."""
    return np.concatenate([result[name] for result in results if name in result])


def check_device(setting: Setting) -> None:
    """Refuses a setting that needs a GPU where there is none.

    Raises:
        DeviceUnavailableError: with what to do.
    """
    if setting.device == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailableError(
            "got no GPU that PyTorch can use; this setting trains ResNet-9 hundreds of times and expects one; set "
            "device: cpu for it in params.yaml if you mean to wait for months"
        )
