"""`make new`: the template becomes a replication that runs, and that the whole consistency suite accepts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bibliography import load_library
from replications.common import scaffold
from replications.common.paths import REPOSITORY
from tests.consistency.conftest import tracked_files


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A temporary copy of the repository, in git, with a new replication made from the template."""
    root = tmp_path_factory.mktemp("repository")
    for name in tracked_files():
        if not name.startswith("store/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, root / name)
    run(root, "git", "init", "--quiet")
    run(root, sys.executable, "-P", "-m", "replications.common.scaffold", "brand_new", "meng2022rome")
    return root


def run(root: Path, *command: str, folder: str = ".") -> None:
    # The copy's own code comes first, and its own environment's programs are found.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(root), "PATH": path}
    done = subprocess.run(command, cwd=root / folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_the_new_replication_is_listed_and_names_its_paper(copy):
    assert "brand_new" in yaml.safe_load((copy / "dvc.yaml").read_text())["stages"]["ledger"]["foreach"]
    assert yaml.safe_load((copy / "replications/brand_new/claims.yml").read_text())["paper"] == "meng2022rome"
    assert "template" not in (copy / "replications/brand_new/dvc.yaml").read_text()


def test_the_new_replication_runs_and_is_consistent(copy):
    folder = "replications/brand_new"
    run(copy, sys.executable, "-m", "dvc", "repro", "--quiet", folder=folder)
    run(copy, sys.executable, "-m", "dvc", "repro", "--quiet", "ledger@brand_new")
    assert "holds" in (copy / folder / "results" / "laptop" / "verdict.json").read_text()
    run(copy, sys.executable, "-m", "pytest", "-q", "tests/consistency", folder)


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        ("Brand New", "meng2022rome", "expected lower-case words joined by underscores"),
        ("../escape", "meng2022rome", "expected lower-case words joined by underscores"),
        ("common", "meng2022rome", "which exists"),
        ("brand_new", "nobody2000nothing", "expected a key of the bibliography"),
    ],
)
def test_a_bad_name_or_key_is_refused_and_nothing_is_written(name, key, message):
    before = (REPOSITORY / "dvc.yaml").read_text()
    with pytest.raises(ValueError, match=message):
        scaffold.create_replication(name, key, load_library())
    assert (REPOSITORY / "dvc.yaml").read_text() == before
    assert not (REPOSITORY / "replications" / "brand_new").exists()
