"""What `make new` copies and changes, in a small repository of its own; `tests/test_scaffold.py` runs what it makes."""

import sys
from pathlib import Path

import pytest
import yaml

from replications.common import scaffold
from replications.common.scaffold import create_replication

KEYS = {"wang2023ioi", "meng2022rome"}
PIPELINE = """\
stages:
  ledger:
    foreach:
      - ioi
      - rome
    do:
      cmd: python ${item}
  other:
    foreach:
      - ioi
      - rome
"""
MEASURE = """\
# wang2023ioi: a template – of μ
from replications.template import method
stage = "template"
template = 1
"""
STAGES = "cmd: python -m replications.common.judge template small\ndeps: [template.py]\nsee: common.template\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    template = tmp_path / "replications" / "template"
    for folder in ("tests", "artifacts", "__pycache__"):
        (template / folder).mkdir(parents=True)
        (template / folder / "file.py").write_text("x = 1\n")
    (template / "measure.py").write_text(MEASURE, encoding="utf-8")
    (template / "dvc.yaml").write_text(STAGES)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    monkeypatch.setattr(scaffold, "REPOSITORY", tmp_path)
    monkeypatch.setattr(scaffold, "REPLICATIONS", tmp_path / "replications")
    return tmp_path


def test_the_template_is_copied_under_the_new_name_and_key_without_what_it_made(repository: Path):
    folder = create_replication("new_one", "meng2022rome", KEYS)
    assert folder == repository / "replications" / "new_one"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "dvc.yaml",
        "measure.py",
        "tests/file.py",
    ]
    assert (folder / "measure.py").read_text(encoding="utf-8") == (
        '# meng2022rome: a template – of μ\nfrom replications.new_one import method\nstage = "new_one"\ntemplate = 1\n'
    )
    assert (folder / "dvc.yaml").read_text() == (
        "cmd: python -m replications.common.judge new_one small\ndeps: [template.py]\nsee: common.template\n"
    )
    assert (repository / "replications" / "template" / "measure.py").read_text(encoding="utf-8") == MEASURE


@pytest.mark.parametrize(
    ("name", "order"),
    [("a_first", ["a_first", "ioi", "rome"]), ("middle", ["ioi", "middle", "rome"]), ("zoo", ["ioi", "rome", "zoo"])],
)
def test_the_root_pipeline_gets_one_line_in_its_place(repository: Path, name: str, order: list[str]):
    create_replication(name, "meng2022rome", KEYS)
    text = (repository / "dvc.yaml").read_text()
    assert yaml.safe_load(text)["stages"]["ledger"]["foreach"] == order
    assert text.replace(f"      - {name}\n", "", 1) == PIPELINE


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        (
            "New",
            "meng2022rome",
            "got NAME='New'; expected lower-case words joined by underscores, such as induction_heads",
        ),
        ("template", "meng2022rome", "got NAME='template', which exists; choose another name, or delete {folder}"),
        (
            "new",
            "no2000one",
            "got KEY='no2000one'; expected a key of the bibliography, such as wang2023ioi; add its entry first",
        ),
    ],
)
def test_what_cannot_be_started_is_refused_and_nothing_is_written(repository: Path, name: str, key: str, message: str):
    before = sorted(repository.rglob("*"))
    with pytest.raises(ValueError) as error:
        create_replication(name, key, KEYS)
    assert str(error.value) == message.format(folder=repository / "replications" / "template")
    assert sorted(repository.rglob("*")) == before and (repository / "dvc.yaml").read_text() == PIPELINE


def test_the_command_says_what_comes_next_or_what_is_wrong(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(scaffold, "load_library", lambda: KEYS)
    monkeypatch.setattr(sys, "argv", ["scaffold", "new_one", "meng2022rome"])
    scaffold.main()
    assert capsys.readouterr().out == (
        "Made replications/new_one. Write its claims.yml first, and commit it before you run anything.\n"
    )
    with pytest.raises(SystemExit, match=r"^got NAME='new_one', which exists; choose another name"):
        scaffold.main()
    monkeypatch.setattr(sys, "argv", ["scaffold", "--help"])
    with pytest.raises(SystemExit, match="0"):
        scaffold.main()
    assert "make new NAME=… KEY=…" in capsys.readouterr().out
