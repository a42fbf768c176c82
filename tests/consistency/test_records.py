"""Bibliography, claims, results and ledger say the same."""

import hashlib
import json
import re
import subprocess
from collections import defaultdict
from configparser import ConfigParser

import pytest

from bibliography import load_library
from replications.common.claims import load_claims
from replications.common.imports import hash_code
from replications.common.judge import judge_setting
from replications.common.ledger import list_claims
from replications.common.measurements import read_measurements
from replications.common.params import run_settings
from replications.common.paths import REPLICATIONS, REPOSITORY
from replications.common.verdicts import read_verdicts
from tests.consistency.conftest import source_files
from tests.fuzz.targets import refuse_repeated_keys

LIBRARY = load_library()
MEMORY = 8e9  # bytes
SOURCE_LINE = re.compile(r"Source: *([^\s,;.]+)")


def settings_with_results(replication: str) -> list[str]:
    return sorted(path.parent.name for path in (REPLICATIONS / replication).glob("results/*/measured.json"))


def test_the_replicated_paper_is_in_the_bibliography(replication):
    assert all(key in LIBRARY for key in load_claims(replication).papers)


@pytest.mark.parametrize("name", ["claims.yml", "params.yaml", "dvc.yaml"])
def test_no_key_stands_twice_of_which_one_would_be_dropped(replication, name):
    refuse_repeated_keys((REPLICATIONS / replication / name).read_bytes())


def test_every_object_of_the_store_is_what_its_name_says():
    for path in sorted((REPOSITORY / "store").rglob("*")):
        if path.is_file():
            digest = hashlib.md5(path.read_bytes()).hexdigest()
            name = f"{path.parent.name}{path.stem}"
            assert digest == name, f"{path}: got the MD5 {digest}; expected {name}; do: git restore store"


def test_what_is_taken_from_the_store_is_hashed_again():
    """Otherwise DVC takes half of an object for the whole one, and then calls everything up to date."""
    config = ConfigParser()
    config.read(REPOSITORY / ".dvc" / "config", encoding="utf-8")
    assert config.getboolean("'remote \"store\"'", "verify")


def test_every_source_named_in_the_code_is_in_the_bibliography(replication):
    for path in source_files(replication):
        for key in SOURCE_LINE.findall(path.read_text(encoding="utf-8")):
            assert key in LIBRARY, f"{path}: got Source: {key}; expected a key of the bibliography"


def test_deviations_in_the_code_are_those_in_the_claims(replication):
    in_code = {
        name
        for path in source_files(replication)
        for name in re.findall(r"# Deviation: ([a-z0-9-]+)", path.read_text(encoding="utf-8"))
    }
    assert in_code == {deviation.id for deviation in load_claims(replication).deviations}


def test_what_was_measured_is_what_was_claimed_and_the_committed_verdicts_are_the_judges(replication):
    for setting in settings_with_results(replication):
        committed = read_verdicts(REPLICATIONS / replication / "results" / setting / "verdict.json")
        assert judge_setting(load_claims(replication), setting, read_measurements(replication, setting)) == committed


def test_results_were_measured_by_the_code_that_is_here(replication):
    for setting in settings_with_results(replication):
        for path in sorted((REPLICATIONS / replication / "results" / setting).glob("run*.json")):
            run = json.loads(path.read_text(encoding="utf-8"))
            assert run["code_sha256"] == hash_code(f"replications.{replication}.{run['stage']}"), (
                f"{replication}/{setting}: the code changed since {path.name}, or while it ran; run `dvc repro` again"
            )


def test_every_run_of_a_default_setting_fitted_the_memory_that_the_project_promises(replication):
    for setting in run_settings(replication):
        for path in sorted((REPLICATIONS / replication / "results" / setting).glob("run*.json")):
            peak = json.loads(path.read_text(encoding="utf-8"))["peak_memory_mb"] * 2**20
            assert peak <= MEMORY, f"{path}: got a peak of {peak / 1e9:.1f} GB, expected at most {MEMORY / 1e9:.0f} GB"


def test_all_processes_of_a_default_run_together_fitted_that_memory():
    content = json.loads((REPOSITORY / "benchmarks" / "results" / "memory.json").read_text(encoding="utf-8"))
    for row in content["rows"]:
        assert row["peak_mb"] * 2**20 <= MEMORY, f"{row['replication']}: got a peak of {row['peak_mb']} MB"


def test_the_committed_ledger_is_up_to_date(replication):
    path = REPLICATIONS / replication / "claims.json"
    if not settings_with_results(replication) and not path.exists():
        return  # a new replication that has not been run
    assert json.loads(path.read_text(encoding="utf-8")) == list_claims(replication)


def test_a_line_never_moves_in_a_commit_that_touches_results(replication):
    folder = f"replications/{replication}"
    log = subprocess.run(
        ["git", "log", "--format=%x00%h", "--name-only", "--", f"{folder}/claims.yml", f"{folder}/results"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for commit in log.stdout.split("\0")[1:]:
        commit_hash, *names = commit.split()
        touches_results = any(name.startswith(f"{folder}/results/") and name.endswith(".json") for name in names)
        assert not (f"{folder}/claims.yml" in names and touches_results), (
            f"commit {commit_hash} changes {folder}/claims.yml and its results; split it, claims first"
        )


@pytest.mark.parametrize("field", ["doi", "eprint"])
def test_every_identifier_was_seen_in_two_places(field):
    seen = defaultdict(set)
    for line in (REPOSITORY / "bibliography" / "evidence.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) == {"key", "field", "value", "seen", "date"}
        if row["field"] == field:
            seen[row["key"], row["value"].lower()].add(row["seen"])
    for paper in LIBRARY:
        value = paper.doi if field == "doi" else paper.arxiv
        if value:
            places = seen[paper.key, value.lower()]
            assert len(places) >= 2, f"{paper.key}: {field} {value} was seen in {sorted(places)}; expected two places"


def test_all_evidence_is_about_papers_of_the_library():
    rows = (REPOSITORY / "bibliography" / "evidence.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(row)["key"] for row in rows} <= set(LIBRARY.papers)
