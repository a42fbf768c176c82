"""The same sources give the same bytes: in another folder, time zone, locale, with other rights and dates of files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from replications.common.paths import REPOSITORY
from tests.consistency.conftest import tracked_files

ELSEWHERE = {
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "1",
}


def copy_sources(folder: Path) -> None:
    """Copies what git tracks, as files of the year 2001; the store, which is only read, is linked."""
    for name in tracked_files():
        if not name.startswith("store/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, folder / name)
            os.utime(folder / name, (1e9, 1e9))
    (folder / "store").symlink_to(REPOSITORY / "store")


def differing_files(one: Path, other: Path) -> list[str]:
    """Returns the paths of files that only one of two folders has, or that differ in a byte."""
    files = [{str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} for folder in (one, other)]
    both = files[0] & files[1]
    return sorted(
        files[0] ^ files[1] | {name for name in both if (one / name).read_bytes() != (other / name).read_bytes()}
    )


def test_a_file_that_is_missing_or_differs_is_found(tmp_path):
    for folder, content in (("one", "same"), ("other", "different")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.html").write_text("same", encoding="utf-8")
        (tmp_path / folder / "page.html").write_text(content, encoding="utf-8")
    (tmp_path / "one" / "only.html").touch()
    assert differing_files(tmp_path / "one", tmp_path / "other") == ["only.html", "page.html"]


def test_two_builds_of_the_same_sources_differ_in_no_byte(built_site, tmp_path):
    sources, site = tmp_path / "sources elsewhere", tmp_path / "site"
    copy_sources(sources)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    environment = {**os.environ, **ELSEWHERE, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=sources, env=environment, umask=0o077, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing_files(built_site, site) == []
