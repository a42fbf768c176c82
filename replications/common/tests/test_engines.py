"""Tasks give the same wherever they run, go on where they were, and outlive a worker that is killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from replications.common import engines
from replications.common.engines import run_tasks
from replications.common.paths import REPOSITORY

NUMBERS = {str(number): number for number in range(8)}

# The worker writes its number when it works, and would go on for a minute.
PARENT = """
import sys
from pathlib import Path
from replications.common.engines import run_tasks
from replications.common.tests.test_engines import open_sleep

if __name__ == "__main__":
    run_tasks("t", open_sleep, (sys.argv[1],), {"a": 0, "b": 1}, Path(sys.argv[2]), "key")
"""


def open_division(divisor: int) -> Callable[[int], dict[str, np.ndarray]]:
    opened = np.array(time.monotonic_ns())

    def divide(number: int) -> dict[str, np.ndarray]:
        if not divisor:
            raise ZeroDivisionError(f"got {number} to divide by 0")
        time.sleep(0.05)
        ran = {"process": os.getpid(), "threads": torch.get_num_threads(), "opened": opened}
        return {"quotient": np.array(number / divisor), **{key: np.array(value) for key, value in ran.items()}}

    return divide


def open_refusal(*_: object) -> Callable[[int], dict[str, np.ndarray]]:
    raise AssertionError("computed again")


def open_sleep(path: str) -> Callable[[int], dict[str, np.ndarray]]:
    def sleep(number: int) -> dict[str, np.ndarray]:
        Path(path).write_text(str(os.getpid()))
        time.sleep(60)
        return {}

    return sleep


def quotients(results: list[dict[str, np.ndarray]]) -> list[float]:
    return [float(result["quotient"]) for result in results]


def test_two_processes_give_in_order_what_one_gives_with_one_thread_each(tmp_path: Path):
    one, two = (run_tasks("t", open_division, (4,), NUMBERS, tmp_path, str(p), p) for p in (1, 2))
    assert quotients(one) == quotients(two) == [number / 4 for number in range(8)]
    assert {int(result["process"]) for result in one} == {os.getpid()}
    assert os.getpid() not in {int(result["process"]) for result in two}
    assert {int(result["threads"]) for result in (*one, *two)} == {1}


def test_what_all_share_is_opened_once_in_a_process(tmp_path: Path):
    results = run_tasks("t", open_division, (4,), NUMBERS, tmp_path, "key")
    assert len({int(r["opened"]) for r in results}) == len({int(r["process"]) for r in results})


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_task_raises_is_raised_and_names_the_task(processes: int, tmp_path: Path):
    with pytest.raises(ZeroDivisionError, match="got 7") as caught:
        run_tasks("t", open_division, (0,), {"seven": 7}, tmp_path, "key", processes)
    assert caught.value.__notes__ == ["in the task seven"]


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = run_tasks("t", open_division, (4,), NUMBERS, tmp_path / "whole", "key", 1)
    write_arrays, written = engines.write_arrays, []

    def stop_after_3(path, arrays):
        if len(written) == 3:
            raise RuntimeError("the machine went away")
        written.append(path)
        write_arrays(path, arrays)

    monkeypatch.setattr(engines, "write_arrays", stop_after_3)
    with pytest.raises(RuntimeError, match="went away"):
        run_tasks("t", open_division, (4,), NUMBERS, tmp_path / "cut", "key", 1)
    monkeypatch.setattr(engines, "write_arrays", write_arrays)
    before = {path: path.stat().st_mtime_ns for path in written}
    assert quotients(run_tasks("t", open_division, (4,), NUMBERS, tmp_path / "cut", "key", 1)) == quotients(whole)
    assert {path: path.stat().st_mtime_ns for path in written} == before
    assert quotients(run_tasks("t", open_refusal, (), NUMBERS, tmp_path / "cut", "key", 1)) == quotients(whole)


def test_another_key_computes_everything_again(tmp_path: Path):
    run_tasks("t", open_division, (4,), NUMBERS, tmp_path, "key", 1)
    with pytest.raises(AssertionError, match="computed again"):
        run_tasks("t", open_refusal, (), NUMBERS, tmp_path, "another key", 1)


def test_a_cluster_that_loses_a_worker_gives_the_same(losing_cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = run_tasks("t", open_division, (4,), NUMBERS, tmp_path / "cluster", "key")
    assert losing_cluster
    assert os.getpid() not in {int(result["process"]) for result in found}
    assert quotients(found) == [number / 4 for number in range(8)]
    with pytest.raises(ZeroDivisionError, match="got 7") as caught:
        run_tasks("t", open_division, (0,), {"seven": 7}, tmp_path, "key")
    assert caught.value.__notes__ == ["in the task seven"]
    monkeypatch.setattr(engines, "_describe_software", lambda open_work: "code of last week")
    with pytest.raises(RuntimeError, match=r"got a worker with code .* expected code of last week; install there"):
        run_tasks("t", open_division, (4,), NUMBERS, tmp_path / "old", "key")


def _runs(process: str) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the worker in /proc")
def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path):
    script, told = tmp_path / "parent.py", tmp_path / "worker"
    script.write_text(PARENT)
    command = [sys.executable, str(script), str(told), str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, env={"PYTHONPATH": "."}) as parent:
        _wait_until(lambda: told.is_file() and told.read_text())
        worker = told.read_text()
        assert _runs(worker)
        parent.kill()
    _wait_until(lambda: not _runs(worker))


def _wait_until(happened: Callable[[], object]) -> None:
    ends = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < ends, "nothing happened within two minutes"
        time.sleep(0.05)
