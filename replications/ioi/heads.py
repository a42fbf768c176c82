"""What heads do: attention to names, output in the direction of names, copy score.

Source: wang2023ioi, § 3.1.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge

from replications.ioi.method import RunAtEnd, head_outputs


def attention_to(run: RunAtEnd, *positions: Int[Tensor, " batch"]) -> Float[Tensor, "batch layer head"]:
    """Returns every head's attention from END to a position, summed if several are given (S1 and S2).

    Source: wang2023ioi, § 3.1, Fig. 3c.
    """
    batch = torch.arange(len(positions[0]))
    by_batch = run.attention.permute(1, 3, 0, 2)  # batch position layer head
    return torch.stack([by_batch[batch, position] for position in positions]).sum(0)


def name_directions(bridge: TransformerBridge, tokens: Int[Tensor, " batch"]) -> Float[Tensor, "batch d_model"]:
    """Returns W_U[N] as the paper's model has it: with the final norm's gain, centred over the vocabulary.

    The authors load GPT-2 with layer norms folded into the weights, the unembedding centred and everything that writes
    into the residual stream centred; for a LayerNorm the last is the same as centring the direction.

    Source: wang2023ioi, § 3.1; processing as in the authors' code (defaults of EasyTransformer.from_pretrained).
    """
    # Deviation: raw-weights
    gain = bridge.ln_final.weight
    directions = (bridge.W_U[:, tokens] - bridge.W_U.mean(-1, keepdim=True)).T * gain
    if bridge.cfg.normalization_type == "LN":
        directions = directions - directions.mean(-1, keepdim=True)
    return directions


def projection_on(
    bridge: TransformerBridge, run: RunAtEnd, tokens: Int[Tensor, " batch"]
) -> Float[Tensor, "batch layer head"]:
    """Returns how much each head writes in the direction of a name, <h_i(X), W_U[N]>, before the final norm's scaling.

    Source: wang2023ioi, § 3.1, Fig. 3c and footnote 1.
    """
    outputs = head_outputs(bridge, run.mixed_values)
    return torch.einsum("lbhm,bm->blh", outputs, name_directions(bridge, tokens))


def residual_after_first_mlp(
    bridge: TransformerBridge, tokens: Int[Tensor, "batch position"], *positions: Int[Tensor, " batch"]
) -> Float[Tensor, "occurrence batch d_model"]:
    """Returns the residual stream after the first layer, attention and MLP, at some positions of each prompt.

    Source: wang2023ioi, § 3.1: "the state of the residual stream at the position of each name token after the first MLP
    layer".
    """
    name = "blocks.0.hook_out"
    _, cache = bridge.run_with_cache(tokens, names_filter=[name], return_cache_object=False, stop_at_layer=1)
    batch = torch.arange(len(tokens))
    return torch.stack([cache[name][batch, position] for position in positions])


def copies(
    bridge: TransformerBridge,
    residual: Float[Tensor, "name d_model"],
    tokens: Int[Tensor, " name"],
    layer: int,
    within: int,
) -> tuple[Bool[Tensor, "name head"], Bool[Tensor, "name head"]]:
    """Returns whether the OV circuit of each head of a layer copies each name, and whether its negative does.

    The head is made to attend to the name alone: residual stream -> the layer's norm -> W_V -> W_O -> final norm ->
    unembedding. It copies if the name is among the top `within` logits. The mean over names is the copy score.

    Source: wang2023ioi, § 3.1 (N = 1000, top 5); negative: with the negative of the OV matrix.
    """
    block = bridge.blocks[layer]
    values = torch.einsum("nm,gmd->ngd", block.ln1(residual), block.attn.W_V)
    if block.attn.b_V is not None:
        values = values + block.attn.b_V
    # Grouped-query attention: several heads share one value.
    values = values.repeat_interleave(bridge.cfg.n_heads // values.shape[1], dim=1)
    outputs = torch.einsum("nhd,hdm->nhm", values, block.attn.W_O).contiguous()  # else unembedding it is thrice as slow
    logits = bridge.unembed(bridge.ln_final(outputs))
    own = logits[torch.arange(len(tokens)), :, tokens]
    # Above the first value outside the top: so a tie counts against the name, and a head that writes nothing copies
    # nothing. norm(-x) = 2 norm(0) - norm(x) and the unembedding is affine, so the logits of -OV are those of twice
    # nothing minus those of OV: their top is the bottom of `logits - twice_nothing`.
    copied = own > logits.topk(within + 1).values[..., -1]
    twice_nothing = 2 * bridge.unembed(bridge.ln_final(torch.zeros_like(outputs[:1, :1])))[0, 0]
    logits -= twice_nothing  # in place: it is by far the largest tensor here
    copied_negatively = own - twice_nothing[tokens, None] < logits.topk(within + 1, largest=False).values[..., -1]
    return copied, copied_negatively
