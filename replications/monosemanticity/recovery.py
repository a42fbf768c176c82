"""How much of the MLP an autoencoder explains: the loss with its reconstruction in place of the MLP's activations.

Source: bricken2023monosemanticity, Global Analysis
"""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Int

from replications.monosemanticity.method import Autoencoder
from replications.monosemanticity.transformer import Transformer, next_token_loss

WINDOWS_TOGETHER = 8
CLEAN, ZERO, MEAN = "clean", "zero", "mean"  # the MLP as it is, set to zero, set to its mean


@torch.no_grad()
def replaced_losses(
    transformer: Transformer,
    autoencoders: Mapping[str, Autoencoder],
    windows: Int[np.ndarray, "window position"],
    mean: Float[torch.Tensor, " neuron"],
) -> dict[str, Float[np.ndarray, " window"]]:
    """Returns each window's mean loss in nats with the MLP as it is, at zero, at its mean, and as each reconstruction.

    Args:
        transformer: predicts.
        autoencoders: by name.
        windows: of held-out text.
        mean: of the MLP's activations.
    """
    losses: dict[str, list[np.ndarray]] = {name: [] for name in (CLEAN, ZERO, MEAN, *autoencoders)}
    for first in range(0, len(windows), WINDOWS_TOGETHER):
        tokens = torch.from_numpy(windows[first : first + WINDOWS_TOGETHER].astype(np.int64)).to(mean.device)
        stream, activations = transformer.read(tokens)
        flat = activations.flatten(0, 1)
        replaced = {CLEAN: activations, ZERO: torch.zeros_like(activations), MEAN: mean.expand_as(activations)}
        for name, autoencoder in autoencoders.items():
            replaced[name] = autoencoder.decode(autoencoder.encode(flat)).view_as(activations)
        for name, values in replaced.items():
            loss = next_token_loss(transformer.predict(stream, values), tokens)
            losses[name].append(loss.mean(1).cpu().numpy().astype(np.float64))
    return {name: np.concatenate(parts) for name, parts in losses.items()}


def recovered(
    replaced: Float[np.ndarray, " window"], clean: Float[np.ndarray, " window"], without: Float[np.ndarray, " window"]
) -> float:
    """Returns the share of the MLP's reduction of the loss that is kept: 1 for the MLP itself, 0 for `without`."""
    return float((without.mean() - replaced.mean()) / (without.mean() - clean.mean()))
