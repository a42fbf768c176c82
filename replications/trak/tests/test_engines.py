"""Tasks go on where they were, on this machine and on a cluster that loses a worker."""

import os
import signal
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from replications.trak.engines import drop_tasks, parse_engine, run_here, run_on_cluster, run_tasks
from replications.trak.retraining import cut_tasks, draw_halves, retrain, unpack


@dataclass(frozen=True)
class Number:
    name: str
    value: int


NUMBERS = [Number(str(value), value) for value in range(6)]


def square(number):
    return str(number.value**2).encode()


def stop_after_3(work, waiting):
    """An engine that is gone after three results."""
    for done, result in enumerate(run_here(work, waiting)):
        if done == 3:
            raise RuntimeError("the machine went away")
        yield result


def refuse(number):
    raise AssertionError(f"{number} was computed again")


def test_a_run_that_was_cut_off_goes_on_where_it_was_to_the_same_result(tmp_path):
    with pytest.raises(RuntimeError, match="went away"):
        run_tasks("t", square, NUMBERS, stop_after_3, tmp_path, "key")
    computed = []

    def count(number):
        computed.append(number.value)
        return square(number)

    assert run_tasks("t", count, NUMBERS, run_here, tmp_path, "key") == [square(number) for number in NUMBERS]
    assert len(computed) == len(NUMBERS) - 3
    assert run_tasks("t", refuse, NUMBERS, run_here, tmp_path, "key")[5] == b"25"


def test_other_parameters_compute_everything_again(tmp_path):
    run_tasks("t", square, NUMBERS, run_here, tmp_path, "key")
    with pytest.raises(AssertionError, match="computed again"):
        run_tasks("t", refuse, NUMBERS, run_here, tmp_path, "another key")
    drop_tasks(tmp_path)
    assert not tmp_path.exists()


def test_a_cluster_that_loses_a_worker_gives_the_same_result(images, setting, tmp_path):
    distributed = pytest.importorskip("distributed")
    tasks = cut_tasks("pool", draw_halves(12, 48, np.random.default_rng(0)), [(0, n) for n in range(12)], 1)
    work = partial(retrain, setting, images)
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:

        def engine(work, waiting):
            for result in run_on_cluster(cluster.scheduler_address, work, waiting):
                if not killed:  # the first result is there, the others are not
                    killed.append(next(iter(cluster.workers.values())).pid)
                    os.kill(killed[0], signal.SIGKILL)
                yield result

        found = run_tasks("cluster", work, tasks, engine, tmp_path, "key")
    assert killed
    for task, result in zip(tasks, found, strict=True):
        assert unpack(result)["outputs"].tolist() == unpack(work(task))["outputs"].tolist()


def test_the_command_line_names_the_engine():
    engine, rest = parse_engine(["fashion"])
    assert engine is run_here
    assert rest == ["fashion"]
    engine, rest = parse_engine(["fashion", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"])
    assert engine is not run_here
    assert rest == ["fashion"]


def test_a_cluster_without_an_address_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse_engine(["fashion", "--engine", "dask"])
    assert "expected both or neither" in capsys.readouterr().err
