"""Kills every stage twenty times with SIGKILL, reruns it, and compares what it wrote: `make faults`.

Works in a clone of the last commit, on a new replication (`make new`, which has every stage of the common shape) and on
small settings of two real ones, one of which trains. Half of the kills come at a random moment, half just before one of
the changes to the file system, where what is not written in one step would be seen half. `dvc repro` of the new
replication is killed too, and each stage is run twice at once. What came of it goes to `benchmarks/results/faults.json`
after each stage; a difference ends the run.
"""

import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from replications.common.files import write_json
from replications.common.paths import REPOSITORY

RESULTS = Path(__file__).parent / "results" / "faults.json"
KILLS = 20
REPORT = "report.json"  # of a run, in the clone
NEW = "killed"
NOT_COMPARED = re.compile(rb'^  "(wall_seconds|peak_memory_mb|commit)": .*$', re.M)  # of run.json


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline for one setting: its module with arguments, and its outputs; no module: all, by DVC."""

    replication: str
    name: str
    module: tuple[str, ...]
    outs: tuple[str, ...]


@dataclass
class Survival:
    """What came of the kills of a stage.

    Attributes:
        changes: How many changes to the file system an undisturbed run makes.
        at_a_moment: Kills at a random moment.
        at_a_change: Kills just before a random change to the file system.
        same: Reruns that gave the same bytes.
        parts_left: Hidden parts of files that kills left; nothing reads them.
        ended_of_two_at_once: How many of two runs at the same time ended well; the results were the same.
    """

    replication: str
    stage: str
    changes: int
    at_a_moment: int = 0
    at_a_change: int = 0
    same: int = 0
    parts_left: int = 0
    ended_of_two_at_once: int = 0


def list_stages(clone: Path, replication: str) -> Iterator[Stage]:
    """Yields the stages of a replication's first setting in the order of its `dvc.yaml`, then the ledger, then all."""
    folder = clone / "replications" / replication
    setting = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["run"][0]
    outs_of_all: list[str] = []
    for name, stage in yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        do = json.loads(json.dumps(stage.get("do", stage)).replace("${item}", setting))
        outs = [next(iter(out)) if isinstance(out, dict) else out for out in do["outs"]]
        paths = tuple(f"replications/{replication}/{out}" for out in outs)
        outs_of_all += paths
        yield Stage(replication, name, tuple(do["cmd"].split()[3:]), paths)
    ledger = "replications.common.ledger"
    yield Stage(replication, "ledger", (ledger, replication), (f"replications/{replication}/claims.json",))
    if replication == NEW:
        yield Stage(replication, "dvc repro", (), tuple(outs_of_all))


def kill_stage(stage: Stage, clone: Path, rng: random.Random) -> Survival:
    """Returns what came of so many kills of a stage.

    Raises:
        AssertionError: A file was half written, or a rerun gave other results.
    """
    started = time.perf_counter()
    changes = _end(stage, clone, _start(stage, clone))
    duration = time.perf_counter() - started
    expected = _read(stage, clone)
    assert expected, f"{stage.name} of {stage.replication} wrote nothing"
    survival = Survival(stage.replication, stage.name, changes)
    with tqdm(total=KILLS, desc=f"{stage.replication} {stage.name}", unit="kill") as progress:
        while survival.same < KILLS:
            _remove(stage, clone)  # as DVC does before a stage
            at_a_change = changes > 0 and survival.same % 2 == 1
            if at_a_change:
                process, moment = _start(stage, clone, kill_at=rng.randint(1, changes)), None
            else:
                process, moment = _start(stage, clone), rng.uniform(0, duration)
            if _end(stage, clone, process, kill_after=moment) is not None:
                continue  # it was faster than the first time
            for path, content in _read(stage, clone).items():
                assert content == expected.get(path), f"{path} is half written after a kill of {stage}"
            survival.parts_left += len(_hidden(stage, clone))
            _end(stage, clone, _start(stage, clone))
            assert _read(stage, clone) == expected, f"{stage} gave other results after a kill"
            survival.same += 1
            survival.at_a_change += at_a_change
            survival.at_a_moment += not at_a_change
            progress.update()
    _remove(stage, clone)
    both = [_start(stage, clone), _start(stage, clone)]
    survival.ended_of_two_at_once = sum(process.wait() == 0 for process in both)
    assert _read(stage, clone) == expected, f"two runs of {stage} at once gave other results"
    return survival


