"""The weights of all networks of a setting in one file."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor

from replications.tcav.experiment import Networks, Spec
from replications.tcav.networks import StagedNetwork


def pack_weights(weights: Mapping[Spec, Mapping[str, Tensor]]) -> bytes:
    """Returns the file: each network's tensors under its name."""
    named = {f"{spec.name}/{key}": tensor for spec, tensors in weights.items() for key, tensor in tensors.items()}
    return save({key: tensor.contiguous() for key, tensor in named.items()})


def load_networks(path: Path, networks: Networks) -> dict[Spec, StagedNetwork]:
    """Returns the trained networks of a setting in evaluation mode, without gradients of their weights.

    Raises:
        FileNotFoundError: the setting has not been trained.
    """
    if not path.is_file():
        raise FileNotFoundError(f"got no {path}; run `make repro NAME=tcav`, or `dvc repro train` in its folder")
    tensors = load_file(path)
    trained = {}
    for spec in networks.specs:
        network = networks.build(spec)
        prefix = f"{spec.name}/"
        mine = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
        network.load_state_dict(mine)
        trained[spec] = network.eval().requires_grad_(False)
    return trained
