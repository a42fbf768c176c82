"""The records that pages are derived from: the bibliography, and every replication with its results."""

import ast
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from bibliography import Library, load_library
from replications.common.claims import Claims, load_claims
from replications.common.ledger import collect_verdicts
from replications.common.paths import list_replications, replication_dir
from replications.common.verdicts import JudgedClaim, JudgedSetting, Verdict


@dataclass(frozen=True)
class Figure:
    """A figure of a setting: the stem of its light and dark SVG files, and its caption."""

    stem: Path
    caption: str


@dataclass(frozen=True)
class SettingRecord:
    """One setting of a replication: its verdicts, and what a run left behind (nothing if it was not run)."""

    folder: Path
    judged: JudgedSetting
    note: str
    run: Mapping[str, object] | None
    more_runs: tuple[Mapping[str, object], ...]  # of stages that measure besides `measure`
    figures: tuple[Figure, ...]
    notebook: Path | None

    @property
    def name(self) -> str:
        """Name of the setting."""
        return self.judged.setting

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims of the paper, controls excepted, got each verdict."""
        return count_verdicts(self.of_kind("claim"))

    @property
    def records(self) -> tuple[str, ...]:
        """Names of the files that the run left: measurements, verdicts, provenance, tables."""
        return tuple(sorted(path.name for path in self.folder.glob("[!.]*") if path.is_file()))

    def of_kind(self, kind: str) -> tuple[JudgedClaim, ...]:
        """Returns the judged claims, or the judged controls."""
        return tuple(claim for claim in self.judged.claims if claim.kind == kind)


@dataclass(frozen=True)
class ReplicationRecord:
    """One replication: its folder, with its name, abstract and symbol table (Markdown), claims, and every setting."""

    slug: str
    folder: Path
    abstract: str
    symbols: str
    claims: Claims
    settings: tuple[SettingRecord, ...]

    @property
    def was_run(self) -> tuple[SettingRecord, ...]:
        """The settings that have results."""
        return tuple(setting for setting in self.settings if setting.run is not None)

    def counts_for(self, paper: str, setting: SettingRecord) -> dict[Verdict, int]:
        """Returns how many claims of one paper got each verdict in one setting."""
        return count_verdicts(c for c in setting.of_kind("claim") if self.claims.paper_of[c.id] == paper)

    @cached_property
    def statements(self) -> Mapping[str, object]:
        """Claims and controls by id."""
        return {statement.id: statement for statement in self.claims.statements()}


@dataclass(frozen=True)
class Records:
    """Everything that the derived pages show."""

    library: Library
    replications: tuple[ReplicationRecord, ...]

    @cached_property
    def replications_by_paper(self) -> Mapping[str, tuple[ReplicationRecord, ...]]:
        """The replications of each paper that has some."""
        found: dict[str, tuple[ReplicationRecord, ...]] = {}
        for replication in self.replications:
            for key in replication.claims.papers:
                found[key] = (*found.get(key, ()), replication)
        return found

    @cached_property
    def replicated(self) -> frozenset[str]:
        """Keys of the papers with a replication that was run in some setting."""
        found = self.replications_by_paper.items()
        return frozenset(key for key, replications in found if any(r.was_run for r in replications))

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many claims, over all replications and settings, got each verdict."""
        return count_verdicts(c for r in self.replications for s in r.settings for c in s.of_kind("claim"))


def count_verdicts(claims: Iterable[JudgedClaim]) -> dict[Verdict, int]:
    """Returns how many of the claims got each verdict, in the order of `Verdict`; those that none got are left out."""
    found = Counter(claim.verdict for claim in claims)
    return {verdict: found[verdict] for verdict in Verdict if found[verdict]}


def load_records() -> Records:
    """Returns the records of this repository.

    Raises:
        BibliographyError: the bibliography has faults.
        ClaimsError: a `claims.yml` has faults.
        ValueError: a replication names a paper that the bibliography does not have.
    """
    library = load_library()
    replications = tuple(_load_replication(name) for name in list_replications())
    for replication in replications:
        for key in replication.claims.papers:
            if key not in library:
                raise ValueError(
                    f"replications/{replication.slug}/claims.yml: got paper {key!r}; "
                    "expected a key of the bibliography; add the entry first"
                )
    return Records(library, replications)


def _load_replication(name: str) -> ReplicationRecord:
    folder = replication_dir(name)
    claims = load_claims(name)
    shown = folder / "figures.yml"
    order = list(yaml.safe_load(shown.read_text(encoding="utf-8"))) if shown.is_file() else []
    settings = tuple(
        _load_setting(folder / "results" / judged.setting, judged, claims.settings[judged.setting].note, order)
        for judged in collect_verdicts(name)
    )
    abstract, _, symbols = _read_docstring(folder / "__init__.py").partition("\n## Symbols\n")
    return ReplicationRecord(name, folder, abstract, symbols, claims, settings)


def _load_setting(results: Path, judged: JudgedSetting, note: str, order: Sequence[str]) -> SettingRecord:
    run = results / "run.json"
    notebook = results / "notebook.ipynb"
    return SettingRecord(
        folder=results,
        judged=judged,
        note=note,
        run=json.loads(run.read_text(encoding="utf-8")) if run.is_file() else None,
        more_runs=tuple(json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("run-*.json"))),
        figures=_load_figures(results / "figures", order),
        notebook=notebook if notebook.is_file() else None,
    )


def _load_figures(folder: Path, order: Sequence[str]) -> tuple[Figure, ...]:
    """Returns the figures in the order of `figures.yml`; those that it does not name come last, by name."""
    captions = sorted(folder.glob("*.txt"))
    captions.sort(key=lambda path: order.index(path.stem) if path.stem in order else len(order))
    return tuple(Figure(path.with_suffix(""), path.read_text(encoding="utf-8").strip()) for path in captions)


def _read_docstring(path: Path) -> str:
    """Returns a module's docstring without importing it: importing would need torch."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
