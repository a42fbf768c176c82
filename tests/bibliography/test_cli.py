"""The command line, called as Python calls it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bibliography import BibliographyError, Fault, UnknownNameError, cli
from bibliography.cli import main
from bibliography.export import export
from bibliography.lock import BusyError
from bibliography.online.client import AnswerError, NoNetworkError
from bibliography.online.settings import Services, Settings
from bibliography.output import CommandError

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


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (AnswerError("the service said 500"), 1, "bibliography: the service said 500; try again later\n"),
        (BusyError("another writes"), 2, "bibliography: another writes\n"),
        (CommandError("that is a folder"), 2, "bibliography: that is a folder\n"),
        (UnknownNameError("no paper has it"), 2, "bibliography: no paper has it\n"),
        (NoNetworkError("no name server answers"), 3, "bibliography: no name server answers\n"),
        (KeyboardInterrupt(), 130, "\nbibliography: stopped\n"),
        (BibliographyError([Fault("b", 1, "z"), Fault("a", 2, "y")]), 1, "a:2: y\nb:1: z\n"),
    ],
)
def test_what_stops_a_command_has_a_status_and_a_sentence(
    shelf: Shelf, capsys: Capture, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, told: str
) -> None:
    def fail(root: Path) -> None:
        raise error

    monkeypatch.setattr(cli, "load_library", fail)
    assert main(["check"], shelf.root) == status
    assert capsys.readouterr() == ("", told)


def test_a_command_without_services_of_its_own_asks_those_of_the_environment(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look(root: Path, arguments: argparse.Namespace) -> int:
        asked.append((root, arguments.settings))
        return 0

    monkeypatch.setattr(cli, "_check", look)
    own = Settings(Services())
    assert main(["check"], shelf.root, own) == 0
    monkeypatch.setenv("BIBLIOGRAPHY_DOI", "https://doi.example/")
    monkeypatch.setattr(sys, "argv", ["bibliography", "check"])
    assert main() == 0
    assert asked == [(shelf.root, own), (cli.PACKAGE, Settings(Services(doi="https://doi.example/")))]


def test_help_names_every_command_and_every_option(capsys: Capture) -> None:
    for arguments, told in (
        (["--help"], ["usage: python -m bibliography", "The reading list as data.", "commands:", "check every entry"]),
        (["--help"], ["write references; all of them if none are chosen"]),
        (["export", "--help"], ["--section SLUG with all below it", "--key KEY may be given more than once"]),
        (["export", "--help"], ["-o FILE, --output FILE default: standard output", "--format {bibtex,biblatex,"]),
    ):
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
        out = " ".join(capsys.readouterr().out.split())
        assert all(part in out for part in told), out


@pytest.mark.parametrize("arguments", [[], ["export"]])
def test_a_command_and_a_format_must_be_given(shelf: Shelf, capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments, shelf.root)
    assert "the following arguments are required" in capsys.readouterr().err
