"""The runs of a setting: training one, and on disk the history of each and its trained model."""

from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save
from safetensors.torch import load_file

from replications.common.arrays import Arrays
from replications.common.files import write_bytes
from replications.induction_heads.corpora import Params
from replications.induction_heads.model import Shape, Transformer
from replications.induction_heads.settings import Experiment
from replications.induction_heads.training import History, RunName, train_run

WEIGHTS = "weights."  # before a weight's name, among the arrays of a run


def open_training(experiment: str, params: str, checkpoints: str) -> Callable[[RunName], Arrays]:
    """Returns what trains one model of an experiment, which is told as JSON, as are the parameters of its corpus."""
    told = Experiment.model_validate_json(experiment), Params.model_validate_json(params)
    return partial(train_to_arrays, *told, Path(checkpoints))


def train_to_arrays(experiment: Experiment, params: Params, checkpoints: Path, name: RunName) -> Arrays:
    """Returns the history and the weights of one model."""
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no effect on a CPU
    model, history = train_run(experiment, name, params, checkpoints, lambda line: print(line, flush=True))
    return asdict(history) | {WEIGHTS + key: value.cpu().numpy() for key, value in model.state_dict().items()}


def save_run(folder: Path, arrays: Arrays) -> None:
    """Writes the weights and the history of `train_to_arrays`."""
    weights = {key.removeprefix(WEIGHTS): array for key, array in arrays.items() if key.startswith(WEIGHTS)}
    write_bytes(folder / "weights.safetensors", save(weights))
    save_history(folder / "history.safetensors", History(**{f.name: arrays[f.name] for f in fields(History)}))


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
