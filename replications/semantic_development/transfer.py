"""What a second task does to a first one (lampinen2019transfer): measured against theory."""

from itertools import product

import numpy as np

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.semantic_development.dataset import draw_task_pair
from replications.semantic_development.generalization import predict_transfer
from replications.semantic_development.settings import Params
from replications.semantic_development.students import measure_transfer

MODEST = 3.0  # the authors' signal of a modest task


def measure_pairs(params: Params, runs: int, rng: np.random.Generator) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about pairs of tasks, and the benefits that the figure draws."""
    grid = list(product(params.signals_a, params.signals_b, params.alignments))
    benefit = np.stack([_measure(grid, params, rng) for _ in range(runs)])
    time = params.rate * np.arange(params.transfer_epochs)
    sizes = {"outputs": params.outputs, "inputs": params.inputs, "hidden": params.hidden}
    theory = np.array([predict_transfer(*pair, **sizes, start=params.start, time=time) for pair in grid])
    weakest, strongest = min(params.signals_a), max(params.signals_b)
    same = [(MODEST, MODEST, 1.0)]
    equal = np.array([_measure(same, params, rng, equal_outputs=True)[0] for _ in range(runs)])
    noise = np.array([_measure([(MODEST, 0.0, 0.0)], params, rng)[0] for _ in range(runs)])
    strong = [pair[0] == max(params.signals_a) for pair in grid]
    seeds = (params.seed,)
    measured = {
        "transfer-follows-theory": bootstrap(
            lambda sample: float(np.sqrt(((sample.mean(0) - theory) ** 2).mean())),
            [benefit], rng, unit="1", seeds=seeds,
        ),
        "transfer-leaves-strong-tasks-alone": bootstrap(
            lambda sample: float(np.abs(sample.mean(0)).max()), [benefit[:, strong]], rng, unit="1", seeds=seeds
        ),
    } | {
        name: bootstrap_mean(values, rng, unit="1", seeds=seeds)
        for name, values in {
            "transfer-rescues-a-lost-task": benefit[:, grid.index((weakest, strongest, 1.0))],
            "transfer-helps-if-aligned": benefit[:, grid.index((MODEST, strongest, 1.0))],
            "transfer-harms-if-not-aligned": benefit[:, grid.index((MODEST, strongest, 0.0))],
            "output-modes-do-not-matter": equal - benefit[:, grid.index(same[0])],
            "second-task-of-noise-does-not-help": noise,
        }.items()
    }  # fmt: skip
    shape = (len(params.signals_a), len(params.signals_b), len(params.alignments))
    curves = {
        "transfer_signals_a": np.array(params.signals_a),
        "transfer_signals_b": np.array(params.signals_b),
        "transfer_alignments": np.array(params.alignments),
        "transfer": benefit.reshape(runs, *shape),
        "transfer_theory": theory.reshape(shape),
    }
    return measured, curves


def _measure(
    grid: list[tuple[float, float, float]], params: Params, rng: np.random.Generator, *, equal_outputs: bool = False
) -> np.ndarray:
    """Returns the benefit for each (signal of A, signal of B, alignment), one pair of tasks drawn for each."""
    pairs = [draw_task_pair(*pair, params.outputs, params.inputs, rng, equal_outputs=equal_outputs) for pair in grid]
    return measure_transfer(pairs, params.hidden, params.start, params.rate, params.transfer_epochs)
