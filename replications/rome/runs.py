"""Forward passes that keep what they computed, and passes that start in the middle of one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from replications.rome.decoder import Decoder, Keys, attend, embed, run_mlp, unembed

PADDING = -1  # position number of padding, which stands to the left


@dataclass(frozen=True)
class Rows:
    """Token sequences of different lengths, padded on the left, so that they end together."""

    tokens: Int[Tensor, "row position"]
    positions: Int[Tensor, "row position"]

    @property
    def seen(self) -> Bool[Tensor, "row position"]:
        """False on padding."""
        return self.positions != PADDING


@dataclass(frozen=True)
class Run:
    """All that a forward pass computed from some position on; one variant.

    Attributes:
        residual: before each layer, and after the last.
        attention: what each layer's attention wrote.
        mlp: what each MLP wrote.
        keys: of attention.
        values: of attention.
        positions: numbers of the positions.
    """

    residual: list[Float[Tensor, "row position d_model"]]
    attention: list[Float[Tensor, "row position d_model"]]
    mlp: list[Float[Tensor, "row position d_model"]]
    keys: list[Float[Tensor, "row position group d_head"]]
    values: list[Float[Tensor, "row position group d_head"]]
    positions: Int[Tensor, "row position"]

    def before(self, layer: int, end: int) -> Keys:
        """Returns what later positions may read of the first `end` positions."""
        seen = (self.positions != PADDING)[:, :end]
        return Keys(self.keys[layer][:, :end], self.values[layer][:, :end], seen)


def pad(sequences: Sequence[Sequence[int]], device: torch.device) -> Rows:
    """Returns token sequences as rows."""
    length = max(map(len, sequences))
    tokens = torch.zeros(len(sequences), length, dtype=torch.long)
    positions = torch.full_like(tokens, PADDING)
    for row, sequence in enumerate(sequences):
        tokens[row, length - len(sequence) :] = torch.tensor(sequence)
        positions[row, length - len(sequence) :] = torch.arange(len(sequence))
    return Rows(tokens.to(device), positions.to(device))


def run_everywhere(
    decoder: Decoder, residual: Float[Tensor, "row position d_model"], positions: Int[Tensor, "row position"]
) -> Run:
    """Returns a whole forward pass from the embedded tokens on."""
    run = Run([residual], [], [], [], [], positions)
    for layer in decoder.layers:
        attention, keys, values = attend(decoder, layer, residual[None], positions)
        middle = residual + attention[0]
        mlp = run_mlp(decoder, layer, middle)
        residual = middle + mlp
        for kept, value in (
            (run.residual, residual), (run.attention, attention[0]), (run.mlp, mlp), (run.keys, keys[0]),
            (run.values, values[0]),
        ):  # fmt: skip
            kept.append(value)
    return run


def run_rows(decoder: Decoder, rows: Rows) -> Run:
    """Returns a whole forward pass over token sequences."""
    return run_everywhere(decoder, embed(decoder, rows.tokens, rows.positions.clamp(min=0)), rows.positions)


def run_on(
    decoder: Decoder, run: Run, first_layer: int, residual: Float[Tensor, "row position d_model"], start: int
) -> Float[Tensor, "row position d_model"]:
    """Returns the residual stream after the last layer, where positions from `start` on are recomputed.

    Args:
        decoder: the model.
        run: the pass that went before; positions before `start` are as in it, for they cannot see later ones.
        first_layer: the first layer that is recomputed.
        residual: its input, at the positions from `start` on.
        start: index of the first recomputed position.
    """
    positions = run.positions[:, start:]
    for number in range(first_layer, decoder.n_layers):
        layer = decoder.layers[number]
        attention, _, _ = attend(decoder, layer, residual[None], positions, run.before(number, start))
        middle = residual + attention[0]
        residual = middle + run_mlp(decoder, layer, middle)
    return residual


def next_token_logits(decoder: Decoder, rows: Rows) -> Float[Tensor, "row vocab"]:
    """Returns the logits after the last token of each row."""
    return unembed(decoder, _last_residual(decoder, rows, 1)[:, -1])


def target_log_probability(
    decoder: Decoder, prompts: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> Float[Tensor, " row"]:
    """Returns the mean log-probability per token of each target after its prompt.

    Source: meng2022rome, the authors' code: P of an object of several tokens is the exponential of this.
    """
    rows = pad([[*p, *t] for p, t in zip(prompts, targets, strict=True)], decoder.device)
    longest = max(map(len, targets))
    residual = _last_residual(decoder, rows, longest + 1)[:, :-1]
    logits = unembed(decoder, residual).log_softmax(-1)
    picked = logits.gather(-1, rows.tokens[:, -longest:, None]).squeeze(-1)
    lengths = torch.tensor([len(target) for target in targets], device=decoder.device)
    counted = torch.arange(longest, 0, -1, device=decoder.device) <= lengths[:, None]
    return (picked * counted).sum(-1) / lengths


def _last_residual(decoder: Decoder, rows: Rows, kept: int) -> Float[Tensor, "row kept d_model"]:
    """Returns the residual stream after the last layer at the last `kept` positions; nothing else is kept."""
    residual = embed(decoder, rows.tokens, rows.positions.clamp(min=0))
    for layer in decoder.layers:
        attention, _, _ = attend(decoder, layer, residual[None], rows.positions)
        residual = residual + attention[0]
        residual = residual + run_mlp(decoder, layer, residual)
    return residual[:, -kept:]
