"""Files of networks: weights with their history, snapshots of weights, and states from which training goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load, load_file, save
from torch import Tensor

from replications.common.files import write_bytes
from replications.grokking.network import Weights
from replications.grokking.training import SERIES, State

WEIGHTS = tuple(field.name for field in fields(Weights))


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        weights: at the end.
        history: an array for each of `SERIES`, one entry an evaluation.
    """

    weights: Weights
    history: Mapping[str, Tensor]


def pack_network(state: State) -> bytes:
    """Returns the file of a trained network."""
    return save(_flat(state.weights) | _history(state))


def read_network(path: Path) -> Trained:
    """Returns the network in a file of `pack_network`.

    Raises:
        FileNotFoundError: the network has not been trained.
    """
    if not path.is_file():
        raise FileNotFoundError(f"got no {path}; run `make repro NAME=grokking`, or `dvc repro train` in its folder")
    content = load_file(path)
    return Trained(_weights(content), {name: content[f"history.{name}"] for name in SERIES})


def write_snapshot(path: Path, weights: Weights) -> None:
    """Writes the weights alone."""
    write_bytes(path, save(_flat(weights)))


def read_snapshot(path: Path) -> Weights:
    """Returns the weights in a file of `write_snapshot`."""
    return _weights(load_file(path))


def pack_state(state: State) -> bytes:
    """Returns a file from which training goes on."""
    moments = {f"{order}.{name}": m for name, pair in state.moments.items() for order, m in enumerate(pair)}
    return save(_flat(state.weights) | _history(state) | moments | {"updates": torch.tensor(state.epoch)})


def unpack_state(content: bytes) -> State:
    """Returns the state in a file of `pack_state`."""
    arrays = load(content)
    return State(
        int(arrays["updates"]),
        _weights(arrays),
        {name: (arrays[f"0.{name}"], arrays[f"1.{name}"]) for name in WEIGHTS},
        {name: arrays[f"history.{name}"] for name in SERIES},
    )


def _flat(weights: Weights) -> dict[str, Tensor]:
    return {name: w.contiguous() for name, w in weights.named().items()}


def _history(state: State) -> dict[str, Tensor]:
    return {f"history.{name}": state.history[name] for name in SERIES}


def _weights(arrays: Mapping[str, Tensor]) -> Weights:
    return Weights(**{name: arrays[name] for name in WEIGHTS})
