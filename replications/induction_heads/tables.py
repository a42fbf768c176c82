"""The small result files beside `measured.json`: a row per head, and the training curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors.numpy import load_file, save

from replications.common.files import write_bytes


@dataclass(frozen=True)
class HeadRow:
    """One head of a trained model in numbers.

    Attributes:
        model: name of the model.
        seed: it was trained from; 0 for a pretrained one.
        layer: counted from 0.
        head: counted from 0.
        prefix: prefix matching score.
        copying: copying score.
        previous: previous-token score.
        eigenvalues: sum of the eigenvalues of the full OV circuit over the sum of their sizes.
        induction: 1 for an induction head, 0 for others.
        ablation: what its ablation takes from the in-context score, in nats; nan where it was not ablated alone.
    """

    model: str
    seed: int
    layer: int
    head: int
    prefix: float
    copying: float
    previous: float
    eigenvalues: float
    induction: int
    ablation: float


@dataclass(frozen=True)
class Curve:
    """Training curves of one run.

    Attributes:
        experiment: name of the experiment.
        model: name of the model.
        seed: it was trained from.
        tokens: seen at each snapshot.
        loss: mean over positions, in nats.
        in_context: in-context score, in nats.
        prefix: highest prefix matching score.
        previous: highest previous-token score.
    """

    experiment: str
    model: str
    seed: int
    tokens: Float[np.ndarray, " time"]
    loss: Float[np.ndarray, " time"]
    in_context: Float[np.ndarray, " time"]
    prefix: Float[np.ndarray, " time"]
    previous: Float[np.ndarray, " time"]


CURVES = ("tokens", "loss", "in_context", "prefix", "previous")


def write_curves(path: Path, curves: Sequence[Curve]) -> None:
    """Writes the curves as safetensors, float32; the name of each array says which run and which curve."""
    arrays = {
        f"{curve.experiment}/{curve.model}/{curve.seed}/{name}": getattr(curve, name).astype(np.float32)
        for curve in curves
        for name in CURVES
    }
    write_bytes(path, save(arrays))


def read_curves(path: Path) -> list[Curve]:
    """Returns the curves of a file of `write_curves`, by experiment, model and seed."""
    arrays = load_file(path)
    runs = sorted({tuple(name.split("/")[:3]) for name in arrays})
    return [
        Curve(experiment, model, int(seed), **{name: arrays[f"{experiment}/{model}/{seed}/{name}"] for name in CURVES})
        for experiment, model, seed in runs
    ]


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes named arrays as safetensors, float32."""
    write_bytes(path, save({name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}))
