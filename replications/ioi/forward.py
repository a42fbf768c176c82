"""Forward passes that recompute only some positions, from some layer up, for many interventions at once.

Each index of the leading axis `variant` is one intervention; what is not recomputed is taken from a run without any.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from replications.ioi.decoder import Decoder, attend, embed, project, run_mlp
from replications.ioi.method import RECOMPUTATION_TOLERANCE, UnsupportedArchitectureError


@dataclass(frozen=True)
class Activations:
    """A forward pass at all positions.

    Attributes:
        residuals: residual stream before each layer, and after the last.
        keys: after rotation by position, one for each group of heads.
        values: one for each group of heads.
        mixed_values: each head's values, mixed by its attention, before W_O.
        attention: from the second position axis to the third.
    """

    residuals: Float[Tensor, "layers_and_end batch position d_model"]
    keys: Float[Tensor, "layer batch position group d_head"]
    values: Float[Tensor, "layer batch position group d_head"]
    mixed_values: Float[Tensor, "layer batch position head d_head"]
    attention: Float[Tensor, "layer batch head position position"]


@dataclass(frozen=True)
class OutputPatch:
    """Heads whose mixed values are replaced.

    Attributes:
        heads: which, for each variant and slot (a named position such as S2).
        slots: which of the recomputed positions each slot is.
        replacement: by what, at the recomputed positions.
    """

    heads: Bool[Tensor, "variant layer slot head"]
    slots: Bool[Tensor, "slot batch position"]
    replacement: Float[Tensor, "layer batch position head d_head"]

    def apply(self, layer: int, mixed: Float[Tensor, "variant batch position head d_head"]) -> Tensor:
        """Returns the mixed values of a layer with the replacement."""
        if not self.heads[:, layer].any():
            return mixed
        chosen = torch.einsum("vsh,sbp->vbph", self.heads[:, layer].float(), self.slots.float()) > 0
        return torch.where(chosen.unsqueeze(-1), self.replacement[layer], mixed)


@dataclass(frozen=True)
class InputPatch:
    """A head that, computing its output at `node`, reads another query there, or another key or value at `source`.

    Attributes:
        kind: `query`, `key` or `value`.
        vector: what it reads instead, after rotation by position.
        source: position at which the key or value is replaced; for a query the same as `node`.
        node: position of the head whose output changes.
    """

    layer: int
    head: int
    kind: str
    vector: Float[Tensor, "variant batch d_head"]
    source: Int[Tensor, " batch"]
    node: Int[Tensor, " batch"]


def run_everywhere(
    decoder: Decoder, embedded: Float[Tensor, "batch position d_model"], patch: OutputPatch | None = None
) -> Activations:
    """Returns a forward pass at all positions; `patch` has a single variant."""
    batch, length, _ = embedded.shape
    positions = torch.arange(length).expand(batch, length)
    steps = list(propagate(decoder, 0, embedded.unsqueeze(0), positions, None, outputs=patch))
    return Activations(
        residuals=torch.stack([step.residual[0] for step in steps]),
        keys=torch.stack([step.keys[0] for step in steps[:-1]]),
        values=torch.stack([step.values[0] for step in steps[:-1]]),
        mixed_values=torch.stack([step.mixed[0] for step in steps[:-1]]),
        attention=torch.stack([step.attention[0] for step in steps[:-1]]),
    )


def _nothing() -> Tensor:
    return torch.empty(0)


@dataclass(frozen=True)
class Step:
    """What a layer read and computed, by variant; the last step of a pass holds the final residual stream alone."""

    residual: Float[Tensor, "variant batch position d_model"]
    keys: Tensor = field(default_factory=_nothing)
    values: Tensor = field(default_factory=_nothing)
    mixed: Tensor = field(default_factory=_nothing)
    attention: Tensor = field(default_factory=_nothing)


def propagate(
    decoder: Decoder,
    start: int,
    residual: Float[Tensor, "variant batch position d_model"],
    positions: Int[Tensor, "batch position"],
    base: Activations | None,
    *,
    inputs: Sequence[InputPatch] = (),
    outputs: OutputPatch | None = None,
) -> Iterator[Step]:
    """Yields every layer from `start` on, recomputed at `positions`, and then the final residual stream.

    Args:
        decoder: the model.
        start: the layer that reads `residual`.
        residual: before layer `start`, at the recomputed positions.
        positions: which ones these are, per prompt.
        base: the run from which keys and values of all other positions are taken; None if there are no others.
        inputs: replaced queries, keys and values.
        outputs: replaced mixed values.
    """
    for number in range(start, decoder.n_layers):
        layer = decoder.layers[number]
        queries, keys, values = project(decoder, number, residual, positions)
        if base is None:
            attention, mixed = attend(queries, keys, values, positions)
        else:
            attention, mixed = attend(queries, keys, values, positions, (base.keys[number], base.values[number]))
        for patch in inputs:
            if patch.layer == number:
                assert base is not None
                joined = _insert(base.keys[number], keys, positions), _insert(base.values[number], values, positions)
                mixed = _apply_input(patch, queries, *joined, positions, mixed)
        if outputs is not None:
            mixed = outputs.apply(number, mixed)
        yield Step(residual, keys, values, mixed, attention)
        residual = residual + mixed.flatten(-2) @ layer.w_o + layer.b_o
        residual = residual + run_mlp(layer, residual)
    yield Step(residual)


def final_residual(steps: Iterator[Step]) -> Float[Tensor, "variant batch d_model"]:
    """Returns the residual stream after the last layer at END, the last of the recomputed positions."""
    step = None
    for step in steps:  # noqa: B007 -- only the last one counts, the others are let go
        pass
    assert step is not None
    return step.residual[:, :, -1]


def refuse_unsupported(decoder: Decoder, tokens: Int[Tensor, "batch position"]) -> None:
    """Compares this module's forward pass with the model's own.

    Raises:
        UnsupportedArchitectureError: their logits differ, so the model's blocks are others than those here.
    """
    final = run_everywhere(decoder, embed(decoder, tokens)).residuals[-1, :, -1]
    ours = decoder.bridge.unembed(decoder.bridge.ln_final(final.unsqueeze(0)))[0]
    error = (ours - decoder.bridge(tokens, logits_to_keep=1)[:, -1]).abs().max().item()
    if not error <= RECOMPUTATION_TOLERANCE:
        raise UnsupportedArchitectureError(
            f"got logits {error:.3g} away from the model's own, expected less than {RECOMPUTATION_TOLERANCE}; these "
            "forward passes are for blocks of attention, then MLP, each after its norm, with plain or rotary positions"
        )


def _insert(base: Float[Tensor, "batch key group d_head"], new: Tensor, positions: Tensor) -> Tensor:
    """Returns the base run's keys or values with those of the recomputed positions in their places."""
    joined = base.unsqueeze(0).repeat(len(new), 1, 1, 1, 1)
    joined[:, torch.arange(len(positions)).unsqueeze(1), positions] = new
    return joined


