"""`make repro NAME=…` and `make new NAME=… KEY=…` take names only: no path, and nothing that a shell would run."""

import os
import subprocess
from pathlib import Path

import pytest

from bibliography import Library, load_library
from replications.common import scaffold
from replications.common.paths import REPOSITORY

TRICKS = ["../../outside", "/etc", "ioi/../ioi", "", "-x", "IOI", "a\nb", "ioi; touch run", "`touch run`", "a'b", 'a"b']


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def make(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs make in an empty folder with the project's Makefile and none of its installations."""
    command = ["make", "-f", str(REPOSITORY / "Makefile"), "-o", ".venv/.installed-all", *arguments]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", TRICKS)
def test_no_trick_in_name_reruns_or_runs_anything(name: str, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "dvc.yaml").touch()
    work = tmp_path / "a" / "replications"
    work.mkdir(parents=True)
    done = make("repro", f"NAME={name}", folder=work.parent)
    assert done.returncode == 2 and "expected a folder of replications/" in done.stdout
    assert not list(tmp_path.rglob("run"))


@pytest.mark.parametrize("name", TRICKS)
def test_no_trick_in_name_or_key_starts_a_replication(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library
):
    monkeypatch.setattr(scaffold, "REPLICATIONS", tmp_path / "replications")
    with pytest.raises(ValueError, match="got NAME="):
        scaffold.create_replication(name, "wang2023ioi", library)
    with pytest.raises(ValueError, match="got KEY="):
        scaffold.create_replication("good_name", name, library)
    assert not list(tmp_path.iterdir())
    recipe = tmp_path / ".venv" / "bin"
    recipe.mkdir(parents=True)
    (recipe / "python").symlink_to("/bin/echo")
    assert make("new", f"NAME={name}", f"KEY={name}", folder=tmp_path).stdout.endswith(f"scaffold {name} {name}\n")
    assert make("bench", f"NAME={name}", folder=tmp_path).stdout == f"-m benchmarks {name}".rstrip() + "\n"
    assert not (tmp_path / "run").exists()
