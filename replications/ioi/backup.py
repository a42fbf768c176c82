"""Backup name movers: heads whose direct effect grows when the name movers are knocked out and later heads recompute.

Source: wang2023ioi, § 3.4 and App. F.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from replications.ioi.decoder import Decoder
from replications.ioi.encoding import PromptBatch
from replications.ioi.forward import Activations, OutputPatch, propagate
from replications.ioi.method import RunAtEnd, direct_effects
from replications.ioi.movers import Head


def knocked_out_effects(
    decoder: Decoder,
    batch: PromptBatch,
    runs: Sequence[Activations],
    means: Float[Tensor, "layer batch position head d_head"],
    heads: Sequence[Head],
) -> Float[Tensor, "layer head batch"]:
    """Returns the direct effect of every head on the logit difference, in logits, with `heads` knocked out at END.

    Both runs of the path patching, on x_orig and on x_new, have the heads mean-ablated and everything above recomputed.

    Args:
        decoder: the model.
        batch: the prompts.
        runs: their runs on x_orig and x_new.
        means: what the heads are replaced with.
        heads: what is knocked out; none for the plain direct effects.
    """
    clean, corrupted = (_run_at_end(decoder, run, means, heads) for run in runs)
    return direct_effects(decoder.bridge, clean, corrupted.mixed_values, batch.io_token, batch.s_token)


def _run_at_end(decoder: Decoder, run: Activations, means: Tensor, heads: Sequence[Head]) -> RunAtEnd:
    """Returns what the model computes at END with some heads replaced by their means there."""
    length = run.residuals.shape[2]
    positions = torch.full((run.residuals.shape[1], 1), length - 1)
    chosen = torch.zeros(1, decoder.n_layers, 1, decoder.n_heads, dtype=torch.bool)
    for head in heads:
        chosen[0, head.layer, 0, head.head] = True
    patch = OutputPatch(chosen, torch.ones(1, len(positions), 1, dtype=torch.bool), means[:, :, -1:])
    steps = list(propagate(decoder, 0, run.residuals[0][None, :, -1:], positions, run, outputs=patch))
    mixed = torch.stack([step.mixed[0, :, 0] for step in steps[:-1]])
    written = torch.stack(
        [z.flatten(1) @ layer.w_o + layer.b_o for z, layer in zip(mixed, decoder.layers, strict=True)]
    )
    return RunAtEnd(
        logits=decoder.bridge.unembed(decoder.bridge.ln_final(steps[-1].residual[0]))[:, 0],
        residuals=torch.stack([step.residual[0, :, 0] for step in steps[:-1]]),
        attention_outputs=written,
        mixed_values=mixed,
        attention=torch.stack([step.attention[0, :, :, 0] for step in steps[:-1]]),
    )
