"""The behaviour, and which heads directly affect it: path patching from a head to the final residual stream.

Source: wang2023ioi, § 2 (behaviour), § 3.1 and App. B (path patching). Architecture neutral: any decoder of pre-norm
blocks, attention then MLP, with LayerNorm or RMSNorm, grouped-query attention or not, gated MLP or not.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge

# Recomputing in another order than the model does rounds differently: some 1e-5 logits for 12 to 30 layers in float32.
RECOMPUTATION_TOLERANCE = 1e-2


class UnsupportedArchitectureError(RuntimeError):
    """A model whose blocks are not: x + attention(norm(x)), then x + MLP(norm(x))."""


@dataclass(frozen=True)
class RunAtEnd:
    """What a forward pass leaves at END, the last position.

    Attributes:
        logits: of the next token.
        residuals: residual stream before each layer.
        attention_outputs: what each attention layer adds to it: all heads and the bias.
        mixed_values: each head's values, mixed by its attention, before W_O (`z` in TransformerLens).
        attention: each head's attention from END to every position.
    """

    logits: Float[Tensor, "batch d_vocab"]
    residuals: Float[Tensor, "layer batch d_model"]
    attention_outputs: Float[Tensor, "layer batch d_model"]
    mixed_values: Float[Tensor, "layer batch head d_head"]
    attention: Float[Tensor, "layer batch head position"]


def run_at_end(bridge: TransformerBridge, tokens: Int[Tensor, "batch position"]) -> RunAtEnd:
    """Returns what the model computes at END.

    Args:
        bridge: the model with hooks.
        tokens: prompts of equal length.
    """
    hooks = ("hook_in", "attn.hook_out", "attn.o.hook_in", "attn.hook_pattern")
    names = [f"blocks.{layer}.{hook}" for layer in range(bridge.cfg.n_layers) for hook in hooks]
    logits, cache = bridge.run_with_cache(
        tokens, names_filter=names, pos_slice=-1, return_cache_object=False, logits_to_keep=1
    )

    def stack(hook: str, position_axis: int) -> Tensor:
        layers = [cache[f"blocks.{layer}.{hook}"].squeeze(position_axis) for layer in range(bridge.cfg.n_layers)]
        return torch.stack(layers)

    mixed_values = stack("attn.o.hook_in", 1)
    heads = (bridge.cfg.n_layers, len(tokens), bridge.cfg.n_heads, bridge.cfg.d_head)
    return RunAtEnd(
        logits=logits[:, -1],
        residuals=stack("hook_in", 1),
        attention_outputs=stack("attn.hook_out", 1),
        mixed_values=mixed_values.reshape(heads),
        attention=stack("attn.hook_pattern", 2),
    )


def logit_difference(
    logits: Float[Tensor, "*sender batch d_vocab"], io_token: Int[Tensor, " batch"], s_token: Int[Tensor, " batch"]
) -> Float[Tensor, "*sender batch"]:
    """Returns the logit of IO minus the logit of S, in logits; positive when the model prefers the right answer.

    Source: wang2023ioi, § 2.
    """
    batch = torch.arange(len(io_token))
    return logits[..., batch, io_token] - logits[..., batch, s_token]


def io_probability(logits: Float[Tensor, "batch d_vocab"], io_token: Int[Tensor, " batch"]) -> Float[Tensor, " batch"]:
    """Returns the probability of IO as the next token.

    Source: wang2023ioi, § 2.
    """
    return logits.softmax(-1)[torch.arange(len(io_token)), io_token]


def head_outputs(
    bridge: TransformerBridge, mixed_values: Float[Tensor, "layer batch head d_head"]
) -> Float[Tensor, "layer batch head d_model"]:
    """Returns what each head writes into the residual stream at END, h_{i,j}(X) of the paper.

    Source: wang2023ioi, § 2, Transformer architecture.
    """
    return torch.einsum("lbhd,lhdm->lbhm", mixed_values, bridge.W_O)


def direct_effects(
    bridge: TransformerBridge,
    clean: RunAtEnd,
    corrupted_values: Float[Tensor, "layer batch head d_head"],
    io_token: Int[Tensor, " batch"],
    s_token: Int[Tensor, " batch"],
) -> Float[Tensor, "layer head batch"]:
    """Returns the change of the logit difference when the path head -> final residual stream is patched, in logits.

    For one sender head h at a time (Algorithm 1): h's output at END is taken from the corrupted run, all other heads
    keep their outputs of the clean run, MLPs and norms are recomputed. As the other heads are frozen, nothing leaves
    END on the way, so END alone is recomputed. All senders go up the layers together: each layer adds its heads.

    Negative = the head helps: the answer is less sure without what it read from the clean prompt.

    Source: wang2023ioi, § 3.1 and App. B, Algorithm 1.

    Args:
        bridge: the model with hooks.
        clean: run on x_orig.
        corrupted_values: `mixed_values` of the run on x_new.
        io_token: token of IO.
        s_token: token of S.

    Raises:
        UnsupportedArchitectureError: the same recomputation without any patch does not give the model's own logits.
    """
    changed_outputs = head_outputs(bridge, corrupted_values - clean.mixed_values)  # A_new[h] - A_orig[h]
    paths = clean.residuals[0].unsqueeze(0)  # path batch d_model; the first path is never patched
    for layer, block in enumerate(bridge.blocks):
        paths = paths + clean.attention_outputs[layer]  # frozen: every head keeps its clean output ...
        senders = paths[0] + changed_outputs[layer].transpose(0, 1)  # ... but the sender
        paths = torch.cat([paths, senders])
        paths = paths + block.mlp(block.ln2(paths))  # recomputed
    differences = logit_difference_of_residual(bridge, paths, io_token, s_token)
    unpatched, patched = differences[0], differences[1:]
    _check_recomputation(unpatched, logit_difference(clean.logits, io_token, s_token))
    return (patched - unpatched).reshape(bridge.cfg.n_layers, bridge.cfg.n_heads, -1)


def logit_difference_of_residual(
    bridge: TransformerBridge,
    residual: Float[Tensor, "path batch d_model"],
    io_token: Int[Tensor, " batch"],
    s_token: Int[Tensor, " batch"],
) -> Float[Tensor, "path batch"]:
    """Returns the logit difference that the final norm and the unembedding make of a final residual stream."""
    directions = bridge.W_U[:, io_token] - bridge.W_U[:, s_token]
    bias = bridge.b_U[io_token] - bridge.b_U[s_token]
    return torch.einsum("pbm,mb->pb", bridge.ln_final(residual), directions) + bias


def _check_recomputation(recomputed: Float[Tensor, " batch"], original: Float[Tensor, " batch"]) -> None:
    error = (recomputed - original).abs().max().item()
    if error > RECOMPUTATION_TOLERANCE:
        raise UnsupportedArchitectureError(
            f"got logit differences {error:.3g} away from the model's own when nothing is patched, expected less than "
            f"{RECOMPUTATION_TOLERANCE}; this path patching is for blocks of attention, then MLP, each after its norm"
        )
