"""A GPT-2 built by hand that does the task with five heads, one of each class, and three idle ones.

The residual stream has a part for the token, its position, the token before (written by 0.0), a repeated name (written
by 0.1 and 1.0) and the name to be inhibited (written by 2.0). Every number v is stored twice, as v and -v, so that its
mean is zero and LayerNorm, with a huge epsilon and a gain that undoes it, changes nothing.

    0.0  previous token:   at t reads t-1, writes its token
    0.1  duplicate token:  at t reads the same token earlier, writes it if it is a name; else reads the first position
    1.0  induction:        at t reads where the token before is this one, writes that; else reads the first position
    2.0  S-inhibition:     reads where a repeated name is written, writes it as the one to be inhibited
    3.0  name mover:       reads all names, those to be inhibited less, and writes them into the token part
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

SHARP = 40.0  # a score by which softmax is all or nothing
INHIBITION = 1.5  # weak, so that half of it is half as good
POSITIONS, HEADS, GAIN, EPSILON = 24, 2, 1e4, 1e8
PARTS = ("token", "before", "repeated", "inhibited")


@dataclass
class HeadByHand:
    """Queries and keys as pairs of maps from the stream, with constants, and what is moved from where to where."""

    queries: list[tuple[Tensor, float]]
    keys: list[Tensor]
    moved: tuple[Tensor, Tensor]


class Stream:
    """Where the parts of the residual stream are; a map is a matrix [d_model, n] that reads one, or writes it."""

    def __init__(self, vocabulary: int, names: list[int]) -> None:
        self.vocabulary, self.names = vocabulary, names
        needed = len(PARTS) * vocabulary + POSITIONS
        self.width = 2 * (needed + needed % 2)

    def part(self, name: str, columns: list[int] | None = None) -> Tensor:
        """Returns the map that reads a part (or some of its columns)."""
        first = POSITIONS + PARTS.index(name) * self.vocabulary if name != "position" else 0
        length = POSITIONS if name == "position" else self.vocabulary
        places = [first + column for column in (range(length) if columns is None else columns)]
        read = torch.zeros(self.width, len(places))
        for column, place in enumerate(places):
            read[2 * place, column], read[2 * place + 1, column] = 0.5, -0.5
        return read


def build_constructed(vocabulary: int, names: list[int]) -> GPT2LMHeadModel:
    """Returns the model for a tokenizer of `vocabulary` tokens, of which `names` are names."""
    stream = Stream(vocabulary, names)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=POSITIONS,
        n_embd=stream.width,
        n_layer=4,
        n_head=HEADS,
        n_inner=1,
        layer_norm_epsilon=EPSILON,
        attn_implementation="eager",
    )
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for norm in (model.transformer.ln_f, *(n for block in model.transformer.h for n in (block.ln_1, block.ln_2))):
            norm.weight.fill_(GAIN)
        model.transformer.wte.weight.copy_(2 * stream.part("token").T)
        model.transformer.wpe.weight.copy_(2 * stream.part("position").T)
        for (layer, head), by_hand in heads_by_hand(stream).items():
            _write(model.transformer.h[layer].attn, head, by_hand, stream.width)
    return model


def heads_by_hand(stream: Stream) -> dict[tuple[int, int], HeadByHand]:
    """Returns the five heads."""
    token, before, repeated = (stream.part(name) for name in ("token", "before", "repeated"))
    inhibited, position = stream.part("inhibited"), stream.part("position")
    of_names = {name: stream.part(name, stream.names) for name in PARTS}
    nothing, first = torch.zeros(stream.width, 1), stream.part("position", [0])
    sink = (nothing, SHARP / 2), first  # reads the first position, unless something scores more than half
    shifted = torch.cat([position[:, 1:], nothing], dim=1)
    any_name, any_repeated = of_names["token"].sum(1, keepdim=True), repeated.sum(1, keepdim=True)
    return {
        (0, 0): HeadByHand([(SHARP * shifted, 0)], [position], (token, before)),
        (0, 1): HeadByHand(
            [(SHARP * token, 0), (-2 * SHARP * position, 0), sink[0]],
            [token, position, sink[1]],
            (of_names["token"], of_names["repeated"]),
        ),
        (1, 0): HeadByHand(
            [(SHARP * of_names["token"], 0), sink[0]],
            [of_names["before"], sink[1]],
            (of_names["before"], of_names["repeated"]),
        ),
        (2, 0): HeadByHand([(nothing, SHARP), sink[0]], [any_repeated, sink[1]], (repeated, inhibited)),
        (3, 0): HeadByHand(
            [(nothing, SHARP), (-INHIBITION * of_names["inhibited"], 0)],
            [any_name, of_names["token"]],
            (of_names["token"], of_names["token"]),
        ),
    }


def _write(attention, head: int, by_hand: HeadByHand, width: int) -> None:
    d_head = width // HEADS
    queries = torch.cat([matrix for matrix, _ in by_hand.queries], dim=1) * d_head**0.5
    constants = torch.cat([torch.full((m.shape[1],), c) for m, c in by_hand.queries]) * d_head**0.5
    keys, (read, write) = torch.cat(by_hand.keys, dim=1), by_hand.moved
    start, n = head * d_head, keys.shape[1]
    attention.c_attn.weight[:, start : start + n] = queries
    attention.c_attn.bias[start : start + n] = constants
    attention.c_attn.weight[:, width + start : width + start + n] = keys
    attention.c_attn.weight[:, 2 * width + start : 2 * width + start + read.shape[1]] = read
    attention.c_proj.weight[start : start + read.shape[1]] = 2 * write.T
