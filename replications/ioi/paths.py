"""Path patching to intermediate nodes: queries, keys and values of heads that were found before.

For one sender head h at a time: h's output at one position is taken from the corrupted run, all other heads keep their
outputs of the clean run, MLPs and norms are recomputed up to the receivers (forward pass C of Algorithm 1). The
receivers then read the query, key or value that this gives, and everything above them is recomputed (forward pass D).
As all other heads are frozen in pass C, nothing leaves the sender's position on the way, so that position alone is
recomputed.

Source: wang2023ioi, § 3.2, § 3.3, App. B (Algorithm 1) and D.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.ioi.decoder import Decoder, project, run_mlp
from replications.ioi.encoding import PromptBatch
from replications.ioi.forward import Activations, InputPatch, final_residual, propagate
from replications.ioi.method import logit_difference_of_residual
from replications.ioi.movers import Head

ROWS_AT_ONCE = 8192  # positions that are recomputed together: some 0.3 GB for SmolLM2


@dataclass(frozen=True)
class Case:
    """A batch of prompts with its runs on x_orig and x_new."""

    batch: PromptBatch
    clean: Activations
    corrupted: Activations


@dataclass(frozen=True)
class Target:
    """What the path leads to.

    Attributes:
        receivers: the heads that read.
        kind: `query`, `key` or `value`.
        source: the position where it is read, and where the sender writes.
        node: the position where the receivers compute their output.
    """

    receivers: tuple[Head, ...]
    kind: str
    source: str
    node: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.source} of {' '.join(map(str, self.receivers))}"


@dataclass(frozen=True)
class PathEffects:
    """Changes of the logit difference, patched minus clean, in logits.

    Attributes:
        by_sender: of each sender head; 0 for heads that lie above all receivers.
        of_all: of everything together: the receivers read what they do in the corrupted run.
    """

    by_sender: Float[Tensor, "layer head batch"]
    of_all: Float[Tensor, " batch"]


def path_effects(decoder: Decoder, case: Case, target: Target) -> PathEffects:
    """Returns the effect of every sender through the target.

    Negative = the path helps: the answer is less sure without what the sender read from the clean prompt.

    Source: wang2023ioi, App. B, Algorithm 1.
    """
    batch, clean = case.batch, case.clean
    source, node = batch.position(target.source), batch.position(target.node)
    start, top = min(head.layer for head in target.receivers), max(head.layer for head in target.receivers)
    sent = _send(decoder, case, source, top)
    inputs = [
        _read(decoder, case, target.kind, head, sent[head.layer], len(sent[top]), source, node)
        for head in target.receivers
    ]
    positions = _from(node, batch.clean.shape[1])
    residual = clean.residuals[start][torch.arange(len(batch)).unsqueeze(1), positions].unsqueeze(0)
    differences = []
    for part in torch.arange(len(sent[top]) + 1).split(max(1, ROWS_AT_ONCE // positions.numel())):
        patches = [InputPatch(p.layer, p.head, p.kind, p.vector[part], p.source, p.node) for p in inputs]
        steps = propagate(decoder, start, residual.expand(len(part), -1, -1, -1), positions, clean, inputs=patches)
        differences.append(
            logit_difference_of_residual(decoder.bridge, final_residual(steps), batch.io_token, batch.s_token)
        )
    changes = torch.cat(differences)
    changes = changes - changes[0]
    by_sender = torch.zeros(decoder.n_layers * decoder.n_heads, len(batch))
    by_sender[: top * decoder.n_heads] = changes[1:-1]
    return PathEffects(by_sender.unflatten(0, (decoder.n_layers, decoder.n_heads)), changes[-1])


def _send(
    decoder: Decoder, case: Case, source: Int[Tensor, " batch"], top: int
) -> list[Float[Tensor, "path batch d_model"]]:
    """Returns the residual stream before each layer up to `top`: unpatched, then for each sender below that layer."""
    rows = torch.arange(len(source))
    paths = case.clean.residuals[0][rows, source].unsqueeze(0)
    sent = [paths]
    for number in range(top):
        layer = decoder.layers[number]
        original, new = (run.mixed_values[number][rows, source] for run in (case.clean, case.corrupted))
        changed = torch.einsum("bhd,hdm->hbm", new - original, layer.w_o.unflatten(0, (decoder.n_heads, -1)))
        paths = paths + original.flatten(1) @ layer.w_o + layer.b_o  # frozen: every head keeps its clean output ...
        paths = torch.cat([paths, paths[0] + changed])  # ... but the sender
        paths = paths + run_mlp(layer, paths)  # recomputed
        sent.append(paths)
    return sent


def _read(
    decoder: Decoder, case: Case, kind: str, head: Head, sent: Tensor, paths: int, source: Tensor, node: Tensor
) -> InputPatch:
    """Returns what a receiver reads for each path, and last from the corrupted run; senders above it send nothing."""
    own = case.corrupted.residuals[head.layer][torch.arange(len(source)), source].unsqueeze(0)
    residual = torch.cat([sent, sent[:1].expand(paths - len(sent), -1, -1), own]).unsqueeze(2)
    vectors = project(decoder, head.layer, residual, source.unsqueeze(1))
    index = {"query": 0, "key": 1, "value": 2}[kind]
    column = head.head if kind == "query" else head.head * decoder.n_groups // decoder.n_heads
    return InputPatch(head.layer, head.head, kind, vectors[index][:, :, 0, column], source, node)


def _from(first: Int[Tensor, " batch"], length: int) -> Int[Tensor, "batch position"]:
    """Returns the positions from the first one of any prompt to the end, the same for all prompts."""
    return torch.arange(int(first.min()), length).expand(len(first), -1)
