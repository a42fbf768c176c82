"""A stage in a clone of the repository: what it writes, runs of it, and the way back to before it ran."""

import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.killed import Order
from benchmarks.small import shrink_params
from replications.common.paths import REPOSITORY

NEW = "killed"  # name of the replication that `make new` makes
# Times, what was going on when the results came about, and what becomes a number of a run: other on every run.
NOT_COMPARED = re.compile(
    rb'^ *"(wall_seconds\w*|peak_memory_mb|commit|device|minutes|seconds_per_network)": .*$', re.M
)
TIMES = ("seconds.json",)  # files that hold nothing else


@dataclass(frozen=True)
class Stage:
    """A stage of a pipeline for one setting, or all of them by DVC.

    Attributes:
        replication: whose stage it is.
        name: of the stage.
        folder: below the clone, to run in.
        arguments: after `python -P -m`.
        outs: files and folders that it writes.
        removed: those that DVC removes before it runs the stage again.
    """

    replication: str
    name: str
    folder: str
    arguments: tuple[str, ...]
    outs: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def watched(self) -> bool:
        """Whether the changes that it makes itself are seen; DVC starts other processes."""
        return self.arguments[0] != "dvc"


class Bench:
    """A clone with one replication, at a stage whose inputs are there."""

    def __init__(self, stage: Stage, clone: Path) -> None:
        """Keeps a copy of everything as it is before the stage."""
        self.stage, self.clone = stage, clone
        self.log, self.report = clone / "log.txt", clone / "report.json"
        self.places = [clone / "replications" / stage.replication, clone / ".cache", clone / ".dvc"]
        self.order = Order(clone, stage.folder, stage.arguments, self.log, self.report)
        self.removals: list[int] = []  # which changes of an undisturbed run remove something
        self.forks = multiprocessing.get_context("forkserver")
        self.remove()
        self.keep("before")

    def keep(self, name: str) -> None:
        """Copies the replication's files and the caches."""
        for place in self.places:
            if place.exists():
                shutil.copytree(place, self._copy(name, place), symlinks=True)

    def restore(self, name: str) -> None:
        """Puts a copy back, whatever happened since."""
        for place in self.places:
            shutil.rmtree(place, ignore_errors=True)
            if self._copy(name, place).exists():
                shutil.copytree(self._copy(name, place), place, symlinks=True)

    def drop(self) -> None:
        """Removes the copies."""
        shutil.rmtree(self.clone.with_name("copies"), ignore_errors=True)

    def _copy(self, name: str, place: Path) -> Path:
        return self.clone.with_name("copies") / name / place.name

    def start(self, kill_at: int | None = None) -> Any:
        """Returns the process of a run, watched if `kill_at` is a number."""
        target, arguments = (self.order.run, ()) if kill_at is None else (self.order.run_watched, (kill_at,))
        process = self.forks.Process(target=target, args=arguments)
        process.start()
        return process

    def run(self, kill_at: int | None = None, kill_after: float | None = None) -> int:
        """Returns the exit status of a run, which is killed after so many seconds if it has not ended by then."""
        process = self.start(kill_at)
        process.join(kill_after)
        if process.is_alive():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:  # not yet the first of a group
                process.kill()
            process.join()
        return int(process.exitcode)

    def run_well(self, kill_at: int | None = None) -> None:
        """Runs undisturbed.

        Raises:
            RuntimeError: the run failed.
        """
        status = self.run(kill_at)
        if status:
            raise RuntimeError(f"got the status {status} of {self.stage}; expected 0: {self.last_words()}")

    def last_words(self) -> str:
        """Returns the last line that the run printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1].replace(f"{self.clone}{os.sep}", "") if lines else ""

    def read(self) -> dict[str, bytes]:
        """Returns the content of every file of the stage's outputs, but for times and hidden parts of files."""
        found = [path for out in self.stage.outs for path in [self.clone / out, *(self.clone / out).rglob("*")]]
        return {
            path.relative_to(self.clone).as_posix(): NOT_COMPARED.sub(b"", path.read_bytes())
            for path in found
            if path.is_file() and not path.name.startswith(".") and path.name not in TIMES
        }

    def count_hidden(self) -> int:
        """Returns the number of hidden files."""
        return sum(path.is_file() for place in self.places for path in place.rglob(".*"))

    def remove(self) -> None:
        """Removes the outputs, as DVC does before it runs a stage."""
        for path in (self.clone / out for out in self.stage.removed):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def list_stages(clone: Path, replication: str) -> Iterator[Stage]:
    """Yields the stages of a replication's first setting in the order of its `dvc.yaml`, then the ledger, then all."""
    folder = f"replications/{replication}"
    setting = yaml.safe_load((clone / folder / "params.yaml").read_text(encoding="utf-8"))["run"][0]
    stages = yaml.safe_load((clone / folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outs_of_all: list[str] = []
    for name, stage in stages.items():
        do = json.loads(json.dumps(stage.get("do", stage)).replace("${item}", setting))
        outs = [(out, {}) if isinstance(out, str) else next(iter(out.items())) for out in do["outs"]]
        paths = tuple(f"{folder}/{out}" for out, _ in outs)
        removed = tuple(f"{folder}/{out}" for out, options in outs if not options.get("persist"))
        outs_of_all += paths
        yield Stage(replication, name, "", tuple(do["cmd"].split()[3:]), paths, removed)
    ledger = (f"{folder}/claims.json",)
    yield Stage(replication, "ledger", "", ("replications.common.ledger", replication), ledger, ledger)
    if replication == NEW:
        yield Stage(replication, "dvc repro", folder, ("dvc", "repro"), tuple(outs_of_all), tuple(outs_of_all))


def make_clone(folder: Path, replication: str) -> Path:
    """Returns a clone of the last commit in which a replication is small and has no results, or is new."""
    clone, data = folder / "clone", folder / "data"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    if replication == NEW:
        new = [sys.executable, "-m", "replications.common.scaffold", NEW, "wang2023ioi"]
        subprocess.run(new, cwd=clone, env={**os.environ, "PYTHONPATH": str(clone)}, check=True)
        return clone
    data.mkdir()
    shrink_params(clone, replication, data)
    for place in ("artifacts", "results"):
        shutil.rmtree(clone / "replications" / replication / place, ignore_errors=True)
    return clone
