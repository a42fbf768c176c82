import os
from pathlib import Path

import pytest

from replications.common.files import write_bytes, write_text
from replications.common.yaml_files import YamlError, read_yaml


def test_a_file_is_replaced_whole_and_may_be_read_by_others(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text(path, "old\r\n")
    write_text(path, "new ü\n")
    assert path.read_bytes() == "new ü\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_without_room_the_old_file_stays_and_the_error_says_so(tmp_path: Path, monkeypatch):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    monkeypatch.setattr(os, "fdopen", lambda descriptor, mode: Path("/dev/full").open(mode))  # noqa: SIM115
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_bytes(path, b"new")
    assert caught.value.__notes__ == [
        f"{path} is not written, what stood there is whole; make room or give rights, and run again"
    ]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_where_no_folder_can_be_made_the_error_names_the_file(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file") as caught:
        write_bytes(tmp_path / "file" / "inside", b"new")
    assert f"{tmp_path / 'file' / 'inside'} is not written" in caught.value.__notes__[0]


def test_plain_yaml_is_read_as_it_is(tmp_path: Path):
    path = tmp_path / "file.yml"
    path.write_text("a: &x {b: 1, c: [0.5, text, null, 1e-3]}\nd: {<<: *x, b: 2}\n", encoding="utf-8")
    items = [0.5, "text", None, "1e-3"]
    assert read_yaml(path) == {"a": {"b": 1, "c": items}, "d": {"b": 2, "c": items}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", r"got 'c' a second time(.|\n)*line 4"),
        (b"a: 1\n2: 1\n", r"got 2 as a key, in place of a text(.|\n)*line 2"),
        (b"a: .inf\n", r"got no finite number(.|\n)*line 1"),
        (b"a: \xff\n", r"can't decode byte 0xff"),
        (b"a: [1\n", r"expected ',' or ']'"),
        (b"[" * 5000, r"not valid YAML"),
        (b"a: !!python/object:os.system {}\n", r"could not determine a constructor"),
        (b"? [a, b]\n: 1\n", r"line 1"),
        (b"a: 2020-99-01\n", r"not valid YAML"),
    ],
)
def test_yaml_of_which_something_would_be_lost_is_refused(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "file.yml"
    path.write_bytes(content)
    with pytest.raises(YamlError, match=message) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: not valid YAML: ")
    assert str(caught.value).endswith("expected plain YAML with each key once")
