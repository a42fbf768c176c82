"""A decoder with attention, and MLPs if asked, whose residual stream carries no positions.

Source: olsson2022context, Model Details; elhage2021framework, § Transformer Overview. Vectors are rows: a head maps the
residual stream x at a key to x W_V W_O at the query. Positions are added to what queries and keys read, nowhere else.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-6  # keeps the norm of a zero vector finite
MLP_RATIO = 4  # d_mlp over d_model, as in GPT-2 and most decoders since

Edit = Callable[[int, Float[Tensor, "batch head position d_head"]], Float[Tensor, "batch head position d_head"]]


@dataclass(frozen=True)
class Shape:
    """Sizes of a model.

    Attributes:
        layers: number of blocks.
        heads: in each layer; they share out the width.
        width: of the residual stream, d_model.
        vocabulary: number of tokens, the start token included.
        context: the most tokens in a document.
        mlp: whether each block has an MLP after its attention.
        smeared: whether keys are smeared over the token before.
    """

    layers: int
    heads: int
    width: int
    vocabulary: int
    context: int
    mlp: bool = False
    smeared: bool = False

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ValueError(
                f"got width {self.width} and {self.heads} heads; expected a width that is an even multiple of the heads"
            )


@dataclass(frozen=True)
class Run:
    """What a forward pass leaves.

    Attributes:
        logits: of the next token.
        patterns: attention of each layer, query by key.
        mixed_values: of each layer, each head's values mixed by its attention, before W_O.
    """

    logits: Float[Tensor, "batch position vocab"]
    patterns: list[Float[Tensor, "batch head query key"]]
    mixed_values: list[Float[Tensor, "batch head position d_head"]]


def normalise(residual: Float[Tensor, "... d_model"]) -> Float[Tensor, "... d_model"]:
    """Returns the residual stream divided by its root mean square."""
    # Deviation: norm-without-gain
    return residual * torch.rsqrt(residual.pow(2).mean(-1, keepdim=True) + NORM_EPSILON)


def encode_positions(context: int, width: int) -> Float[Tensor, "position d_model"]:
    """Returns sines and cosines of root mean square 1, with wavelengths from 2 tokens to about the context.

    Source: olsson2022context, Model Details (positions in the style of Press et al.: sinusoids, for queries and keys).
    """
    # Deviation: short-wavelengths
    frequencies = math.pi * torch.exp(-torch.arange(0, width, 2) / width * math.log(context / 2))
    angles = torch.arange(context)[:, None] * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1) * math.sqrt(2)


def smear_keys(
    keys: Float[Tensor, "batch head position d_head"], smear: Float[Tensor, " head"]
) -> Float[Tensor, "batch head position d_head"]:
    """Returns k_j = s(a) k_j + (1 - s(a)) k_(j-1); the first key is left as it is.

    Source: olsson2022context, Argument 2 and Model Details.
    """
    own = torch.sigmoid(smear)[:, None, None]
    return torch.cat([keys[:, :, :1], own * keys[:, :, 1:] + (1 - own) * keys[:, :, :-1]], 2)


class Attention(nn.Module):
    """One attention layer, every head with matrices of its own and without biases."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d_head, spread = shape.width // shape.heads, shape.width**-0.5
        read = (shape.heads, shape.width, d_head)
        self.W_Q, self.W_K, self.W_V = (nn.Parameter(spread * torch.randn(read)) for _ in range(3))
        write = (shape.heads, d_head, shape.width)
        self.W_O = nn.Parameter(spread / math.sqrt(shape.layers) * torch.randn(write))
        self.smear = nn.Parameter(torch.zeros(shape.heads)) if shape.smeared else None

    def read(
        self, stream: Float[Tensor, "batch position d_model"], positions: Float[Tensor, "position d_model"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns queries, keys and values, each batch head position d_head; keys smeared if the layer does that."""
        located = stream + positions
        queries, keys, values = _project(located, self.W_Q), _project(located, self.W_K), _project(stream, self.W_V)
        return queries, keys if self.smear is None else smear_keys(keys, self.smear), values

    def write(self, mixed: Float[Tensor, "batch head position d_head"]) -> Float[Tensor, "batch position d_model"]:
        """Returns what all heads together add to the residual stream."""
        return mixed.transpose(1, 2).flatten(2) @ self.W_O.flatten(0, 1)


def attend(
    queries: Float[Tensor, "batch head query d_head"], keys: Float[Tensor, "batch head key d_head"]
) -> Float[Tensor, "batch head query key"]:
    """Returns causal attention patterns."""
    scores = queries @ keys.transpose(-1, -2) / math.sqrt(queries.shape[-1])
    later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -math.inf).softmax(-1)


class Transformer(nn.Module):
    """The model."""

    positions: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, shape.width))
        self.unembedding = nn.Parameter(shape.width**-0.5 * torch.randn(shape.width, shape.vocabulary))
        self.attention = nn.ModuleList(Attention(shape) for _ in range(shape.layers))
        self.mlp = nn.ModuleList(_make_mlp(shape) for _ in range(shape.layers if shape.mlp else 0))
        self.register_buffer("positions", encode_positions(shape.context, shape.width), persistent=False)

    def forward(self, tokens: Int[Tensor, "batch position"]) -> Float[Tensor, "batch position vocab"]:
        """Returns the logits of the next token, by the fused attention of torch."""

        def mix(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            return functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)

        return self._pass(tokens, mix)

    def run(
        self,
        tokens: Int[Tensor, "batch position"],
        patterns: Sequence[Float[Tensor, "batch head query key"]] | None = None,
        edit: Edit | None = None,
    ) -> Run:
        """Returns logits, patterns and mixed values.

        Args:
            tokens: documents of equal length.
            patterns: attention to be used in place of the model's own, one entry a layer.
            edit: given a layer and the mixed values of its heads, returns those to be used instead.
        """
        used: list[Tensor] = []
        mixed_values: list[Tensor] = []

        def mix(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            used.append(attend(queries, keys) if patterns is None else patterns[layer])
            mixed = used[-1] @ values
            mixed_values.append(mixed if edit is None else edit(layer, mixed))
            return mixed_values[-1]

        return Run(self._pass(tokens, mix), used, mixed_values)

    def unembed(self, stream: Float[Tensor, "batch position d_model"]) -> Float[Tensor, "batch position vocab"]:
        """Returns the logits that a final residual stream gives."""
        return normalise(stream) @ self.unembedding

    def _pass(self, tokens: Tensor, mix: Callable[[int, Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        stream = self.embedding[tokens]
        positions = self.positions[: tokens.shape[1]]
        for layer, attention in enumerate(self.attention):
            stream = stream + attention.write(mix(layer, *attention.read(normalise(stream), positions)))
            if self.shape.mlp:
                stream = stream + self.mlp[layer](normalise(stream))
        return self.unembed(stream)


def _project(
    stream: Float[Tensor, "batch position d_model"], weight: Float[Tensor, "head d_model d_head"]
) -> Float[Tensor, "batch head position d_head"]:
    # One matrix product for all heads is faster than one each.
    together = stream @ weight.transpose(0, 1).flatten(1)
    return together.unflatten(-1, (weight.shape[0], weight.shape[2])).transpose(1, 2)


def _make_mlp(shape: Shape) -> nn.Module:
    hidden = MLP_RATIO * shape.width
    first, second = nn.Linear(shape.width, hidden, bias=False), nn.Linear(hidden, shape.width, bias=False)
    nn.init.normal_(first.weight, std=shape.width**-0.5)
    nn.init.normal_(second.weight, std=hidden**-0.5 / math.sqrt(shape.layers))
    return nn.Sequential(first, nn.GELU(), second)
