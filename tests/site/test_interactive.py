"""The interactive part of a replication's page: what is published, and what stops the build."""

import hashlib
from pathlib import Path

import pytest

from docs.interactive import StoredFileError, read_interactive
from replications.common.paths import list_replications, replication_dir

RUNTIME = b"\0asm of a runtime"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A replication with a fragment, a script and a runtime that lies in the store."""
    here = tmp_path / "replication" / "interactive"
    here.mkdir(parents=True)
    (here / "fragment.html").write_text("<div>play</div>\n")
    (here / "play.js").write_text("// plays")
    (here / ".gitignore").write_text("/runtime.wasm\n")
    md5 = hashlib.md5(RUNTIME).hexdigest()
    (here / "runtime.wasm.dvc").write_text(f"outs:\n- md5: {md5}\n  size: 17\n  hash: md5\n  path: runtime.wasm\n")
    stored = tmp_path / "store" / "files" / "md5" / md5[:2] / md5[2:]
    stored.parent.mkdir(parents=True)
    stored.write_bytes(RUNTIME)
    return here.parent


def test_scripts_are_published_and_large_files_come_from_the_store(folder: Path, tmp_path: Path):
    interactive = read_interactive(folder, tmp_path / "store")
    assert interactive.fragment == "<div>play</div>"
    assert interactive.files == {"interactive/play.js": b"// plays", "interactive/runtime.wasm": RUNTIME}
    assert interactive.runs_wasm


def test_a_replication_without_a_fragment_publishes_nothing_and_needs_no_webassembly(tmp_path: Path):
    interactive = read_interactive(tmp_path, tmp_path / "store")
    assert interactive.fragment == "" and interactive.files == {} and not interactive.runs_wasm


def test_a_stored_file_that_is_missing_or_another_one_stops_the_build(folder: Path, tmp_path: Path):
    (stored,) = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    stored.write_bytes(b"tampered with")
    with pytest.raises(StoredFileError, match="restore the file from git"):
        read_interactive(folder, tmp_path / "store")
    stored.unlink()
    with pytest.raises(StoredFileError, match="beside it, then `dvc push`"):
        read_interactive(folder, tmp_path / "store")


@pytest.mark.parametrize("name", list_replications())
def test_an_interactive_part_loads_from_this_site_alone_and_nothing_inline(name: str):
    interactive = read_interactive(replication_dir(name))
    scripts = [content.decode() for path, content in interactive.files.items() if path.endswith((".js", ".css"))]
    assert "//" not in interactive.fragment.replace("</", "")  # no address of another host
    assert "style=" not in interactive.fragment and "onclick" not in interactive.fragment
    assert not [script for script in scripts if "eval(" in script]
