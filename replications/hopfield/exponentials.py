"""The memory with the exponential of the overlap (demircigil2017huge, Theorem 3)."""

import numpy as np

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.hopfield.capacity import all_restored, find_load, fit_slope, largest_load, stream_errors
from replications.hopfield.dataset import draw_bits
from replications.hopfield.method import exponential, power, update_bits
from replications.hopfield.settings import Params

NAMES = {"0": "exponential-memory-rate", "10": "basin-rate-10", "20": "basin-rate-20", "30": "basin-rate-30"}
HALF = 0.5


def measure_exponentials(params: Params, sets: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about the exponential interaction, and what the figures draw."""
    seeds = (params.seed,)
    measured = _measure_loaded(params, sets, rng)
    curves: Curves = {}
    for percent, basin in params.basins.items():
        loads = np.array(
            [
                [
                    largest_load(exponential(neurons), neurons, wrong, params.growth, rng)
                    for neurons, wrong in zip(basin.neurons, basin.wrong, strict=True)
                ]
                for _ in range(sets)
            ]
        )
        measured[NAMES[percent]] = bootstrap(
            lambda sample, x=basin.neurons: fit_slope(x, np.log(sample).mean(0)),  # type: ignore[misc]
            [loads], rng, unit="1/neuron", seeds=seeds,
        )  # fmt: skip
        curves[f"basin_{percent}_neurons"], curves[f"basin_{percent}_loads"] = np.array(basin.neurons), loads
        print(f"  {percent} % wrong bits done", flush=True)
    measured["single-pattern-outlasts-the-bound"] = _measure_single(params, sets, rng)
    return measured, curves | _draw_curves(params, sets, rng)


def _measure_loaded(params: Params, sets: int, rng: np.random.Generator) -> dict[str, Measurement]:
    """Returns what the exponential and lower powers hold at one load."""
    neurons, load = params.loaded_neurons, round(np.exp(params.loaded_rate * params.loaded_neurons))
    held, powers, strangers = [], [], []
    for _ in range(sets):
        patterns = draw_bits(load, neurons, rng)
        held.append(all_restored(exponential(neurons), patterns, patterns))
        some, other = patterns[: params.probes], draw_bits(params.probes, neurons, rng)
        fixed = [(update_bits(patterns, some, power(n)) == some).all(1).mean() for n in (2, 3)]
        powers.append(np.mean(fixed))
        strangers.append((update_bits(patterns, other, exponential(neurons)) == other).all(1).mean())
    samples = {
        "exponential-memory-holds-all-patterns": held,
        "classical-memory-fails-at-that-load": powers,
        "random-states-are-not-fixed": strangers,
    }
    return {
        name: bootstrap_mean(np.array(values, dtype=float), rng, unit="fraction", seeds=(params.seed,))
        for name, values in samples.items()
    }


def _measure_single(params: Params, sets: int, rng: np.random.Generator) -> Measurement:
    """Returns the rate at which the load grows at which half of single patterns are still fixed."""
    # Whole powers of √2, from as many patterns as are looked at to far beyond the expected e^(0.566 N).
    loads = [
        np.unique(
            np.round(2 ** (np.arange(np.log2(params.single_targets) * 2, 2 * np.log2(np.exp(0.7 * n))) / 2)).astype(int)
        )
        for n in params.single_neurons
    ]
    lost = [
        np.stack([_lost(neurons, row, params, rng) for _ in range(sets)])
        for neurons, row in zip(params.single_neurons, loads, strict=True)
    ]
    return bootstrap(
        lambda *samples: fit_slope(
            params.single_neurons,
            np.log([find_load(row, sample.mean(0), HALF) for row, sample in zip(loads, samples, strict=True)]),
        ),
        lost, rng, unit="1/neuron", seeds=(params.seed,),
    )  # fmt: skip


def _lost(neurons: int, loads: np.ndarray, params: Params, rng: np.random.Generator) -> np.ndarray:
    """Returns at each load the share of patterns that are not fixed."""
    errors = stream_errors(exponential(neurons), neurons, loads.tolist(), params.single_targets, 0, rng)
    return (errors > 0).mean(1)


def _draw_curves(params: Params, sets: int, rng: np.random.Generator) -> Curves:
    """Returns the share of patterns that one update restores, over the load, for each interaction."""
    neurons = params.curve_neurons
    loads = 2 ** np.arange(1, params.curve_doublings + 1)
    curves: Curves = {
        "curve_loads": loads,
        "curve_neurons": np.array(neurons),
        "curve_wrong": np.array(params.curve_wrong),
    }
    interactions = {"2": power(2), "3": power(3), "4": power(4), "exp": exponential(neurons)}
    for name, interaction in interactions.items():
        # Two patterns in many sets: then even the smallest load has its full number of them.
        errors = [
            stream_errors(interaction, neurons, loads.tolist(), 2, params.curve_wrong, rng) for _ in range(5 * sets)
        ]
        curves[f"curve_{name}"] = (np.array(errors) == 0).mean(axis=(0, 2))
    return curves
