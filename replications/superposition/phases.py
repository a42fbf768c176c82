"""The phase diagrams: what becomes of an extra feature, trained and in theory."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap
from replications.common.measurements import Measurement
from replications.superposition.loaded import Sweep, take_sweep
from replications.superposition.method import REPRESENTED, SUPERPOSED, interference, norms, phase_losses
from replications.superposition.quadrature import expected_loss
from replications.superposition.settings import Measuring, Training

OUTCOMES = ("not learned", "superposition", "dedicated")
SWEEPS = {"two": "two-features", "three": "three-features"}


def measure_phases(
    arrays: Mapping[str, np.ndarray], training: Training, measuring: Measuring, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about both phase diagrams, and the diagrams."""
    seeds = (training.seed,)
    measured: dict[str, Measurement] = {}
    curves: Curves = {}
    dense, ratios = [], []
    for number, name in SWEEPS.items():
        sweep = take_sweep(arrays, name, training)
        losses, length, shared = observe(sweep)
        theory = phase_losses(sweep.density[:, :, 0, 0, 0], sweep.importance[:, :, 0, 0, -1], sweep.weight.shape[-1])
        expected = np.stack([theory[outcome] for outcome in OUTCOMES]).argmin(0)

        def agreement(*sample: np.ndarray, expected: np.ndarray = expected) -> float:
            return float((classify(*average_all_but_the_worst(*sample)) == expected).mean())

        measured[f"phase-diagram-of-{number}-features"] = bootstrap(
            agreement, [losses, length, shared], rng, unit="fraction", seeds=seeds
        )
        dense.append((losses[:, 0], length[:, 0], shared[:, 0]))
        ratios.append(losses / np.stack([theory[outcome] for outcome in OUTCOMES]).min(0))
        kept_length, kept_shared = average_all_but_the_worst(losses, length, shared)
        curves[f"phases_{number}_norm"], curves[f"phases_{number}_interference"] = kept_length, kept_shared
        curves[f"phases_{number}_trained"] = classify(kept_length, kept_shared)
        curves[f"phases_{number}_theory"] = expected
    curves["phases_densities"] = np.array(training.sweeps["two-features"].densities)
    curves["phases_importances"] = np.array(training.importances)

    def superposed(*sample: np.ndarray) -> float:
        return float((classify(*average_all_but_the_worst(*sample)) == OUTCOMES.index("superposition")).mean())

    together = [np.concatenate(parts, axis=1) for parts in zip(*dense, strict=True)]
    measured["dense-features-are-not-superposed"] = bootstrap(superposed, together, rng, unit="fraction", seeds=seeds)
    measured["trained-loss-reaches-the-closed-form"] = bootstrap(
        lambda *sample: float(np.median(np.concatenate([part.min(0).ravel() for part in sample]))),
        ratios, rng, unit="1", seeds=seeds,
    )  # fmt: skip
    return measured, curves


def observe(sweep: Sweep) -> tuple[Float[np.ndarray, "run density importance"], ...]:
    """Returns each run's loss, and the norm and interference of its extra feature."""
    rows = sweep.models.shape
    flat = [array.reshape(-1, *array.shape[len(rows) :]) for array in (sweep.weight, sweep.bias)]
    losses = expected_loss(*flat, sweep.models.source.density, sweep.models.importance).reshape(rows)
    found = losses, norms(sweep.weight)[..., -1], interference(sweep.weight)[..., -1]
    return tuple(np.moveaxis(array[..., 0], -1, 0) for array in found)


def average_all_but_the_worst(
    losses: Float[np.ndarray, "run density importance"],
    length: Float[np.ndarray, "run density importance"],
    shared: Float[np.ndarray, "run density importance"],
) -> tuple[Float[np.ndarray, "density importance"], Float[np.ndarray, "density importance"]]:
    """Returns norm and interference at each point, mean over the runs without that of the highest loss.

    Source: elhage2022superposition, Superposition as a phase change
    """
    keep = np.ones(losses.shape, bool)
    np.put_along_axis(keep, losses.argmax(0)[None], values=False, axis=0)
    return (length * keep).sum(0) / keep.sum(0), (shared * keep).sum(0) / keep.sum(0)


def classify(length: Float[np.ndarray, "*points"], shared: Float[np.ndarray, "*points"]) -> Int[np.ndarray, "*points"]:
    """Returns the outcome for the extra feature at each point, as an index into OUTCOMES."""
    return np.where(length <= REPRESENTED, 0, np.where(shared >= SUPERPOSED, 1, 2))
