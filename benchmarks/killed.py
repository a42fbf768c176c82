"""Runs a module as `python -m` does, counting its changes to the project's files; kills it before the one asked for.

`python -P benchmarks/killed.py COUNT_FILE KILL_AT MODULE …`; a KILL_AT of 0 kills at none.
"""

import os
import runpy
import signal
import sys
from pathlib import Path

CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"}
FOLDER = str(Path("replications").resolve())

count_file, kill_at = Path(sys.argv[1]), int(sys.argv[2])
changes = 0


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
    if changes == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(watch)
sys.argv = sys.argv[3:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
count_file.write_text(str(changes))
