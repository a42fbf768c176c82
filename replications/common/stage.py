"""The command line of a stage: which setting, and for the shared stages which replication; one stage at a time."""

import argparse
import fcntl
import os
import sys
from collections.abc import Sequence

from replications.common.claims import load_claims
from replications.common.paths import list_replications, results_dir

_held: dict[str, int] = {}  # open folders of results, until the process ends, however it ends


def parse_setting(replication: str, argv: Sequence[str] | None = None) -> str:
    """Returns the setting named on the command line; one that `claims.yml` does not declare is refused."""
    settings = load_claims(replication).settings
    parser = argparse.ArgumentParser(description=f"A stage of the replication {replication}.")
    listed = "; ".join(f"{name} ({setting.scale}): {setting.note}" for name, setting in settings.items())
    parser.add_argument("setting", choices=list(settings), metavar="SETTING", help=listed.replace("%", "%%"))
    name = str(parser.parse_args(argv).setting)
    folder = results_dir(replication, name)
    if str(folder) not in _held:
        _held[str(folder)] = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(_held[str(folder)], fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"got a stage that writes to {folder} already; expected one at a time; wait until it ends")
    return name


def parse_replication_and_setting(argv: Sequence[str] | None = None) -> tuple[str, str]:
    """Returns the replication and the setting named on the command line, both checked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("replication", choices=list_replications(), metavar="REPLICATION")
    known, rest = parser.parse_known_args(argv)
    return known.replication, parse_setting(known.replication, rest)
