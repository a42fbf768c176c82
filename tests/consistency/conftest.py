"""What the consistency suite looks at: this repository's replications, pipelines and tracked files."""

import ast
import subprocess
from pathlib import Path

import yaml

from replications.common.paths import REPLICATIONS, REPOSITORY, list_replications


def pytest_generate_tests(metafunc):
    """Runs every test that takes `replication` once for each of them."""
    if "replication" in metafunc.fixturenames:
        metafunc.parametrize("replication", list_replications())


def read_yaml(path: Path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def tracked_files() -> list[str]:
    """Returns the files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def source_files(replication: str) -> list[Path]:
    """Returns the Python files of a replication, its tests excepted."""
    return sorted(path for path in (REPLICATIONS / replication).glob("*.py"))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))
