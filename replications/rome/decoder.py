"""A language model taken apart, so that any part of a forward pass can be run from any layer and position on.

GPT-2 and Llama-like models. Matrices are views of the model's own weights, laid out (output, input).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

Pair = tuple[Tensor, Tensor | None]  # a matrix and its bias


class UnsupportedModelError(ValueError):
    """A model of another architecture."""


@dataclass(frozen=True)
class Layer:
    """The weights of one layer; norms have no bias in Llama."""

    norm_attention: Pair
    qkv: tuple[Pair, ...]
    out: Pair
    norm_mlp: Pair
    gate: Pair | None
    up: Pair
    down: Pair

    @property
    def w_down(self) -> Float[Tensor, "d_model d_mlp"]:
        """W_proj of the paper, in place: whoever writes to it edits the model."""
        return self.down[0]


@dataclass(frozen=True)
class Decoder:
    """A model taken apart.

    Attributes:
        layers: the first layer first.
        embedding: of tokens.
        positions: embedding of positions; None with rotary ones.
        final_norm: before the unembedding.
        unembedding: of tokens.
        n_heads: heads per layer.
        n_groups: keys and values per layer; heads share them.
        epsilon: of the norms.
        rotary_base: of rotary positions.
    """

    layers: tuple[Layer, ...]
    embedding: Float[Tensor, "vocab d_model"]
    positions: Float[Tensor, "position d_model"] | None
    final_norm: Pair
    unembedding: Float[Tensor, "vocab d_model"]
    n_heads: int
    n_groups: int
    epsilon: float
    rotary_base: float

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.embedding.device


@dataclass(frozen=True)
class Keys:
    """What a layer's attention may read of positions that are not recomputed.

    Attributes:
        keys: rotated.
        values: likewise per group.
        seen: False where a row has padding.
    """

    keys: Float[Tensor, "row before group d_head"]
    values: Float[Tensor, "row before group d_head"]
    seen: Bool[Tensor, "row before"]


def take_apart(model: Any) -> Decoder:
    """Returns the weights of a Hugging Face model, also of one that TransformerLens has wrapped, without a copy.

    Raises:
        UnsupportedModelError: neither GPT-2 nor Llama.
    """
    config = model.config
    # A wrapped model has a weight under more than one name; its own modules are behind `_original_component`.
    named = model.named_parameters(remove_duplicate=False)
    weights = {name.replace("_original_component.", ""): parameter.detach() for name, parameter in named}
    if config.model_type == "llama":
        return _from_llama(config, weights)
    if config.model_type == "gpt2":
        return _from_gpt2(config, weights)
    raise UnsupportedModelError(f"got a model of type {config.model_type!r}; expected llama or gpt2")


def _from_llama(config: Any, weights: Mapping[str, Tensor]) -> Decoder:
    def pair(name: str) -> Pair:
        return weights[f"{name}.weight"], weights.get(f"{name}.bias")

    layers = []
    for number in range(config.num_hidden_layers):
        at = f"model.layers.{number}"
        qkv = tuple(pair(f"{at}.self_attn.{part}_proj") for part in "qkv")
        mlp = (pair(f"{at}.mlp.{part}_proj") for part in ("gate", "up", "down"))
        norms = pair(f"{at}.input_layernorm"), pair(f"{at}.post_attention_layernorm")
        layers.append(Layer(norms[0], qkv, pair(f"{at}.self_attn.o_proj"), norms[1], *mlp))
    embedding = weights["model.embed_tokens.weight"]
    return Decoder(
        tuple(layers), embedding, None, pair("model.norm"), weights.get("lm_head.weight", embedding),
        config.num_attention_heads, config.num_key_value_heads, config.rms_norm_eps,
        float(config.rope_parameters["rope_theta"]),
    )  # fmt: skip


def _from_gpt2(config: Any, weights: Mapping[str, Tensor]) -> Decoder:
    def pair(name: str, transposed: bool = True) -> Pair:
        matrix = weights[f"transformer.{name}.weight"]
        return (matrix.T if transposed else matrix), weights[f"transformer.{name}.bias"]

    layers = []
    for number in range(config.n_layer):
        at = f"h.{number}"
        joint = pair(f"{at}.attn.c_attn")
        qkv = tuple(zip(joint[0].chunk(3), joint[1].chunk(3), strict=True))  # type: ignore[union-attr]
        norms = pair(f"{at}.ln_1", False), pair(f"{at}.ln_2", False)
        mlp = (None, pair(f"{at}.mlp.c_fc"), pair(f"{at}.mlp.c_proj"))
        layers.append(Layer(norms[0], qkv, pair(f"{at}.attn.c_proj"), norms[1], *mlp))
    embedding = weights["transformer.wte.weight"]
    return Decoder(
        tuple(layers), embedding, weights["transformer.wpe.weight"], pair("ln_f", False), embedding,
        config.n_head, config.n_head, config.layer_norm_epsilon, 0.0,
    )  # fmt: skip


def embed(
    decoder: Decoder, tokens: Int[Tensor, "*row position"], positions: Int[Tensor, "*row position"]
) -> Float[Tensor, "*row position d_model"]:
    """Returns the residual stream before the first layer."""
    embedded = decoder.embedding[tokens]
    return embedded if decoder.positions is None else embedded + decoder.positions[positions]


def normalise(decoder: Decoder, norm: Pair, residual: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
    """Returns RMSNorm (no bias) or LayerNorm of the residual stream."""
    weight, bias = norm
    if bias is None:
        return functional.rms_norm(residual, weight.shape, weight, decoder.epsilon)
    return functional.layer_norm(residual, weight.shape, weight, bias, decoder.epsilon)


def attend(
    decoder: Decoder,
    layer: Layer,
    residual: Float[Tensor, "variant row position d_model"],
    positions: Int[Tensor, "row position"],
    before: Keys | None = None,
) -> tuple[Float[Tensor, "variant row position d_model"], Tensor, Tensor]:
    """Returns what attention writes, and the keys and values (variant row position group d_head) of these positions.

    Args:
        decoder: the model.
        layer: one of its layers.
        residual: input of the layer at the positions that are computed.
        positions: their numbers; negative on padding, which is never read.
        before: keys and values of earlier positions; the same for all variants of a row.
    """
    normed = normalise(decoder, layer.norm_attention, residual)
    shapes = (decoder.n_heads, decoder.n_groups, decoder.n_groups)
    queries, keys, values = (
        functional.linear(normed, *pair).unflatten(-1, (count, -1))
        for pair, count in zip(layer.qkv, shapes, strict=True)
    )
    if decoder.positions is None:
        queries, keys = (_rotate(x, positions, decoder.rotary_base) for x in (queries, keys))
    all_keys, all_values = keys, values
    seen = (positions.unsqueeze(-2) <= positions.unsqueeze(-1)) & (positions >= 0).unsqueeze(-2)  # row query key
    if before is not None:
        shape = (residual.shape[0], *before.keys.shape)
        all_keys = torch.cat([before.keys.expand(shape), keys], dim=2)
        all_values = torch.cat([before.values.expand(shape), values], dim=2)
        earlier = before.seen.unsqueeze(1).expand(-1, positions.shape[1], -1)
        seen = torch.cat([earlier, seen], dim=-1)
    # A padding position would see nothing, and a softmax over nothing is NaN: it sees itself.
    seen = seen | (positions < 0).unsqueeze(-1)
    grouped = queries.unflatten(3, (decoder.n_groups, -1))  # variant row position group member d_head
    scores = torch.einsum("vrpgmd,vrkgd->vrgmpk", grouped, all_keys) / queries.shape[-1] ** 0.5
    pattern = scores.masked_fill(~seen[None, :, None, None], -torch.inf).softmax(-1)
    mixed = torch.einsum("vrgmpk,vrkgd->vrpgmd", pattern, all_values)
    return functional.linear(mixed.flatten(-3), *layer.out), keys, values


def read_key(decoder: Decoder, layer: Layer, residual: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_mlp"]:
    """Returns what W_proj reads, for the residual stream between attention and MLP.

    Source: meng2022rome, eq. 1 (σ(W_fc γ(a + h))); Llama's is gated.
    """
    normed = normalise(decoder, layer.norm_mlp, residual)
    up = functional.linear(normed, *layer.up)
    if layer.gate is None:
        return functional.gelu(up, approximate="tanh")
    # Deviation: gated-mlp
    return functional.silu(functional.linear(normed, *layer.gate)) * up


def run_mlp(decoder: Decoder, layer: Layer, residual: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
    """Returns what the MLP writes."""
    return functional.linear(read_key(decoder, layer, residual), *layer.down)


def unembed(decoder: Decoder, residual: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row vocab"]:
    """Returns logits of the next token, from the residual stream after the last layer."""
    return functional.linear(normalise(decoder, decoder.final_norm, residual), decoder.unembedding)


def _rotate(
    x: Float[Tensor, "variant row position head d_head"], positions: Int[Tensor, "row position"], base: float
) -> Float[Tensor, "variant row position head d_head"]:
    half = x.shape[-1] // 2
    frequencies = base ** -(torch.arange(half, device=x.device) / half)
    angles = (positions.unsqueeze(-1) * frequencies).unsqueeze(-2)  # row position 1 half
    cosine, sine = (f(angles).repeat(1, 1, 1, 2) for f in (torch.cos, torch.sin))
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