def _apply_input(
    patch: InputPatch, queries: Tensor, keys: Tensor, values: Tensor, positions: Tensor, mixed: Tensor
) -> Tensor:
    """Returns the mixed values with one head's replaced, at its node, by what it computes from the other input."""
    # Deviation: one-position-per-node
    batch, group = torch.arange(len(positions)), patch.head * keys.shape[3] // queries.shape[3]
    node = (positions == patch.node.unsqueeze(1)).int().argmax(1)
    query = queries[:, batch, node, patch.head, None, None]
    key, value = keys[:, :, :, group : group + 1], values[:, :, :, group : group + 1]
    if patch.kind == "query":
        query = patch.vector[:, :, None, None]
    else:
        replaced = (key if patch.kind == "key" else value).clone()
        replaced[:, batch, patch.source, 0] = patch.vector
        key, value = (replaced, value) if patch.kind == "key" else (key, replaced)
    scores = torch.einsum("vbxhd,vbkhd->vbk", query, key) / query.shape[-1] ** 0.5
    later = torch.arange(key.shape[2]) > patch.node.unsqueeze(1)
    other = torch.einsum("vbk,vbkhd->vbd", scores.masked_fill(later, -torch.inf).softmax(-1), value)
    mixed = mixed.clone()
    mixed[:, batch, node, patch.head] = other
    return mixed
