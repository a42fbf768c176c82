"""Where the evidence for a claim stands: the line of code that measures it, and the figure that shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from docs.records import ReplicationRecord, SettingRecord
from docs.source_code import SourceLine, locate_claims


@dataclass(frozen=True)
class Evidence:
    """Where to look for one claim: a line of the code's page, and a figure by name where one shows it."""

    line: SourceLine
    figure: str | None

    def figure_in(self, setting: SettingRecord) -> str | None:
        """Returns the anchor, on the replication's page, of what shows the claim: its figure, else all figures."""
        if not setting.figures:
            return None
        drawn = self.figure in {figure.stem.name for figure in setting.figures}
        return f"figure-{setting.name}-{self.figure}" if drawn else f"figures-{setting.name}"


def gather_evidence(replication: ReplicationRecord) -> Mapping[str, Evidence]:
    """Returns the evidence for every claim and control of a replication, by id."""
    lines = locate_claims(replication.folder, frozenset(replication.statements))
    figures = _read_figures(replication.folder / "figures.yml", frozenset(replication.statements))
    return {name: Evidence(lines[name], figures.get(name)) for name in replication.statements}


def _read_figures(path: Path, claim_ids: frozenset[str]) -> Mapping[str, str]:
    """Returns the figure that shows each claim, from a file that lists the claims of each figure; it may be missing.

    Raises:
        ValueError: the file names a claim that there is not.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    figures = {name: figure for figure, names in content.items() for name in names}
    if unknown := sorted(figures.keys() - claim_ids):
        raise ValueError(f"{path}: got the claims {unknown}; expected ids of claims.yml; correct or delete them")
    return figures
