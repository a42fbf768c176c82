"""Units of work of the training stage: each is kept when it ends, so that a run that was stopped goes on from there."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load, save
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from replications.common.files import write_bytes
from replications.superposition.settings import Training
from replications.superposition.sweeps import list_models
from replications.superposition.training import Trained, split, train


@dataclass(frozen=True)
class Unit:
    """Some models of a sweep that are trained together, by their place in the sweep's list of such groups."""

    sweep: str
    number: int


def list_units(params: Training) -> list[Unit]:
    """Returns the units of all sweeps, the longest ones first."""
    return [
        Unit(name, number)
        for name, sweep in sorted(params.sweeps.items(), key=lambda item: -item[1].features)
        for number in range(len(split(list_models(name, params), sweep.batch)))
    ]


def train_unit(unit: Unit, params: Training) -> Trained:
    """Returns the weights and biases of a unit; its random draws depend on nothing else."""
    sweep, models = params.sweeps[unit.sweep], list_models(unit.sweep, params)
    rows = split(models, sweep.batch)[unit.number]
    rng = np.random.Generator(np.random.SFC64([params.seed, *unit.sweep.encode(), unit.number]))
    return train(models.take(rows), sweep.batch, sweep.steps, params.rate, rng)


def run_units(params: Training, workers: int, folder: Path, key: str) -> dict[Unit, Trained]:
    """Returns what every unit trained; units that `folder` has under the same key are not trained again.

    Args:
        params: what to train.
        workers: threads; the results do not depend on their number.
        folder: keeps finished units until the caller deletes it.
        key: says which code and parameters the units come from.
    """
    mark = hashlib.sha256(f"{key} {params.model_dump_json()}".encode()).hexdigest()[:16]
    torch.set_num_threads(1)  # models are small: several side by side beat several threads for one
    units = list_units(params)
    files = {unit: folder / f"{mark}-{unit.sweep}-{unit.number}.safetensors" for unit in units}
    todo = [unit for unit in units if not files[unit].is_file()]
    print(f"{len(units) - len(todo)} of {len(units)} groups of models are trained already", flush=True)
    for unit, (weight, bias) in _train_all(todo, params, workers):
        write_bytes(files[unit], save({"weight": weight, "bias": bias}))
    kept = {unit: load(path.read_bytes()) for unit, path in files.items()}
    return {unit: (arrays["weight"], arrays["bias"]) for unit, arrays in kept.items()}


def _train_all(todo: Sequence[Unit], params: Training, workers: int) -> Iterator[tuple[Unit, Trained]]:
    """Yields each unit with what it trained, as it ends; the first error ends the run."""
    # Threads, not processes: torch and numpy compute outside Python's lock, and threads cannot outlive the run.
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool, tqdm(total=len(todo), unit="group") as progress:
        futures = {pool.submit(train_unit, unit, params): unit for unit in todo}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
                progress.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def join_sweeps(trained: dict[Unit, Trained], params: Training) -> dict[str, np.ndarray]:
    """Returns weights and biases of whole sweeps: `<sweep>.weight` and `<sweep>.bias`, in the shape of the sweep."""
    joined: dict[str, np.ndarray] = {}
    for name in params.sweeps:
        parts = [trained[unit] for unit in sorted(trained, key=lambda unit: unit.number) if unit.sweep == name]
        shape = list_models(name, params).shape
        for place, kind in enumerate(("weight", "bias")):
            array = np.concatenate([part[place] for part in parts])
            joined[f"{name}.{kind}"] = array.reshape(*shape, *array.shape[1:])
    return joined
