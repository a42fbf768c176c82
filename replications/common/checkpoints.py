"""GPT-2 from one file of weights: a state dict in the names of Hugging Face or of TransformerLens, as safetensors."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

D_HEAD = 64  # in every GPT-2


class CheckpointError(ValueError):
    """A file of weights that is no GPT-2, or that was processed so that its original weights cannot be had back."""


def unpack_checkpoint(file: Path, cache: Path) -> Path:
    """Returns a folder of `cache` in the Hugging Face format with the weights of `file`, written if missing.

    The tokenizer's files must lie beside `file`: `tokenizer.json`, or `vocab.json` and `merges.txt`.

    Raises:
        CheckpointError: the file is no GPT-2 checkpoint, or there is no tokenizer beside it.
    """
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    folder = cache / "converted" / digest
    if folder.is_dir():
        return folder
    if not any((file.parent / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise CheckpointError(f"got no tokenizer beside {file}; expected tokenizer.json, or vocab.json and merges.txt")
    try:
        weights = load_file(file)
    except SafetensorError as error:
        raise CheckpointError(f"{file}: got no whole safetensors file ({error}); get it anew") from error
    model = build_gpt2(weights)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".converted.") as temporary:
        unpacked = Path(temporary) / "model"
        model.save_pretrained(unpacked)
        AutoTokenizer.from_pretrained(file.parent, config=model.config).save_pretrained(unpacked)
        unpacked.replace(folder)
    return folder


def build_gpt2(weights: Mapping[str, Tensor]) -> GPT2LMHeadModel:
    """Returns GPT-2 with these weights; its size is read off their shapes.

    Raises:
        CheckpointError: names or shapes are not those of a GPT-2 whose layer norms are still separate.
    """
    try:
        named = _from_transformer_lens(weights) if "embed.W_E" in weights else _from_hugging_face(weights)
        vocabulary, width = named["transformer.wte.weight"].shape
        config = GPT2Config(
            vocab_size=vocabulary,
            n_embd=width,
            n_positions=len(named["transformer.wpe.weight"]),
            n_layer=sum(name.endswith("attn.c_attn.weight") for name in named),
            n_head=weights["blocks.0.attn.W_Q"].shape[0] if "embed.W_E" in weights else width // D_HEAD,
        )
        model = GPT2LMHeadModel(config)
        model.load_state_dict({**named, "lm_head.weight": named["transformer.wte.weight"]})
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"got {len(weights)} arrays that are no GPT-2 ({str(error)[:300]}); expected the state dict of "
            "Hugging Face's GPT2LMHeadModel, or of TransformerLens's HookedTransformer, from_pretrained_no_processing"
        ) from error
    return model


def _from_hugging_face(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the arrays with the prefix that some files leave out, without masks, which are no weights."""
    left_out = "lm_head.weight", ".attn.bias", ".masked_bias"
    kept = {name: array for name, array in weights.items() if not name.endswith(left_out)}
    return {f"transformer.{name.removeprefix('transformer.')}": array.float() for name, array in kept.items()}


def _from_transformer_lens(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns the arrays under Hugging Face's names: heads side by side, queries, keys and values in one matrix."""
    tied = torch.allclose(weights["unembed.W_U"].T, weights["embed.W_E"], atol=1e-4)
    if "blocks.0.ln1.w" not in weights or not tied:
        raise CheckpointError(
            "got folded layer norms or a centred unembedding; expected the original weights, as of TransformerLens's "
            "from_pretrained_no_processing"
        )
    named = {"transformer.wte.weight": weights["embed.W_E"], "transformer.wpe.weight": weights["pos_embed.W_pos"]}
    named |= {"transformer.ln_f.weight": weights["ln_final.w"], "transformer.ln_f.bias": weights["ln_final.b"]}
    layer = 0
    while f"blocks.{layer}.ln1.w" in weights:
        ours, theirs = f"transformer.h.{layer}", f"blocks.{layer}"
        queries_keys_values = [weights[f"{theirs}.attn.W_{kind}"].permute(1, 0, 2).flatten(1) for kind in "QKV"]
        named[f"{ours}.attn.c_attn.weight"] = torch.cat(queries_keys_values, dim=1)
        biases = [weights[f"{theirs}.attn.b_{kind}"].flatten() for kind in "QKV"]
        named[f"{ours}.attn.c_attn.bias"] = torch.cat(biases)
        named[f"{ours}.attn.c_proj.weight"] = weights[f"{theirs}.attn.W_O"].flatten(0, 1)
        named[f"{ours}.attn.c_proj.bias"] = weights[f"{theirs}.attn.b_O"]
        for part, name in (("ln_1", "ln1"), ("ln_2", "ln2")):
            named[f"{ours}.{part}.weight"] = weights[f"{theirs}.{name}.w"]
            named[f"{ours}.{part}.bias"] = weights[f"{theirs}.{name}.b"]
        for part, name in (("c_fc", "in"), ("c_proj", "out")):
            named[f"{ours}.mlp.{part}.weight"] = weights[f"{theirs}.mlp.W_{name}"]
            named[f"{ours}.mlp.{part}.bias"] = weights[f"{theirs}.mlp.b_{name}"]
        layer += 1
    return {name: array.float().contiguous() for name, array in named.items()}
