"""Runs a module as `python -m` does, watching its changes to the project's files; kills it before the one asked for.

`python -P benchmarks/killed.py REPORT KILL_AT MODULE …`; a KILL_AT of 0 kills at none. The report says how many changes
there were, and which files were written under their own names, so that others could read half of them: what is written
in one step is first written under a hidden name.
"""

import json
import os
import runpy
import signal
import sys
from pathlib import Path

CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
FOLDER = str(Path("replications").resolve())

report, kill_at = Path(sys.argv[1]), int(sys.argv[2])
changes = 0
in_place: list[str] = []


def watch(event: str, arguments: tuple) -> None:
    """Counts an event that changes a file of the project, before it happens."""
    global changes
    if event not in CHANGES or not isinstance(arguments[0], str | os.PathLike):
        return
    path = os.path.realpath(arguments[0])
    reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if reads or not path.startswith(FOLDER) or "__pycache__" in path:
        return
    changes += 1
    if event == "open" and not any(part.startswith(".") for part in Path(path).relative_to(FOLDER).parts):
        in_place.append(path)
    if changes == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(watch)
sys.argv = sys.argv[3:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
report.write_text(json.dumps({"changes": changes, "in_place": in_place}))
