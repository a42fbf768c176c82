"""A model taken apart: what its layers multiply with, and how heads attend.

The same architectures as `method.py`; keys and values that several heads share (grouped-query attention) are kept once.

Source: wang2023ioi, § 2, Transformer architecture.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge


@dataclass(frozen=True)
class Layer:
    """One block: what attention multiplies with, and the modules that are used as they are.

    Attributes:
        w_qkv: queries of all heads, then keys, then values of all groups.
        b_qkv: their biases, zero where the model has none.
        w_o: from all heads' mixed values side by side.
        b_o: bias of the attention output.
    """

    block: Any
    w_qkv: Float[Tensor, "d_model qkv"]
    b_qkv: Float[Tensor, " qkv"]
    w_o: Float[Tensor, "head_d_head d_model"]
    b_o: Float[Tensor, " d_model"]


@dataclass(frozen=True)
class Decoder:
    """A model taken apart into layers."""

    bridge: TransformerBridge
    layers: list[Layer]
    n_heads: int
    n_groups: int
    d_head: int

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)


def take_apart(bridge: TransformerBridge) -> Decoder:
    """Returns the layers of a model; the attention weights are copied side by side (100 MB for SmolLM2-135M)."""
    layers = []
    for block in bridge.blocks:
        attention = block.attn
        weights = [attention.W_Q, attention.W_K, attention.W_V]
        biases = [attention.b_Q, attention.b_K, attention.b_V]
        flat = [w.permute(1, 0, 2).flatten(1) for w in weights]
        zero = [w.new_zeros(w.shape[1]) if b is None else b.flatten() for w, b in zip(flat, biases, strict=True)]
        b_o = getattr(attention, "b_O", None)
        w_o = attention.W_O.flatten(0, 1).contiguous()
        b_o = w_o.new_zeros(w_o.shape[1]) if b_o is None else b_o
        layers.append(Layer(block, torch.cat(flat, dim=1).contiguous(), torch.cat(zero), w_o, b_o))
    return Decoder(bridge, layers, bridge.cfg.n_heads, bridge.blocks[0].attn.W_K.shape[0], bridge.cfg.d_head)


def embed(decoder: Decoder, tokens: Int[Tensor, "batch position"]) -> Float[Tensor, "batch position d_model"]:
    """Returns the residual stream before the first layer."""
    name = "blocks.0.hook_in"
    _, cache = decoder.bridge.run_with_cache(tokens, names_filter=[name], return_cache_object=False, stop_at_layer=1)
    return cache[name]


def run_mlp(layer: Layer, residual: Float[Tensor, "*rows d_model"]) -> Float[Tensor, "*rows d_model"]:
    """Returns what the MLP of a layer writes."""
    rows = residual.reshape(1, -1, residual.shape[-1])
    return layer.block.mlp(layer.block.ln2(rows)).reshape(residual.shape)


def project(
    decoder: Decoder,
    number: int,
    residual: Float[Tensor, "variant batch position d_model"],
    positions: Int[Tensor, "batch position"],
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns queries (variant batch position head d_head), keys and values (… group d_head) of layer `number`."""
    layer, (variant, batch, position, width) = decoder.layers[number], residual.shape
    normed = layer.block.ln1(residual.reshape(1, -1, width))
    flat = (normed @ layer.w_qkv + layer.b_qkv).reshape(variant, batch, position, -1, decoder.d_head)
    queries, keys, values = flat.split([decoder.n_heads, decoder.n_groups, decoder.n_groups], dim=3)
    rotary = getattr(decoder.bridge, "rotary_emb", None)
    if rotary is not None:
        cosine, sine = (part.unsqueeze(2) for part in rotary(residual[0], positions))
        queries, keys = (x * cosine + _rotate_half(x) * sine for x in (queries, keys))
    return queries, keys, values


def attend(
    queries: Float[Tensor, "variant batch position head d_head"],
    keys: Float[Tensor, "variant batch position group d_head"],
    values: Float[Tensor, "variant batch position group d_head"],
    positions: Int[Tensor, "batch position"],
    others: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Float[Tensor, "variant batch position head d_head"]]:
    """Returns attention (variant batch head position key) and mixed values; head h reads group h // (heads per group).

    Args:
        queries: at `positions`, like keys and values.
        keys: one for each group.
        values: one for each group.
        positions: which ones these are, per prompt.
        others: keys and values (batch key group d_head) at all positions, read where `positions` has none: the same for
            all variants, so they are never copied. Attention is then to these, followed by `positions`.
    """
    n_groups, d_head = keys.shape[3:]
    grouped = queries.unflatten(3, (n_groups, -1)).permute(0, 1, 3, 2, 4, 5) / d_head**0.5  # v b g position head d
    scores = [torch.einsum("vbgprd,vbkgd->vbgprk", grouped, keys)]
    masked = [positions.unsqueeze(1) > positions.unsqueeze(2)]  # batch position key
    if others is not None:
        scores.insert(0, torch.einsum("vbgprd,bkgd->vbgprk", grouped, others[0]))
        place = torch.arange(others[0].shape[1])
        recomputed = (place == positions.unsqueeze(-1)).any(1, keepdim=True)  # batch 1 key
        masked.insert(0, (place > positions.unsqueeze(-1)) | recomputed)
    mask = torch.cat(masked, dim=-1)[:, None, :, None]
    attention = torch.cat(scores, dim=-1).masked_fill(mask, -torch.inf).softmax(-1)
    mixed = torch.einsum("vbgprk,vbkgd->vbgprd", attention[..., -keys.shape[2] :], values)
    if others is not None:
        mixed = mixed + torch.einsum("vbgprk,bkgd->vbgprd", attention[..., : -keys.shape[2]], others[1])
    by_head = mixed.permute(0, 1, 3, 2, 4, 5).flatten(3, 4)
    return attention.permute(0, 1, 2, 4, 3, 5).flatten(2, 3), by_head


def _rotate_half(x: Float[Tensor, "*rows d_head"]) -> Float[Tensor, "*rows d_head"]:
    first, second = x.chunk(2, dim=-1)
    return torch.cat([-second, first], dim=-1)
