"""Checkpoints of a training under way: what is written is read back only by the same training."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from replications.common.files import write_bytes


@dataclass
class Checkpoint:
    """A file that holds the newest state of one training.

    Attributes:
        path: of the file.
        key: everything that the training depends on; a file with another key is of another training and is not read.
        every: seconds between two writings.
    """

    path: Path
    key: str
    every: float
    _written: float = field(default_factory=time.monotonic)

    @property
    def digest(self) -> str:
        """What stands for the key in the file."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    def read(self) -> dict[str, Tensor] | None:
        """Returns the state, or None if there is none of this training."""
        if not self.path.is_file():
            return None
        with safe_open(self.path, framework="pt") as file:
            if (file.metadata() or {}).get("key") != self.digest:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def write(self, state: Mapping[str, Tensor]) -> None:
        """Writes the state in one step."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
        write_bytes(self.path, save(tensors, {"key": self.digest}))
        self._written = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to write again."""
        return time.monotonic() - self._written >= self.every


def optimizer_state(optimizer: torch.optim.Optimizer, names: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the moments and step counts of Adam by name."""
    return {
        f"optimizer/{name}/{key}": value
        for name, tensor in names.items()
        for key, value in optimizer.state[tensor].items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, names: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> None:
    """Puts what `optimizer_state` returned back, in place."""
    for name, tensor in names.items():
        prefix = f"optimizer/{name}/"
        optimizer.state[tensor] = {
            key.removeprefix(prefix): value.to(tensor.device) for key, value in state.items() if key.startswith(prefix)
        }
