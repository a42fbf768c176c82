"""Sampling with a feature held at a value: what does the transformer write then?

Source: bricken2023monosemanticity, Arabic script (sampling with the feature pinned)
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.monosemanticity.method import Autoencoder
from replications.monosemanticity.transformer import Transformer


def clamp(
    autoencoder: Autoencoder, activations: Float[Tensor, "*batch neuron"], feature: int, value: float
) -> Float[Tensor, "*batch neuron"]:
    """Returns the activations with one feature at `value`; all that it does not explain stays as it was."""
    centred = activations - autoencoder.bias
    code = torch.relu(centred @ autoencoder.encoder[feature] + autoencoder.encoder_bias[feature])
    return activations + (value - code)[..., None] * autoencoder.decoder[feature]


@torch.no_grad()
def sample(
    transformer: Transformer,
    prompts: Int[np.ndarray, "prompt position"],
    length: int,
    rng: np.random.Generator,
    held: tuple[Autoencoder, int, float] | None = None,
) -> Int[np.ndarray, "prompt sampled"]:
    """Returns `length` tokens sampled after each prompt at temperature 1.

    Args:
        transformer: writes.
        prompts: of one length, which with `length` is at most the context.
        length: tokens to sample.
        rng: source of the draw; with the same one, samples differ by the intervention alone.
        held: autoencoder, feature and the value at which it is held at every position; None for no intervention.
    """
    tokens = torch.from_numpy(prompts.astype(np.int64)).to(transformer.embedding.device)
    for _ in range(length):
        stream, activations = transformer.read(tokens)
        stream, activations = stream[:, -1], activations[:, -1]
        if held is not None:
            activations = clamp(held[0], activations, held[1], held[2])
        below = transformer.predict(stream, activations).double().softmax(-1).cumsum(-1)
        drawn = torch.from_numpy(rng.random((len(tokens), 1))).to(below.device)
        following = torch.searchsorted(below, drawn).clamp_max(below.shape[-1] - 1)
        tokens = torch.cat([tokens, following], dim=1)
    return tokens[:, -length:].cpu().numpy()
