"""The network: a transformer of one layer that reads `a b =` and answers at the last token.

Only the last token is read out, and what it asks of the others does not depend on them. So attention scores and values
are tables over 113 numbers for each of two positions, and the neurons are computed at the last token only.
"""

from dataclasses import dataclass, fields
from math import sqrt

import torch
from torch import Tensor

from replications.grokking.dataset import MODULUS, Pairs

EQUALS = MODULUS  # the token "="
VOCABULARY = MODULUS + 1
D_MODEL, HEADS, D_HEAD, NEURONS = 128, 4, 32, 512  # nanda2023grokking, § 3


@dataclass(frozen=True)
class Weights:
    """The parameters, with the shapes of TransformerLens. No layer norm; biases in the MLP only (paper, App. A).

    Attributes:
        W_E: embedding [token, d_model].
        W_pos: positions [position, d_model].
        W_Q: queries [head, d_model, d_head].
        W_K: keys [head, d_model, d_head].
        W_V: values [head, d_model, d_head].
        W_O: output of the heads [head, d_head, d_model].
        W_in: into the neurons [d_model, neuron].
        b_in: bias of the neurons [neuron].
        W_out: out of the neurons [neuron, d_model].
        b_out: bias of what the neurons write [d_model].
        W_U: unembedding [d_model, token].
    """

    W_E: Tensor
    W_pos: Tensor
    W_Q: Tensor
    W_K: Tensor
    W_V: Tensor
    W_O: Tensor
    W_in: Tensor
    b_in: Tensor
    W_out: Tensor
    b_out: Tensor
    W_U: Tensor

    def named(self) -> dict[str, Tensor]:
        """Returns the parameters by name, in the order of the fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def draw_weights(seed: int) -> Weights:
    """Returns random weights in float32: normal with variance 1/128, the unembedding with 1/114, biases zero.

    Source: nanda2023grokking, its authors' code (also for the neurons' outputs, whose usual variance would be 1/512)
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, fan: int = D_MODEL) -> Tensor:
        return torch.randn(*shape, generator=generator) / sqrt(fan)

    # Deviation: from-the-code
    return Weights(
        W_E=draw(VOCABULARY, D_MODEL),
        W_pos=draw(3, D_MODEL),
        W_Q=draw(HEADS, D_MODEL, D_HEAD),
        W_K=draw(HEADS, D_MODEL, D_HEAD),
        W_V=draw(HEADS, D_MODEL, D_HEAD),
        W_O=draw(HEADS, D_HEAD, D_MODEL),
        W_in=draw(D_MODEL, NEURONS),
        b_in=torch.zeros(NEURONS),
        W_out=draw(NEURONS, D_MODEL),
        b_out=torch.zeros(D_MODEL),
        W_U=draw(D_MODEL, VOCABULARY, fan=VOCABULARY),
    )


def attend(weights: Weights, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Returns the attention of the last token [position, pair, head] and the heads' values [pair, head · d_head].

    Source: nanda2023grokking, App. A
    """
    last = weights.W_E[EQUALS] + weights.W_pos[2]
    tokens = torch.cat([weights.W_E[:EQUALS] + weights.W_pos[0], weights.W_E[:EQUALS] + weights.W_pos[1], last[None]])
    asked = torch.einsum("hmd,m,hnd->nh", weights.W_Q, last, weights.W_K) / sqrt(D_HEAD)
    scores, values = tokens @ asked, tokens @ weights.W_V.permute(1, 0, 2).flatten(1)
    places = pairs.a, pairs.b + MODULUS
    of_last = scores[-1].expand(len(pairs.a), HEADS)
    attention = torch.stack([scores[places[0]], scores[places[1]], of_last]).softmax(0)
    split = values.view(-1, HEADS, D_HEAD)
    mixed = attention[0, ..., None] * split[places[0]] + attention[1, ..., None] * split[places[1]]
    return attention, (mixed + attention[2, ..., None] * split[-1]).flatten(1)


def run_network(weights: Weights, pairs: Pairs) -> Tensor:
    """Returns the logits at the last token [pair, token], the one of "=" included.

    Matrices that follow each other are multiplied first, which is the same function; `compute_neurons`
    and `read_out` do not.
    """
    last = weights.W_E[EQUALS] + weights.W_pos[2]
    heads = weights.W_O.flatten(0, 1)
    values = attend(weights, pairs)[1]
    # Deviation: combined-matrices
    neurons = torch.addmm(last @ weights.W_in + weights.b_in, values, heads @ weights.W_in).relu()
    around = torch.addmm((last + weights.b_out) @ weights.W_U, values, heads @ weights.W_U)
    return torch.addmm(around, neurons, weights.W_out @ weights.W_U)


def compute_neurons(weights: Weights, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Returns what the last token holds before the MLP [pair, d_model] and the neurons' activity [pair, neuron].

    Source: nanda2023grokking, App. A
    """
    residual = weights.W_E[EQUALS] + weights.W_pos[2] + attend(weights, pairs)[1] @ weights.W_O.flatten(0, 1)
    return residual, (residual @ weights.W_in + weights.b_in).relu()


def read_out(weights: Weights, residual: Tensor, neurons: Tensor) -> Tensor:
    """Returns the logits [pair, token] from what `compute_neurons` returns, or from an altered copy of it."""
    return (residual + neurons @ weights.W_out + weights.b_out) @ weights.W_U
