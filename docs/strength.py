"""How strong the tests are: what stands in `benchmarks/results/mutants.json`, added up for each package."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from docs.speed import RESULTS


@dataclass(frozen=True)
class Part:
    """A module, or a whole package, whose code was changed.

    Attributes:
        name: dotted name.
        is_package: whether the numbers are those of all modules of a package.
        counts: what the rows of the result file count, by name.
    """

    name: str
    is_package: bool
    counts: Mapping[str, int]

    @property
    def noticed(self) -> float | None:
        """The share of the mutants that were tried at which a test failed or did not end; None if none was tried."""
        if not self.counts["tried"]:
            return None
        return (self.counts["killed"] + self.counts["timed_out"]) / self.counts["tried"]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The share of all mutants by Wilson's 95 % interval, where a sample of them was tried."""
        if self.noticed is None or self.counts["tried"] == self.counts["mutants"]:
            return None
        n, z = self.counts["tried"], 1.96
        centre = (self.noticed + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * math.sqrt(self.noticed * (1 - self.noticed) / n + z**2 / (4 * n**2))
        return centre - half, centre + half


@dataclass(frozen=True)
class Strength:
    """A run of `make mutants`: where it ran, and what it found."""

    machine: str
    commit: str
    versions: Mapping[str, str]
    parts: tuple[Part, ...]

    @property
    def is_sample(self) -> bool:
        """Whether mutants are left that were not tried."""
        return any(part.counts["tried"] < part.counts["mutants"] for part in self.parts)

    @property
    def packages(self) -> tuple[Part, ...]:
        """The packages alone."""
        return tuple(part for part in self.parts if part.is_package)


def read_strength(path: Path = RESULTS / "mutants.json") -> Strength | None:
    """Returns what the last run found, or None where there was none."""
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return Strength(content["machine"], content["commit"], content["versions"], tuple(_list_parts(content["rows"])))


def _list_parts(rows: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """Yields each package, then its modules."""
    for package, group in groupby(rows, itemgetter("package")):
        modules = [Part(f"{package}.{row['module']}", False, _counts(row)) for row in group]
        names = modules[0].counts
        yield Part(package, True, {name: sum(module.counts[name] for module in modules) for name in names})
        yield from modules


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in row.items() if isinstance(value, int)}
