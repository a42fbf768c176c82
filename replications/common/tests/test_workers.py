"""Tasks in worker processes give what they give in one; workers end when the process that started them is killed."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from replications.common import workers
from replications.common.paths import REPOSITORY
from replications.common.workers import end_with_parent, run_tasks

# The worker writes its number when it works, and would go on for a minute.
PARENT = """
import os, pathlib, sys, time
from replications.common.workers import run_tasks

def work(path):
    pathlib.Path(path).write_text(str(os.getpid()))
    time.sleep(60)

def open_work():
    return work

if __name__ == "__main__":
    list(run_tasks(open_work, sys.argv[1:], 2))
"""


def open_division(divisor: int) -> Callable[[int], tuple[float, int]]:
    return lambda number: (number / divisor, os.getpid())


def test_two_processes_give_in_order_what_one_gives():
    one, two = (list(run_tasks(partial(open_division, 4), range(6), processes)) for processes in (1, 2))
    assert [value for value, _ in two] == [value for value, _ in one] == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert {process for _, process in one} == {os.getpid()}
    assert os.getpid() not in {process for _, process in two}


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_task_raises_is_raised(processes: int):
    with pytest.raises(ZeroDivisionError):
        list(run_tasks(partial(open_division, 0), [1], processes))


def _runs(process: str) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the worker in /proc")
def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path):
    script, told = tmp_path / "parent.py", tmp_path / "worker"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script), str(told)], cwd=REPOSITORY, env={"PYTHONPATH": "."}) as parent:
        _wait_until(lambda: told.is_file() and told.read_text())
        worker = told.read_text()
        assert _runs(worker)
        parent.kill()
    _wait_until(lambda: not _runs(worker))


def _wait_until(happened: Callable[[], object]) -> None:
    ends = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < ends, "nothing happened within a minute"
        time.sleep(0.05)


def test_a_process_without_a_parent_is_refused():
    with pytest.raises(RuntimeError, match=r"^got a process without a parent; call this in a worker"):
        end_with_parent()


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[int], threading.Event]]:
    """Makes this process look like a worker: what ends its parent, the status it would exit with, and when."""
    reader, writer = os.pipe()
    statuses, exited = [], threading.Event()

    def leave(status: int) -> None:
        statuses.append(status)
        exited.set()

    monkeypatch.setattr(workers.multiprocessing, "parent_process", lambda: SimpleNamespace(sentinel=reader))
    monkeypatch.setattr(workers.os, "_exit", leave)
    yield writer, statuses, exited
    if not exited.is_set():
        os.close(writer)
        exited.wait(10)
    os.close(reader)


def test_a_worker_leaves_with_an_error_when_its_parent_is_gone_and_not_before(parent):
    writer, statuses, exited = parent
    before = set(threading.enumerate())
    end_with_parent()
    [watcher] = set(threading.enumerate()) - before
    assert watcher.daemon and not exited.wait(0.05)
    os.close(writer)
    assert exited.wait(10) and statuses == [1]


def test_a_worker_opens_the_task_once_and_works_with_one_thread(parent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "_task", None)
    opened, threads = [], torch.get_num_threads()
    try:
        workers._begin(lambda: opened.append(1) or (lambda item: item + 1))
        assert torch.get_num_threads() == 1
        assert [workers._run(item) for item in (1, 2)] == [2, 3] and opened == [1]
    finally:
        torch.set_num_threads(threads)
