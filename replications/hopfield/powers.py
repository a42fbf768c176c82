"""Memories with powers of the overlap (krotov2016dense; demircigil2017huge, Theorem 1 and 2)."""

import numpy as np

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.hopfield.capacity import all_restored, find_load, fit_slope, stream_errors
from replications.hopfield.dataset import draw_bits
from replications.hopfield.method import power, power_load, power_load_without_errors
from replications.hopfield.settings import Params


def measure_powers(params: Params, sets: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about powers, and the capacities that the figure draws."""
    seeds = (params.seed,)
    measured: dict[str, Measurement] = {}
    curves: Curves = {"power_wrong_share": np.array(params.wrong_share)}
    samples, grids = [], []
    for name, sizes in params.power_neurons.items():
        n = int(name)
        loads = np.array([[_load(neurons, n, factor, params) for factor in params.load_factors] for neurons in sizes])
        errors = np.stack([[_errors(neurons, n, row, params, rng) for neurons, row in zip(sizes, loads, strict=True)]
                           for _ in range(sets)])  # fmt: skip
        samples.append(errors)
        grids.append((n, sizes, loads))
        measured[f"power-{n}-exponent"] = bootstrap(
            lambda sample, sizes=sizes, loads=loads: fit_slope(  # type: ignore[misc]
                np.log(sizes), np.log(_capacities(sample, loads, params.wrong_share))
            ),
            [errors], rng, unit="1", seeds=seeds,
        )  # fmt: skip
        curves[f"power_{n}_neurons"] = np.array(sizes)
        curves[f"power_{n}_capacity"] = _capacities(errors, loads, params.wrong_share)
        print(f"  power {n} done", flush=True)

    def deviate(*errors: np.ndarray) -> float:
        found = [_capacities(e, loads, params.wrong_share)[-1] for e, (_, _, loads) in zip(errors, grids, strict=True)]
        expected = [power_load(sizes[-1], n, params.wrong_share) for n, sizes, _ in grids]
        return float(np.abs(np.array(found) / expected - 1).max())

    _, sizes, loads = grids[0]
    measured["classical-capacity"] = bootstrap(
        lambda sample: float(_capacities(sample, loads, params.wrong_share)[-1] / sizes[-1]),
        [samples[0]], rng, unit="1/neuron", seeds=seeds,
    )  # fmt: skip
    measured["powers-share-one-law"] = bootstrap(deviate, samples, rng, unit="fraction", seeds=seeds)
    largest = [(int(name), sizes[-1]) for name, sizes in params.power_neurons.items()]
    fixed = np.array([[_share_fixed(n, neurons, params, rng) for n, neurons in largest] for _ in range(sets)])
    # All against all: the smallest networks, whose loads can be looked at whole.
    smallest = [(int(name), sizes[0]) for name, sizes in params.power_neurons.items()]
    every = np.array([[_all_fixed(n, neurons, rng) for n, neurons in smallest] for _ in range(sets)])
    measured["one-pattern-is-fixed"] = bootstrap_mean(fixed.mean(1), rng, unit="fraction", seeds=seeds)
    measured["all-patterns-are-fixed"] = bootstrap_mean(every.mean(1), rng, unit="fraction", seeds=seeds)
    return measured, curves


def _load(neurons: int, n: int, factor: float, params: Params) -> int:
    return round(factor * power_load(neurons, n, params.wrong_share))


def _errors(neurons: int, n: int, loads: np.ndarray, params: Params, rng: np.random.Generator) -> np.ndarray:
    """Returns the share of wrong bits at each load, over all targets of one set."""
    targets = min(params.power_targets, int(loads[0]))
    return stream_errors(power(n), neurons, loads.tolist(), targets, 0, rng).mean(1)


def _capacities(errors: np.ndarray, loads: np.ndarray, level: float) -> np.ndarray:
    """Returns the load of each network at which the mean error over sets reaches the level."""
    return np.array([find_load(row, mean, level) for row, mean in zip(loads, errors.mean(0), strict=True)])


def _share_fixed(n: int, neurons: int, params: Params, rng: np.random.Generator) -> float:
    load = round(power_load_without_errors(neurons, n, all_patterns=False))
    errors = stream_errors(power(n), neurons, [load], min(params.power_targets, load), 0, rng)
    return float((errors == 0).mean())


def _all_fixed(n: int, neurons: int, rng: np.random.Generator) -> float:
    patterns = draw_bits(round(power_load_without_errors(neurons, n, all_patterns=True)), neurons, rng)
    return float(all_restored(power(n), patterns, patterns))