def _start(stage: Stage, clone: Path, kill_at: int = 0) -> subprocess.Popen[bytes]:
    """Returns a run of a stage, which kills itself before so many changes to the file system."""
    folder = clone / "replications" / stage.replication
    report = clone / REPORT
    report.unlink(missing_ok=True)
    watched = (str(Path(__file__).with_name("killed.py")), str(report), str(kill_at), *stage.module)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(clone),
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-P", *(watched if stage.module else ("-m", "dvc", "repro"))],
        cwd=clone if stage.module else folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(stage: Stage, clone: Path, process: subprocess.Popen[bytes], kill_after: float | None = None) -> int | None:
    """Returns how often a run changed the file system (0 for DVC) when it has ended, or None where it was killed."""
    try:
        status = process.wait(kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    if status == -signal.SIGKILL:
        return None
    assert status == 0, f"got the status {status} of {stage}; expected 0; run it by hand"
    if not stage.module:
        return 0
    report = json.loads((clone / REPORT).read_text(encoding="utf-8"))
    assert not report["in_place"], f"got {report['in_place']} written under their own names; use common/files.py"
    return int(report["changes"])


def _read(stage: Stage, clone: Path) -> dict[str, bytes]:
    """Returns the content of every file of the stage's outputs, but for times and hidden parts of files."""
    found = [path for out in stage.outs for path in [clone / out, *(clone / out).rglob("*")] if path.is_file()]
    return {
        path.relative_to(clone).as_posix(): NOT_COMPARED.sub(b"", path.read_bytes())
        for path in found
        if not path.name.startswith(".")
    }


def _hidden(stage: Stage, clone: Path) -> list[Path]:
    return [path for path in (clone / "replications" / stage.replication).rglob(".*") if path.is_file()]


def _remove(stage: Stage, clone: Path) -> None:
    for path in [clone / out for out in stage.outs] + _hidden(stage, clone):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def make_clone(folder: Path) -> Path:
    """Returns a clone of the last commit with a new replication and the small settings."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    new = [sys.executable, "-m", "replications.common.scaffold", NEW, "wang2023ioi"]
    subprocess.run(new, cwd=clone, env={**os.environ, "PYTHONPATH": str(clone)}, check=True)
    for replication, shrink in SMALL.items():
        path = clone / "replications" / replication / "params.yaml"
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
        shrink(params)
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return clone


def _shrink_hopfield(params: dict[str, Any]) -> None:
    params["settings"]["random-patterns"]["sets"] = 2
    params["measure"] |= {
        "power_neurons": {"2": [200, 400], "3": [40, 60], "4": [30, 40]},
        "load_factors": [0.3, 0.5, 1.0, 2.0, 4.0],
        "loaded_neurons": 20,
        "loaded_rate": 0.2,
        "probes": 10,
        "basins": {str(share): {"neurons": [10, 20], "wrong": [share // 10, share // 5]} for share in (0, 10, 20, 30)},
        "single_neurons": [10, 12],
        "curve_doublings": 5,
        "storage_draws": 2,
        "sphere_dimensions": [8, 10],
        "bound_dimensions": [20],
        "bound_counts": [5],
        "bound_betas": [1.0],
    }


def _shrink_superposition(params: dict[str, Any]) -> None:
    for sweep in params["train"]["sweeps"].values():
        sweep |= {"seeds": 2, "batch": 8, "steps": 6, "restarts": min(sweep["restarts"], 2)}
        if sweep["features"] > 20:
            sweep |= {"features": 30, "hidden": 5}
    params["measure"] |= {"attacked": 3, "evaluated": 20}


# What makes the real ones small: the results mean nothing, and are the same on every run.
SMALL: dict[str, Callable[[dict[str, Any]], None]] = {
    NEW: lambda params: None,
    "hopfield": _shrink_hopfield,
    "superposition": _shrink_superposition,
}


def main() -> None:
    """Kills the stages of the replications named on the command line, or of all three, and writes what came of it."""
    rng = random.Random(time.time_ns())
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    if RESULTS.exists():
        rows = {(row["replication"], row["stage"]): row for row in json.loads(RESULTS.read_text())["rows"]}
    with tempfile.TemporaryDirectory() as folder:
        clone = make_clone(Path(folder))
        for replication in sys.argv[1:] or SMALL:
            for stage in list_stages(clone, replication):
                survival = kill_stage(stage, clone, rng)
                rows[stage.replication, stage.name] = asdict(survival)
                machine = f"{platform.machine()}, Python {platform.python_version()}"
                write_json(RESULTS, {"machine": machine, "rows": list(rows.values())})
                print(json.dumps(asdict(survival)), flush=True)


if __name__ == "__main__":
    main()
