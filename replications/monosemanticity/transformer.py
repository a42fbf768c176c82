"""The transformer with one layer, and the same with shuffled weights.

Source: bricken2023monosemanticity, App. Transformer training
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int
from torch import Tensor, nn


class Transformer(nn.Module):
    """One layer of attention, one MLP with ReLU; layer norms have no parameters.

    Args:
        vocabulary: number of tokens.
        context: longest context in tokens.
        width: of the residual stream.
        neurons: of the MLP.
        heads: of attention.
        generator: source of the initial weights.
    """

    # Deviation: transformer-details
    def __init__(
        self, vocabulary: int, context: int, width: int, neurons: int, heads: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.heads = heads

        def draw(rows: int, columns: int, scale: float) -> nn.Parameter:
            return nn.Parameter(scale * torch.randn(rows, columns, generator=generator))

        self.embedding = draw(vocabulary, width, 0.1)
        self.position = draw(context, width, 0.1)
        self.query_key_value = draw(width, 3 * width, 1 / math.sqrt(width))
        self.attention_out = draw(width, width, 1 / math.sqrt(width))
        self.mlp_in = draw(width, neurons, 1 / math.sqrt(width))
        self.mlp_in_bias = nn.Parameter(torch.zeros(neurons))
        self.mlp_out = draw(neurons, width, 1 / math.sqrt(neurons))
        self.mlp_out_bias = nn.Parameter(torch.zeros(width))
        self.unembedding = draw(width, vocabulary, 1 / math.sqrt(width))

    def read(
        self, tokens: Int[Tensor, "batch position"]
    ) -> tuple[Float[Tensor, "batch position width"], Float[Tensor, "batch position neuron"]]:
        """Returns the residual stream before the MLP, and the MLP's activations after the ReLU."""
        batch, length = tokens.shape
        stream = F.embedding(tokens, self.embedding) + self.position[:length]
        projected = normalise(stream) @ self.query_key_value
        split = projected.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*split.unbind(), is_causal=True)
        stream = stream + mixed.transpose(1, 2).reshape(batch, length, -1) @ self.attention_out
        return stream, F.relu(normalise(stream) @ self.mlp_in + self.mlp_in_bias)

    def predict(
        self, stream: Float[Tensor, "*batch width"], activations: Float[Tensor, "*batch neuron"]
    ) -> Float[Tensor, "*batch vocabulary"]:
        """Returns the logits, given what `read` returned, with other activations if wanted."""
        return normalise(stream + activations @ self.mlp_out + self.mlp_out_bias) @ self.unembedding

    def forward(self, tokens: Int[Tensor, "batch position"]) -> Float[Tensor, "batch position vocabulary"]:
        """Returns the logits."""
        return self.predict(*self.read(tokens))

    @torch.no_grad()
    def logit_weights(self, directions: Float[Tensor, "direction neuron"]) -> Float[Tensor, "direction vocabulary"]:
        """Returns by how much directions of the MLP raise each token, minus the mean over tokens, before the norm."""
        weights = directions @ self.mlp_out @ self.unembedding
        return weights - weights.mean(-1, keepdim=True)


def normalise(stream: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
    """Returns the stream with mean 0 and variance 1 at every position."""
    return F.layer_norm(stream, stream.shape[-1:])


def next_token_loss(
    logits: Float[Tensor, "batch position vocabulary"], tokens: Int[Tensor, "batch position"]
) -> Float[Tensor, "batch position"]:
    """Returns the cross-entropy of each next token in nats; one position fewer than tokens."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")


@torch.no_grad()
def shuffle_weights(transformer: Transformer, generator: torch.Generator) -> None:
    """Shuffles the entries of every weight matrix and bias, in place.

    Source: bricken2023monosemanticity, App. on the randomized transformer
    """
    # Deviation: shuffled-transformer
    for weights in transformer.parameters():
        order = torch.randperm(weights.numel(), generator=generator)
        weights.copy_(weights.flatten()[order].view_as(weights))
