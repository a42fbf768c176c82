"""What noise does to the modes of a teacher (lampinen2019transfer): measured against theory."""

import numpy as np
from jaxtyping import Float

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.semantic_development.dataset import draw_teacher
from replications.semantic_development.generalization import noisy_singular_value, overlap
from replications.semantic_development.settings import Params


def measure_noise(params: Params, runs: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about single modes, and the means that the figure draws."""
    signals = np.array([[aspect**0.25 * unit for unit in params.signal_grid] for aspect in params.aspects])
    observed = np.array(
        [
            [
                [observe_mode(signal, round(aspect * params.noise_size), params.noise_size, rng) for signal in row]
                for aspect, row in zip(params.aspects, signals, strict=True)
            ]
            for _ in range(runs)
        ]
    )
    inflated, turned = observed[..., 0], observed[..., 1]
    expected = np.array([noisy_singular_value(row, a) for row, a in zip(signals, params.aspects, strict=True)])
    cosines = np.array([overlap(row, a) for row, a in zip(signals, params.aspects, strict=True)])
    weakest = turned[:, :, params.signal_grid.index(0.5)].mean(1)
    seeds = (params.seed,)
    measured = {
        "noise-inflates-singular-values": bootstrap(
            lambda sample: float(np.abs(sample.mean(0) / expected - 1).max()),
            [inflated], rng, unit="fraction", seeds=seeds,
        ),
        "noise-turns-singular-vectors": bootstrap(
            lambda sample: float(np.abs(sample.mean(0) - cosines).max()), [turned], rng, unit="1", seeds=seeds
        ),
        "weak-signals-are-lost": bootstrap_mean(weakest, rng, unit="1", seeds=seeds),
    }  # fmt: skip
    curves = {
        "noise_aspects": np.array(params.aspects),
        "noise_signals": signals,
        "noise_inflated": inflated,
        "noise_turned": turned,
    }
    return measured, curves


def observe_mode(signal: float, outputs: int, inputs: int, rng: np.random.Generator) -> Float[np.ndarray, " 2"]:
    """Returns the largest noisy singular value of a teacher of rank 1, and its overlap with the teacher."""
    teacher = draw_teacher(np.array([signal]), outputs, inputs, rng)
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    return np.array([s[0], u[:, 0] @ teacher.clean @ vt[0] / signal])
