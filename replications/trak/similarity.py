"""Attributions by similarity: of gradients along training (TracIn), of their directions (GAS), of activations."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize


def tracin(
    target: Float[Tensor, "target parameter"],
    train: Float[Tensor, "image parameter"],
    target_pull: Float[Tensor, " target"],
    train_pull: Float[Tensor, " image"],
) -> Float[Tensor, "target image"]:
    """Returns the inner products of loss gradients at one checkpoint, to be added up over checkpoints.

    The loss is log(1 + exp(-f)) of the output f, so its gradient is -(1 - p) times that of the output. Pruthi et al.
    2020 weight checkpoints by their learning rate; here it is zero at the last, so that all weigh the same.

    Args:
        target: gradients of the targets' outputs.
        train: gradients of the training images' outputs.
        target_pull: 1 - p of the targets.
        train_pull: 1 - p of the training images.
    """
    # Deviation: equal-checkpoints
    return (target * target_pull[:, None]) @ (train * train_pull[:, None]).T


def cosines(target: Float[Tensor, "target d"], train: Float[Tensor, "image d"]) -> Float[Tensor, "target image"]:
    """Returns cosines: of gradients they are gradient aggregated similarity (GAS), of activations their similarity.

    The factor 1 - p between the gradients of loss and output does not turn a gradient.
    """
    return normalize(target, dim=1) @ normalize(train, dim=1).T
