"""The command line of a stage: which setting, and for the shared stages which replication."""

import argparse
from collections.abc import Sequence

from replications.common.claims import load_claims
from replications.common.paths import list_replications


def parse_setting(replication: str, argv: Sequence[str] | None = None) -> str:
    """Returns the setting named on the command line; one that `claims.yml` does not declare is refused."""
    settings = load_claims(replication).settings
    parser = argparse.ArgumentParser(description=f"A stage of the replication {replication}.")
    listed = "; ".join(f"{name} ({setting.scale}): {setting.note}" for name, setting in settings.items())
    parser.add_argument("setting", choices=list(settings), metavar="SETTING", help=listed.replace("%", "%%"))
    return str(parser.parse_args(argv).setting)


def parse_replication_and_setting(argv: Sequence[str] | None = None) -> tuple[str, str]:
    """Returns the replication and the setting named on the command line, both checked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("replication", choices=list_replications(), metavar="REPLICATION")
    known, rest = parser.parse_known_args(argv)
    return known.replication, parse_setting(known.replication, rest)
