"""Runs a replication from nothing, and measures what all of its processes hold at once: `make memory NAME=ioi`.

`dvc repro --force` runs every stage of its default settings. A record of a run has the peak of the stage's own process;
where a stage has workers, only their sum says what a machine needs. Memory that processes share counts once.
"""

import argparse
import json
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

from replications.common.files import write_json
from replications.common.paths import list_replications, replication_dir

RESULTS = Path(__file__).parent / "results" / "memory.json"
INTERVAL_S = 1.0


def sum_memory(process: psutil.Process) -> tuple[int, int]:
    """Returns what a process and all below it hold, in bytes (proportional set size), and how many they are."""
    held, count = 0, 0
    for one in (process, *process.children(recursive=True)):
        try:
            held, count = held + one.memory_full_info().pss, count + 1
        except psutil.NoSuchProcess:  # it ended since it was listed
            continue
    return held, count


def watch(command: list[str], folder: Path) -> dict[str, Any]:
    """Runs a command to its end and returns its peak.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    peak = (0, 0)
    with subprocess.Popen(command, cwd=folder) as run:
        process = psutil.Process(run.pid)
        while run.poll() is None:
            try:
                peak = max(peak, sum_memory(process))
            except psutil.NoSuchProcess:
                break
            time.sleep(INTERVAL_S)
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    return {"peak_mb": round(peak[0] / 2**20), "processes": peak[1]}


def main() -> None:
    """Measures the replication of the command line, whose row in the results is replaced."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("replication", choices=list_replications(), metavar="NAME")
    name = parser.parse_args().replication
    row = {"replication": name, **watch(["dvc", "repro", "--force"], replication_dir(name))}
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"] if RESULTS.exists() else []
    kept = [other for other in rows if other["replication"] != name]
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    write_json(RESULTS, {"machine": machine, "rows": sorted([*kept, row], key=lambda one: str(one["replication"]))})
    print(json.dumps(row))


if __name__ == "__main__":
    main()
