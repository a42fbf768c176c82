"""The head evaluators' inputs, and pattern-preserving ablation, on a language model wrapped by TransformerLens.

Source: olsson2022context, App. Data Collection (2) and (3). For decoders with rotary or learned positions, grouped
queries or not; norms are taken as they are, their gains included.
"""

from collections.abc import Collection

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge

from replications.induction_heads.circuits import positive_share


class SilentInterventionError(RuntimeError):
    """An ablation that changed nothing, or one of no head that changed something."""


def attention_patterns(
    bridge: TransformerBridge, tokens: Int[Tensor, "batch position"]
) -> Float[Tensor, "layer batch head query key"]:
    """Returns all attention patterns of a run."""
    names = [f"blocks.{layer}.attn.hook_pattern" for layer in range(bridge.cfg.n_layers)]
    _, cache = bridge.run_with_cache(tokens, names_filter=names, return_cache_object=False)
    return torch.stack([cache[name] for name in names])


def residuals_before(
    bridge: TransformerBridge, tokens: Int[Tensor, "batch position"]
) -> Float[Tensor, "layer batch position d_model"]:
    """Returns the residual stream before each layer."""
    names = [f"blocks.{layer}.hook_in" for layer in range(bridge.cfg.n_layers)]
    _, cache = bridge.run_with_cache(tokens, names_filter=names, return_cache_object=False)
    return torch.stack([cache[name] for name in names])


def raised_logits(
    bridge: TransformerBridge, layer: int, residual: Float[Tensor, "batch position d_model"]
) -> Float[Tensor, "batch head position vocab"]:
    """Returns the logits that each head of a layer raises, position by position, if it attends to that position alone.

    The direct path includes the gain of the final norm; its scale is left out, as it is the same for all logits.
    """
    attention = bridge.blocks[layer].attn
    values = torch.einsum("bpm,gmd->bgpd", bridge.blocks[layer].ln1(residual), attention.W_V)
    values = values.repeat_interleave(bridge.cfg.n_heads // values.shape[1], dim=1)  # grouped queries share a value
    outputs = torch.einsum("bhpd,hdm->bhpm", values, attention.W_O)
    return (outputs * bridge.ln_final.weight) @ bridge.W_U


def copying_by_eigenvalues(bridge: TransformerBridge) -> Float[Tensor, "layer head"]:
    """Returns, of every head's circuit W_E W_V W_O W_U, the sum of eigenvalues over the sum of their sizes.

    Gains of norms are included, MLPs are left out, so for later layers this is the direct path from the embedding only.

    Source: olsson2022context, App. Validating evaluators; elhage2021framework, § One-Layer Transformers, eigenvalues.
    """
    around = (bridge.W_U * bridge.ln_final.weight[:, None]) @ bridge.W_E  # d_model d_model
    shares = []
    for block in bridge.blocks:
        values = block.attn.W_V * block.ln1.weight[:, None]
        values = values.repeat_interleave(bridge.cfg.n_heads // len(values), dim=0)
        shares.append(positive_share(torch.linalg.eigvals(block.attn.W_O @ around @ values)))
    return torch.stack(shares)


def losses_ablated(
    bridge: TransformerBridge,
    tokens: Int[Tensor, "batch position"],
    patterns: Float[Tensor, "layer batch head query key"],
    heads: Collection[tuple[int, int]],
) -> Float[Tensor, "batch later"]:
    """Returns the loss of every token but the first when the outputs of `heads` are zero and all patterns are given.

    Source: olsson2022context, App. Data Collection (2), pattern-preserving ablation.

    Args:
        bridge: the model with hooks.
        tokens: texts of equal length.
        patterns: `attention_patterns` of the same tokens.
        heads: layer and head of each head that is silenced.
    """
    hooks = []
    for layer in range(bridge.cfg.n_layers):
        silenced = [head for other, head in heads if other == layer]

        def freeze(pattern: Tensor, hook: object, layer: int = layer) -> Tensor:
            return patterns[layer]

        def silence(mixed: Tensor, hook: object, silenced: list[int] = silenced) -> Tensor:
            by_head = mixed.clone().view(*mixed.shape[:2], bridge.cfg.n_heads, bridge.cfg.d_head)
            by_head[:, :, silenced] = 0
            return by_head.view(mixed.shape)

        hooks += [(f"blocks.{layer}.attn.hook_pattern", freeze)]
        hooks += [(f"blocks.{layer}.attn.o.hook_in", silence)] if silenced else []
    logits = bridge.run_with_hooks(tokens, fwd_hooks=hooks)
    return torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")


def check_intervention(
    bridge: TransformerBridge, tokens: Int[Tensor, "batch position"], heads: Collection[tuple[int, int]]
) -> None:
    """Refuses a model on which freezing changes something by itself, or ablating nothing at all.

    Raises:
        SilentInterventionError: the hooks do not do what their names say.
    """
    patterns = attention_patterns(bridge, tokens)
    logits = bridge(tokens)
    whole = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    frozen = (losses_ablated(bridge, tokens, patterns, []) - whole).abs().max().item()
    turned = (
        (losses_ablated(bridge, tokens, patterns.flip(1), []) - whole).abs().max().item() if len(tokens) > 1 else 1.0
    )
    silenced = (losses_ablated(bridge, tokens, patterns, heads) - whole).abs().max().item()
    if frozen > 1e-2 or turned < 1e-3 or silenced < 1e-3:
        raise SilentInterventionError(
            f"got losses changed by {frozen:.2g} nats with frozen patterns alone (expected 0), by {turned:.2g} with "
            f"those of other texts and by {silenced:.2g} with {len(list(heads))} heads silenced (expected a change); "
            "the hooks attn.hook_pattern and attn.o.hook_in of this model do not intervene"
        )
