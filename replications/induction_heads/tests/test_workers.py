"""Workers end when the process that started them is killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from replications.common.paths import REPOSITORY
from replications.induction_heads.workers import end_with_parent

# The worker writes its number when it works, and would go on for a minute.
PARENT = """
import multiprocessing, os, pathlib, sys, time
from concurrent.futures import ProcessPoolExecutor
from replications.induction_heads.workers import end_with_parent

def work(path):
    pathlib.Path(path).write_text(str(os.getpid()))
    time.sleep(60)

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=end_with_parent) as pool:
        pool.submit(work, sys.argv[1]).result()
"""


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


def _wait_until(happened) -> None:
    ends = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < ends, "nothing happened within half a minute"
        time.sleep(0.05)


def test_a_process_without_a_parent_is_refused():
    with pytest.raises(RuntimeError, match="without a parent"):
        end_with_parent()
