"""Kills every stage with SIGKILL, reruns it, and compares what it wrote: `make faults`.

Works in a clone of the last commit, on a new replication (`make new`), whose `dvc repro` is killed too, and on every
other one at its smallest setting (`small.py`). Half of the kills come at a random moment, half just before one of the
changes to the file system, where what is not written in one step would be seen half; every second of these while the
stage removes what it no longer needs, if it does so. Half of the reruns begin as DVC begins them, without the outputs,
half with what is left of them. A cheap stage is killed twenty times, a dear one as
often as fits into `SECONDS`. Each stage is run twice at once, too. What came of it goes to
`benchmarks/results/faults.json` after each stage; replications named on the command line replace their own rows only.
"""

import json
import multiprocessing
import os
import platform
import random
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.killed import LIBRARIES
from benchmarks.stages import NEW, Bench, Stage, list_stages, make_clone
from replications.common.files import write_json
from replications.common.paths import list_replications

RESULTS = Path(__file__).parent / "results" / "faults.json"
MOST, FEWEST = 20, 4  # kills of a stage, a multiple of four; fewer of DVC, which runs them all
SECONDS = 30.0  # of a processor, for the kills and reruns of a stage
RESUMING = 4  # times as long for a stage that keeps unfinished work and removes it at its end: more can go wrong


@dataclass
class Survival:
    """What came of the kills of a stage.

    Attributes:
        changes: How many changes to the file system an undisturbed run makes.
        in_place: How many of them begin a file under its own name, so that others could read half of it.
        at_a_moment: Kills at a random moment.
        at_a_change: Kills just before a random change to the file system.
        same: Reruns that ended well and gave the same bytes.
        parts_left: Hidden parts of files that kills left; nothing reads them.
        half_written: Kills that left half of a file under the file's own name; a whole checkpoint beside it is none.
        faults: What was other after a rerun, and how often.
        ended_of_two_at_once: How many of two runs at the same time ended well.
        same_of_two_at_once: Whether both together gave the same bytes.
    """

    replication: str
    stage: str
    changes: int = 0
    in_place: int = 0
    at_a_moment: int = 0
    at_a_change: int = 0
    same: int = 0
    parts_left: int = 0
    half_written: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    ended_of_two_at_once: int = 0
    same_of_two_at_once: bool = False

    def count_fault(self, what: str) -> None:
        """Counts one thing that was other after a rerun."""
        self.faults[what] = self.faults.get(what, 0) + 1


def kill_stage(stage: Stage, clone: Path, rng: random.Random) -> Survival:
    """Returns what came of the kills of a stage."""
    bench, survival = Bench(stage, clone), Survival(stage.replication, stage.name)
    bench.run_well()
    expected = bench.read()
    assert expected, f"{stage.name} of {stage.replication} wrote nothing"
    bench.keep("after")
    kills = 2 * FEWEST
    started = time.perf_counter()
    if stage.watched:
        bench.restore("before")
        started = time.perf_counter()
        bench.run_well(kill_at=0)
        report = json.loads(bench.report.read_text(encoding="utf-8"))
        assert bench.read() == expected, f"two undisturbed runs of {stage} gave different results"
        survival.changes, survival.in_place = report["changes"], len(report["in_place"])
        bench.removals = report["removals"]
        seconds = SECONDS * RESUMING if bench.removals else SECONDS
        kills = max(FEWEST, min(MOST, FEWEST * int(seconds / (FEWEST * 1.5 * report["seconds"]))))
    duration = time.perf_counter() - started
    with tqdm(total=kills, desc=f"{stage.replication} {stage.name}", unit="kill", mininterval=10) as progress:
        while survival.at_a_moment + survival.at_a_change < kills:
            progress.update(_kill_once(bench, survival, kills, duration, expected, rng))
    bench.restore("before")
    both = [bench.start(0 if stage.watched else None) for _ in range(2)]
    for process in both:
        process.join()
    survival.ended_of_two_at_once = sum(process.exitcode == 0 for process in both)
    survival.same_of_two_at_once = bench.read() == expected
    bench.restore("after")
    bench.drop()
    return survival


def _kill_once(
    bench: Bench, survival: Survival, kills: int, duration: float, expected: dict[str, bytes], rng: random.Random
) -> bool:
    """Kills one of so many runs and reruns it; False if it had ended before."""
    number = survival.at_a_moment + survival.at_a_change
    at_a_change = survival.changes > 0 and number % 2 == 1
    # The changes are gone through from the first to the last, so that the end of the stage is never left out.
    every = bench.removals if number % 4 == 3 and bench.removals else range(1, survival.changes + 1)
    kill_at = every[int((number // 4 + rng.random()) / (kills // 4) * len(every))] if at_a_change else 0
    bench.restore("before")
    hidden = bench.count_hidden()
    if at_a_change:
        status = bench.run(kill_at=kill_at)
    else:
        status = bench.run(kill_at=0 if bench.stage.watched else None, kill_after=rng.uniform(0, duration))
    if status != -signal.SIGKILL:
        return False
    survival.parts_left += bench.count_hidden() - hidden
    found = bench.read()
    survival.half_written += any(path in found and found[path] != content for path, content in expected.items())
    if number % 4 in (0, 3):
        bench.remove()
    if bench.run(kill_at=0 if bench.stage.watched else None):
        survival.count_fault(f"the rerun failed: {bench.last_words()}")
    else:
        found = bench.read()
        survival.same += found == expected
        differing = {path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path)}
        for folder in sorted({str(Path(path).parent) for path in differing}):
            survival.count_fault(f"files in {folder} were missing or other")
    survival.at_a_change += at_a_change
    survival.at_a_moment += not at_a_change
    return True


def main() -> None:
    """Kills the stages of the replications named on the command line, or of all, and writes what came of it."""
    os.environ |= {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("INTERP_MODEL_CACHE", None)  # each clone has a cache of its own
    multiprocessing.set_forkserver_preload(list(LIBRARIES))
    rng = random.Random(time.time_ns())
    for replication in sys.argv[1:] or [NEW, *list_replications()]:
        kept: list[dict[str, Any]] = []
        if RESULTS.exists():
            rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
            kept = [row for row in rows if row["replication"] != replication]
        with tempfile.TemporaryDirectory() as folder:
            clone = make_clone(Path(folder), replication)
            for stage in list_stages(clone, replication):
                kept.append(asdict(kill_stage(stage, clone, rng)))
                machine = f"{platform.machine()}, Python {platform.python_version()}"
                write_json(RESULTS, {"machine": machine, "rows": kept})
                print(json.dumps(kept[-1]), flush=True)


if __name__ == "__main__":
    main()
