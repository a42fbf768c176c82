"""A run of a stage in a process that may be killed, watched for what it changes in the file system.

The process is forked from one that has loaded the libraries: seconds of importing them would take most of the kills.
"""

import json
import os
import runpy
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

LIBRARIES = (
    "dvc_data", "jupytext", "matplotlib.figure", "matplotlib.pyplot", "nbclient", "pydantic", "scipy.optimize",
    "scipy.stats", "sklearn.linear_model", "torch.func", "tqdm", "transformer_lens.model_bridge", "transformers",
    "transformers.models.llama.modeling_llama", "yaml",
)  # fmt: skip
CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
FOLDERS = ("replications/", ".cache/")  # of the clone; the second holds encoded text and covariances
REMOVALS = {"os.remove", "os.rmdir"}  # below an open folder, whose number is the last argument


@dataclass(frozen=True)
class Order:
    """What to run, and where.

    Attributes:
        clone: the repository.
        folder: below it, to run in.
        arguments: after `python -P -m`.
        log: for what the run prints.
        report: for what was watched: the seconds of all processors, the number of changes, which of them removed
            something, and the files that were written under their own names, so that others could read half of them.
    """

    clone: Path
    folder: str
    arguments: tuple[str, ...]
    log: Path
    report: Path

    def run(self) -> None:
        """Runs as anybody would, in place of this process."""
        self._prepare()
        os.execv(sys.executable, [sys.executable, "-P", "-m", *self.arguments])  # noqa: S606

    def run_watched(self, kill_at: int) -> None:
        """Runs in this process and watches; kills it and what it started before so many changes (0: never)."""
        self._prepare()
        watch = Watch(self.clone, kill_at)
        sys.addaudithook(watch)
        sys.argv = list(self.arguments)
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        seconds = sum(sum(getrusage(who)[:2]) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
        found = {
            "seconds": seconds,
            "changes": watch.changes,
            "removals": watch.removals,
            "in_place": watch.in_place,
        }
        self.report.write_text(json.dumps(found), encoding="utf-8")

    def _prepare(self) -> None:
        """Makes this process the first of its group, in the clone, with the clone's code."""
        os.setpgrp()
        os.chdir(self.clone / self.folder)
        with self.log.open("wb") as log:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(log.fileno(), stream.fileno())
        os.environ["PYTHONPATH"] = str(self.clone)
        for name in [name for name in sys.modules if name.partition(".")[0] == "replications"]:
            del sys.modules[name]
        sys.path.insert(0, str(self.clone))
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()  # a fork would draw what its siblings draw


class Watch:
    """Counts the changes to the files of a clone, before they happen."""

    def __init__(self, folder: Path, kill_at: int) -> None:
        """Watches a clone; kills before change number `kill_at`."""
        self.folder, self.kill_at = str(folder.resolve()) + os.sep, kill_at
        self.changes = 0
        self.removals: list[int] = []
        self.in_place: list[str] = []

    def __call__(self, event: str, arguments: tuple) -> None:
        """Takes an audit event of Python."""
        if event not in CHANGES or not isinstance(arguments[0], str | os.PathLike):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        path = os.fspath(arguments[0])
        if event in REMOVALS and arguments[-1] >= 0:
            path = str(Path(f"/proc/self/fd/{arguments[-1]}").readlink() / path)
        path = os.path.realpath(path)
        name = path.removeprefix(self.folder)
        if name == path or not name.startswith(FOLDERS) or "__pycache__" in name:
            return
        self.changes += 1
        if event in REMOVALS:
            self.removals.append(self.changes)
        if event == "open" and not any(part.startswith(".") for part in Path(name).parts):
            self.in_place.append(name)
        if self.changes == self.kill_at:
            os.killpg(0, signal.SIGKILL)
