"""The command line, called as Python calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bibliography.cli import main
from bibliography.export import export

if TYPE_CHECKING:
    from conftest import Shelf

Capture = pytest.CaptureFixture[str]


def test_check_counts_what_it_checked(shelf: Shelf, capsys: Capture) -> None:
    assert main(["check"], shelf.root) == 0
    assert capsys.readouterr() == ("bibliography: 3 papers, 3 sections, no faults\n", "")


def test_check_prints_one_line_a_fault_and_fails(shelf: Shelf, capsys: Capture) -> None:
    shelf.replace("entries/tools.bib", "{limits}", "{limit}")
    shelf.replace("entries/editing.bib", "number = {3}", "number = {}")
    assert main(["check"], shelf.root) == 1
    out, err = capsys.readouterr()
    assert out == "" and [line.split(" got")[0] for line in err.splitlines()] == [
        "entries/editing.bib:26:",
        "entries/tools.bib:8:",
    ]


def test_the_module_runs_on_the_real_bibliography() -> None:
    done = subprocess.run([sys.executable, "-m", "bibliography", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("no faults\n")


def test_export_without_a_choice_is_everything(shelf: Shelf, capsys: Capture) -> None:
    assert main(["export", "--format", "ris"], shelf.root) == 0
    library = shelf.load()
    assert capsys.readouterr().out == export(library, library, "ris")


def test_sections_and_keys_are_united_in_reading_order(shelf: Shelf, capsys: Capture) -> None:
    choice = ["--key", "anthropic2025tracer", "--key", "mitchell2022mend", "--section", "editing"]
    assert main(["export", "--format", "bibtex", *choice], shelf.root) == 0
    library = shelf.load()
    assert capsys.readouterr().out == export(library, library, "bibtex")


def test_a_sub_section_is_exported_alone(shelf: Shelf, capsys: Capture) -> None:
    assert main(["export", "--format", "bibtex", "--section", "fast-editing"], shelf.root) == 0
    assert capsys.readouterr().out.startswith("@article{mitchell2022mend,\n")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (["--key", "mitchell2022"], "no paper has the key 'mitchell2022', perhaps 'mitchell2022mend'"),
        (["--section", "tool"], "no section has the slug 'tool', perhaps 'tools'"),
    ],
)
def test_an_unknown_choice_is_refused_with_near_names(
    shelf: Shelf, capsys: Capture, choice: list[str], message: str
) -> None:
    assert main(["export", "--format", "ris", *choice], shelf.root) == 2
    assert capsys.readouterr() == ("", f"bibliography: {message}\n")


def test_an_unknown_format_is_refused(shelf: Shelf, capsys: Capture) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["export", "--format", "word"], shelf.root)
    assert "'bibtex', 'biblatex', 'csl-json', 'ris'" in capsys.readouterr().err


def test_a_faulty_bibliography_writes_nothing(shelf: Shelf, tmp_path: Path, capsys: Capture) -> None:
    shelf.replace("entries/tools.bib", "{limits}", "{limit}")
    assert main(["export", "--format", "ris", "-o", str(tmp_path / "all.ris")], shelf.root) == 1
    assert not (tmp_path / "all.ris").exists()
    assert capsys.readouterr().err.startswith("entries/tools.bib:8: got 'limit' in topics")


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(shelf: Shelf, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "all.bib"
    target.write_text("old")
    assert main(["export", "--format", "bibtex", "-o", str(target)], shelf.root) == 0
    library = shelf.load()
    assert target.read_text(encoding="utf-8") == export(library, library, "bibtex")
    assert list(folder.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "all.bib"
    target.write_text("old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    assert main(["export", "--format", "bibtex", "-o", str(target)], shelf.root) == 2
    assert capsys.readouterr().err == f"bibliography: cannot write {target}: No space left on device\n"
    assert target.read_text() == "old" and list(folder.iterdir()) == [target]


def test_a_folder_and_a_missing_folder_are_refused_as_targets(shelf: Shelf, tmp_path: Path, capsys: Capture) -> None:
    assert main(["export", "--format", "bibtex", "-o", str(tmp_path)], shelf.root) == 2
    assert capsys.readouterr().err == (f"bibliography: {tmp_path} is a folder; give -o the name of a file in it\n")
    missing = tmp_path / "no" / "all.bib"
    assert main(["export", "--format", "bibtex", "-o", str(missing)], shelf.root) == 2
    assert capsys.readouterr().err == f"bibliography: cannot write {missing}: No such file or directory\n"
