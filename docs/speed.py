"""How fast the site and the library are: what stands in `benchmarks/results/`, and nothing that was not measured."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replications.common.paths import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
BUILD = "site"
AUDIT = "lighthouse"


@dataclass(frozen=True)
class Growth:
    """How the build grows: the sizes, and a row for the whole and for each part of it, with its seconds."""

    machine: str
    sizes: tuple[int, ...]
    rows: tuple[Mapping[str, Any], ...]

    @property
    def largest_part(self) -> tuple[str, float]:
        """The part that takes most of the time at the largest size, and its share."""
        total, *parts = [(row["what"], list(row["seconds_by_entries"].values())[-1]) for row in self.rows]
        what, seconds = max(parts, key=lambda part: part[1])
        return what, seconds / total[1]


@dataclass(frozen=True)
class Speed:
    """What has been measured: pages by Lighthouse, the build, and comparisons with others' software."""

    audit: Mapping[str, Any] | None
    growth: Growth | None
    comparisons: tuple[Mapping[str, Any], ...]


def read_speed(folder: Path = RESULTS) -> Speed:
    """Reads the results of `make audit` and `make bench`; what has not been run is None or left out."""
    audit, build = _read(folder / f"{AUDIT}.json"), _read(folder / f"{BUILD}.json")
    growth = None
    if build:
        sizes = tuple(int(size) for size in build["rows"][0]["seconds_by_entries"])
        growth = Growth(build["machine"], sizes, tuple(build["rows"]))
    found = [_read(path) or {} for path in sorted(folder.glob("*.json"))]
    comparisons = [row for results in found for row in results.get("rows", []) if "peer" in row]
    return Speed(audit, growth, tuple(comparisons))


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return results
