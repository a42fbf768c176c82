"""How fast the site and the library are: what stands in `benchmarks/results/`, and nothing that was not measured."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from docs.records import Records
from replications.common.paths import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
BUILD = "site"
AUDIT = "lighthouse"
FAULTS = "faults"
MEMORY = "memory"
NO_SPEEDS = (FAULTS, MEMORY, "fuzz", "mutants")  # what `make` of that name counts or measures

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Growth:
    """Works whose cost was measured at the same sizes.

    Attributes:
        counted: what the sizes count, such as entries.
        unit: of the cost.
        sizes: the sizes.
        rows: a row for each work, with its costs.
    """

    counted: str
    unit: str
    sizes: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Benchmark:
    """One result file: where it was measured, and what was found.

    Attributes:
        name: the benchmark.
        machine: processor, cores and Python.
        versions: of torch and the peers; empty in files that do not state them.
        comparisons: with others' software.
        agreements: losses that ours and others' software end with, where they cannot be the same.
        growths: how costs grow.
    """

    name: str
    machine: str
    versions: Mapping[str, str]
    comparisons: tuple[Row, ...]
    agreements: tuple[Row, ...]
    growths: tuple[Growth, ...]


@dataclass(frozen=True)
class Killed:
    """The stages of a replication that were killed and rerun.

    Attributes:
        replication: slug of the replication.
        rows: what came of it, a row for each stage.
    """

    replication: str
    rows: tuple[Row, ...]

    @property
    def kills(self) -> list[int]:
        """How often each stage was killed."""
        return [int(row["at_a_moment"] + row["at_a_change"]) for row in self.rows]

    def total(self, key: str) -> int:
        """Returns a number of the rows, added up."""
        return sum(int(row[key]) for row in self.rows)


@dataclass(frozen=True)
class Speed:
    """What has been measured.

    Attributes:
        audit: pages, by Lighthouse.
        benchmarks: all of them.
        killed: what came of kills.
        memory: of all processes of a replication's default run, a row for each replication.
    """

    audit: Mapping[str, Any] | None
    benchmarks: tuple[Benchmark, ...]
    killed: tuple[Killed, ...] = ()
    memory: tuple[Row, ...] = ()

    @property
    def largest_part(self) -> tuple[str, float, str] | None:
        """The part that takes most of the build of the longest list, its share, and how many papers that is."""
        for benchmark in self.benchmarks:
            for growth in benchmark.growths:
                if (benchmark.name, growth.unit) == (BUILD, "s"):
                    largest = growth.sizes[-1]
                    total, *parts = [(row["by_size"][largest], row["what"]) for row in growth.rows]
                    seconds, what = max(parts)
                    return what, seconds / total[0], largest
        return None


@dataclass(frozen=True)
class Stage:
    """What a stage of a replication took in its last run.

    Attributes:
        replication: slug of the replication.
        setting: which was run.
        name: the stage.
        machine: processor and cores, and the device if it is not the processor.
        seconds: wall time.
        memory_mb: peak of the stage's own process, in MB of 2^20 bytes.
    """

    replication: str
    setting: str
    name: str
    machine: str
    seconds: float
    memory_mb: int


def read_speed(folder: Path = RESULTS) -> Speed:
    """Reads the results of `make audit`, `bench`, `faults` and `memory`; what has not been run is None or left out."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    audit = found.pop(AUDIT, None)
    rows = found.get(FAULTS, {"rows": []})["rows"]
    killed = groupby(sorted(rows, key=itemgetter("replication")), itemgetter("replication"))
    memory = found.get(MEMORY, {"rows": []})["rows"]
    for name in NO_SPEEDS:
        found.pop(name, None)
    return Speed(
        audit,
        tuple(_read_benchmark(name, content) for name, content in found.items()),
        tuple(Killed(name, tuple(own)) for name, own in killed),
        tuple(memory),
    )


def list_stages(records: Records) -> Iterator[Stage]:
    """Yields every stage that recorded a run, of every replication and setting."""
    for replication in records.replications:
        for setting in replication.was_run:
            for run in (*setting.more_runs, setting.run):
                yield _read_stage(replication.slug, setting.name, run or {})


def _read_stage(replication: str, setting: str, run: Row) -> Stage:
    machine = run["machine"] if run["device"] == "cpu" else f"{run['machine']}, {run['device']}"
    return Stage(replication, setting, run["stage"], machine, run["wall_seconds"], run["peak_memory_mb"])


def _read_benchmark(name: str, content: Mapping[str, Any]) -> Benchmark:
    rows = content["rows"]
    return Benchmark(
        name,
        content["machine"],
        content.get("versions", {}),
        tuple({"why": "", **row, "limit": _find_limit(row)} for row in rows if "peer_over_ours" in row),
        tuple(row for row in rows if "our_loss" in row),
        tuple(_group(row for row in rows if "by_size" in row)),
    )


def _find_limit(row: Row) -> tuple[float, str] | None:
    """Returns the seconds that our work must take, and what sets them; None if they were not computed."""
    if "limit" not in row:
        return None
    return max((row["limit"]["arithmetic_s"], "arithmetic"), (row["limit"]["traffic_s"], "memory"))


def _group(rows: Iterable[Row]) -> Iterator[Growth]:
    """Yields neighbouring rows of the same sizes and unit together."""
    for (counted, unit, *sizes), same in groupby(rows, lambda row: (row["counted"], row["unit"], *row["by_size"])):
        yield Growth(counted, unit, tuple(sizes), tuple(same))
