"""Where an export goes: odd names, links, devices, pipes, a full disk, a second process; and what no key can reach."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bibliography.cli import main
from bibliography.export import export
from bibliography.lock import BusyError, only_one
from bibliography.output import CommandError, write_atomically
from tests.disk import small_disk

if TYPE_CHECKING:
    from conftest import Shelf

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "", ".", "tools/../editing", "a\nb", "*", "\udcff", "{}", "A" * 5000]
)
@pytest.mark.parametrize("option", ["--key", "--section"])
def test_a_name_that_is_a_path_is_an_unknown_name(shelf: Shelf, capsys: Capture, option: str, name: str) -> None:
    assert main(["export", "--format", "ris", option, name], shelf.root) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("bibliography: no ") and err.count("\n") == 1


@pytest.mark.parametrize("name", ["with space.bib", "-o", "é\u202e.bib", "a\nb", "\udcff.bib", "n" * 255, "..."])
def test_any_name_of_a_file_is_written_to_and_no_other(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, "text")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["text"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("n" * 256, "File name too long"), ("file/below", "Not a directory"), ("no/such", "No such file")],
)
def test_a_name_that_cannot_be_a_file_is_refused_and_nothing_is_left(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=f"cannot write .*{reason}"):
        write_atomically(tmp_path / name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "new"
    # A terminal of its own: code that replaced it would fail, where it would destroy /dev/null for everyone.
    held, terminal = os.openpty()
    device = Path(os.ttyname(terminal))
    write_atomically(device, "shown")
    assert os.read(held, 5) == b"shown" and device.is_char_device()
    os.close(held)
    os.close(terminal)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write_atomically, args=(pipe, "through"))
    writer.start()
    assert pipe.read_text() == "through"
    writer.join()
    assert pipe.is_fifo()


def test_a_full_disk_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        (folder / "all.bib").write_text("old")
        with pytest.raises(CommandError, match=r"cannot write .*: No space left on device"):
            write_atomically(folder / "all.bib", "x" * 1_000_000)
        assert [path.read_text() for path in folder.iterdir()] == ["old"]


def test_a_folder_that_may_only_be_read_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", options="ro") as folder:
        with pytest.raises(CommandError, match=r"cannot write .*: Read-only file system"):
            write_atomically(folder / "all.bib", "text")
        with only_one(folder, "an add"):
            assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "TZ": "Asia/Kathmandu"},
        {"LC_ALL": "tr_TR.ISO-8859-9", "PYTHONIOENCODING": "latin-1"},
    ],
)
def test_an_export_has_the_same_bytes_in_every_locale(locale: dict[str, str], real_library) -> None:
    command = [sys.executable, "-m", "bibliography", "export", "--format", "csl-json"]
    done = subprocess.run(command, capture_output=True, check=False, env={"PATH": os.environ["PATH"], **locale})
    assert done.stdout == export(real_library, real_library, "csl-json").encode(), done.stderr


def test_two_at_once_are_one_and_a_message(tmp_path: Path) -> None:
    message = r"got an add that writes to .* already; expected one at a time; do: wait until it ends"
    with only_one(tmp_path, "an add"), pytest.raises(BusyError, match=message), only_one(tmp_path, "an add"):
        raise AssertionError("both hold the folder")
    with only_one(tmp_path, "an add"):
        assert list(tmp_path.iterdir()) == []


def test_a_second_add_is_refused_and_writes_nothing(shelf: Shelf, capsys: Capture) -> None:
    before = {path: path.read_bytes() for path in shelf.root.rglob("*.*")}
    with only_one(shelf.root, "an add"):
        assert main(["add", "2211.00593", "--no-network", "--section", "tools"], shelf.root) == 2
    assert "got an add that writes to" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in shelf.root.rglob("*.*")} == before
    assert main(["add", "2211.00593", "--no-network", "--section", "tools"], shelf.root) == 0


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    hold = f"from bibliography.lock import *\nwith only_one(Path({str(tmp_path)!r}), 'x'): print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        with pytest.raises(BusyError), only_one(tmp_path, "x"):
            pass
        process.kill()
    with only_one(tmp_path, "x"):
        pass
