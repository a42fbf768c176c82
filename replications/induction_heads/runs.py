"""The runs of a setting on disk: the history of each, and its trained model."""

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save
from safetensors.torch import load_file

from replications.common.files import write_bytes
from replications.induction_heads.model import Shape, Transformer
from replications.induction_heads.training import History


def save_history(path: Path, history: History) -> None:
    """Writes a history as safetensors: tokens as counted, everything else as float32."""
    arrays = {name: array if name == "tokens" else array.astype(np.float32) for name, array in asdict(history).items()}
    write_bytes(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def load_history(path: Path) -> History:
    """Returns a history of `save_history`."""
    arrays = load_arrays(path)
    return History(**{field.name: arrays[field.name] for field in fields(History)})


def load_model(path: Path, shape: Shape) -> Transformer:
    """Returns a trained model, without gradients."""
    model = Transformer(shape)
    model.load_state_dict(load_file(path))
    return model.requires_grad_(False)
