"""Training and test error over training (lampinen2019transfer): students measured against theory and each other."""

import numpy as np

from replications.common.arrays import Curves
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.semantic_development.dataset import Teacher, draw_teacher
from replications.semantic_development.generalization import Errors, predict_errors
from replications.semantic_development.settings import Params
from replications.semantic_development.students import run_aligned, run_random, shrinkage_error

DRAWN_EVERY = 25  # epochs between points of the figures


def measure_learning_curves(
    params: Params, runs: int, rng: np.random.Generator
) -> tuple[dict[str, Measurement], Curves]:
    """Returns the measurements about errors over training, and the curves that the figure draws."""
    teachers = [
        [draw_teacher(np.array(signal), params.outputs, params.inputs, rng) for signal in params.signals]
        for _ in range(runs)
    ]
    full = [[_run(teacher, params.hidden, params) for teacher in row] for row in teachers]
    small = [
        [_run(teacher, len(signal), params) for teacher, signal in zip(row, params.signals, strict=True)]
        for row in teachers
    ]
    random = _run_random(teachers, params, rng)
    time = params.rate * np.arange(params.epochs)
    theory = [
        predict_errors(signal, params.outputs, params.inputs, params.hidden, params.start, time)
        for signal in params.signals
    ]
    train_theory, test_theory = (np.stack([getattr(e, name) for e in theory]) for name in ("train", "test"))
    train, test = (_stack(full, name) for name in ("train", "test"))
    measured = {
        "training-error-follows-theory": _follow(train, train_theory, params, rng),
        "test-error-follows-theory": _follow(test, test_theory, params, rng),
        "optimal-stopping-error-follows-theory": bootstrap(
            lambda sample: float(np.abs(sample.mean(0) / test_theory.min(1) - 1).mean()),
            [test.min(2)], rng, unit="fraction", seeds=(params.seed,),
        ),
    } | _compare_students(teachers, test, _stack(small, "test"), random, params, rng)  # fmt: skip
    longest = max(len(signal) for signal in params.signals)
    curves = {
        "errors_signals": np.array([signal + (0.0,) * (longest - len(signal)) for signal in params.signals]),
        "errors_time": time[::DRAWN_EVERY] / params.rate,
        "errors_train": train.mean(0)[:, ::DRAWN_EVERY],
        "errors_test": test.mean(0)[:, ::DRAWN_EVERY],
        "errors_random": random.mean(0)[:, :: DRAWN_EVERY // params.record_every],
        "errors_train_theory": train_theory[:, ::DRAWN_EVERY],
        "errors_test_theory": test_theory[:, ::DRAWN_EVERY],
    }
    return measured, curves


def _compare_students(
    teachers: list[list[Teacher]],
    full: np.ndarray,
    small: np.ndarray,
    random: np.ndarray,
    params: Params,
    rng: np.random.Generator,
) -> dict[str, Measurement]:
    """Returns how other students fare beside the aligned one; test errors are (run, teacher, epoch)."""
    lowest = full.min(2)
    three = [len(signal) > 1 for signal in params.signals]
    shrunk = np.array([[shrinkage_error(teacher) for teacher in row] for row in teachers])
    samples = {
        "random-students-stop-as-low": random.min(2) / lowest,
        "random-students-stop-later": random.argmin(2) * params.record_every / full.argmin(2),
        "network-size-does-not-matter": lowest / small.min(2),
        "shrinking-beats-gradient-descent": (shrunk / lowest)[:, three],
    }
    return {
        name: bootstrap_mean(ratios.mean(1), rng, unit="1", seeds=(params.seed,)) for name, ratios in samples.items()
    }


def _run(teacher: Teacher, hidden: int, params: Params) -> Errors:
    return run_aligned(teacher, hidden, params.start, params.rate, params.epochs)


def _run_random(teachers: list[list[Teacher]], params: Params, rng: np.random.Generator) -> np.ndarray:
    """Returns the test errors (run, teacher, recorded epoch) of students with random weights."""
    flat = [teacher for row in teachers for teacher in row]
    test = run_random(flat, params.hidden, params.start, params.rate, params.epochs, params.record_every, rng)
    return test.T.reshape(len(teachers), len(params.signals), -1)


def _stack(errors: list[list[Errors]], name: str) -> np.ndarray:
    return np.array([[getattr(student, name) for student in row] for row in errors])


def _follow(observed: np.ndarray, theory: np.ndarray, params: Params, rng: np.random.Generator) -> Measurement:
    """Returns the mean absolute deviation of the logarithm of the mean over runs from the logarithm of theory."""
    observed, theory = observed[:, :, :: params.record_every], np.log(theory[:, :: params.record_every])
    return bootstrap(
        lambda sample: float(np.abs(np.log(sample.mean(0)) - theory).mean()),
        [observed], rng, unit="1", seeds=(params.seed,),
    )  # fmt: skip
