"""GPT-2 from one file of weights: both sets of names give the model that was saved, and what is no GPT-2 is refused."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from replications.common.checkpoints import CheckpointError, build_gpt2
from replications.common.models import load_language_model, load_tokenizer

CONFIG = GPT2Config(n_layer=2, n_head=2, n_embd=128, vocab_size=3, n_positions=8)
TOKENS = torch.tensor([[1, 2, 1]])


@pytest.fixture
def original() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(CONFIG).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # gains of 1 and biases of 0, as at the start, would hide mistakes
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def in_hugging_face_names(model: GPT2LMHeadModel, prefix: str) -> dict[str, Tensor]:
    weights = {f"{prefix}{name}": array.clone() for name, array in model.transformer.state_dict().items()}
    return weights | {f"{prefix}h.0.attn.bias": torch.ones(1, 1, 8, 8)}  # the causal mask, which old files carry


def in_transformer_lens_names(model: GPT2LMHeadModel) -> dict[str, Tensor]:
    """What HookedTransformer.state_dict() holds, by its documented shapes: [head, d_model, d_head]."""
    stack = model.transformer
    weights = {"embed.W_E": stack.wte.weight, "pos_embed.W_pos": stack.wpe.weight, "unembed.W_U": stack.wte.weight.T}
    weights |= {"ln_final.w": stack.ln_f.weight, "ln_final.b": stack.ln_f.bias, "unembed.b_U": torch.zeros(3)}
    for number, block in enumerate(stack.h):
        at = f"blocks.{number}"
        for kind, matrix, bias in zip(
            "QKV", block.attn.c_attn.weight.split(128, dim=1), block.attn.c_attn.bias.split(128), strict=True
        ):
            weights[f"{at}.attn.W_{kind}"] = torch.stack([matrix[:, :64], matrix[:, 64:]])
            weights[f"{at}.attn.b_{kind}"] = torch.stack([bias[:64], bias[64:]])
        weights[f"{at}.attn.W_O"] = torch.stack([block.attn.c_proj.weight[:64], block.attn.c_proj.weight[64:]])
        weights[f"{at}.attn.b_O"] = block.attn.c_proj.bias
        weights |= {f"{at}.ln1.w": block.ln_1.weight, f"{at}.ln1.b": block.ln_1.bias}
        weights |= {f"{at}.ln2.w": block.ln_2.weight, f"{at}.ln2.b": block.ln_2.bias}
        weights |= {f"{at}.mlp.W_in": block.mlp.c_fc.weight, f"{at}.mlp.b_in": block.mlp.c_fc.bias}
        weights |= {f"{at}.mlp.W_out": block.mlp.c_proj.weight, f"{at}.mlp.b_out": block.mlp.c_proj.bias}
    return {name: array.detach().clone().contiguous() for name, array in weights.items()}


@pytest.mark.parametrize("names", ["transformer.", "", "transformer-lens"])
def test_a_checkpoint_gives_the_model_that_was_saved(original: GPT2LMHeadModel, names: str):
    weights = (
        in_transformer_lens_names(original) if names == "transformer-lens" else in_hugging_face_names(original, names)
    )
    with torch.no_grad():
        assert torch.allclose(build_gpt2(weights).eval()(TOKENS).logits, original(TOKENS).logits, atol=1e-5)


def test_a_checkpoint_as_path_is_unpacked_once_and_named_with_its_hash(
    original: GPT2LMHeadModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("INTERP_MODEL_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "gpt2.safetensors"
    save_file(in_transformer_lens_names(original), file)
    with pytest.raises(CheckpointError, match=r"got no tokenizer beside .*expected tokenizer.json"):
        load_language_model("openai-community/gpt2", file)
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1, "b": 2}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<unk>").save_pretrained(tmp_path)
    model = load_language_model("openai-community/gpt2", file)
    with torch.no_grad():
        assert torch.allclose(model.bridge(TOKENS), original(TOKENS).logits, atol=1e-5)
    assert model.description == "openai-community/gpt2, converted from the checkpoint gpt2.safetensors"
    assert model.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr("replications.common.checkpoints.build_gpt2", None)  # a second conversion would fail
    assert load_tokenizer("openai-community/gpt2", file).decode([2]) == "b"


def test_processed_weights_are_refused(original: GPT2LMHeadModel):
    weights = in_transformer_lens_names(original)
    folded = {name: array for name, array in weights.items() if ".ln1." not in name}
    centred = weights | {"unembed.W_U": weights["unembed.W_U"] - weights["unembed.W_U"].mean(-1, keepdim=True)}
    for processed in (folded, centred):
        with pytest.raises(CheckpointError, match="expected the original weights"):
            build_gpt2(processed)


def test_what_is_no_gpt2_is_refused():
    with pytest.raises(CheckpointError, match=r"got 1 arrays that are no GPT-2 .*expected the state dict"):
        build_gpt2({"model.embed_tokens.weight": torch.zeros(3, 8)})
