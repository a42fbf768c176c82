"""The sparse autoencoder in the paper's order: start, loss and gradients, projection, resampling of dead features.

Source: bricken2023monosemanticity, App. Architecture; App. Neuron resampling
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int
from torch import Tensor

WEISZFELD_STEPS = 100
# Below this share of active codes, multiplying by zeros costs more than finding the others (on a CPU; both exact).
SPARSE_BELOW = 0.035


@dataclass
class Autoencoder:
    """A dictionary with its encoder; rows of `decoder` are directions of unit length."""

    encoder: Float[Tensor, "feature neuron"]
    encoder_bias: Float[Tensor, " feature"]
    decoder: Float[Tensor, "feature neuron"]
    bias: Float[Tensor, " neuron"]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The tensors by name."""
        return vars(self)

    def pre_activations(self, vectors: Float[Tensor, "batch neuron"]) -> Float[Tensor, "batch feature"]:
        """Returns W_e (x − b_d) + b_e."""
        return torch.addmm(self.encoder_bias - self.encoder @ self.bias, vectors, self.encoder.T)

    def encode(self, vectors: Float[Tensor, "batch neuron"]) -> Float[Tensor, "batch feature"]:
        """Returns the codes f = ReLU(W_e (x − b_d) + b_e)."""
        return self.pre_activations(vectors).relu_()

    def decode(self, codes: Float[Tensor, "batch feature"]) -> Float[Tensor, "batch neuron"]:
        """Returns the reconstruction W_d f + b_d."""
        return torch.addmm(self.bias, codes, self.decoder)


@dataclass(frozen=True)
class Step:
    """Loss and gradients of a batch.

    Attributes:
        squared_error: mean over batch and neurons.
        active: mean number of active features (L0).
        penalty: mean over the batch of the sum of the codes (L1), without the coefficient.
        counts: vectors on which each feature was active.
        gradients: of the loss, by the name of the parameter.
    """

    squared_error: float
    active: float
    penalty: float
    counts: Int[Tensor, " feature"]
    gradients: dict[str, Tensor]


def start_autoencoder(vectors: Float[Tensor, "batch neuron"], features: int, generator: torch.Generator) -> Autoencoder:
    """Returns an untrained autoencoder: Kaiming uniform weights, unit directions, b_d at the geometric median."""
    neurons = vectors.shape[1]
    bound = (6 / neurons) ** 0.5  # Kaiming uniform for a ReLU

    def draw() -> Tensor:
        uniform = torch.rand(features, neurons, generator=generator)
        return (bound * (2 * uniform - 1)).to(vectors.device)

    zeros = torch.zeros(features, device=vectors.device)
    return Autoencoder(draw(), zeros, F.normalize(draw(), dim=1), geometric_median(vectors))


def geometric_median(vectors: Float[Tensor, "batch neuron"]) -> Float[Tensor, " neuron"]:
    """Returns the point with the least sum of distances to the vectors, by Weiszfeld's iteration."""
    point = vectors.mean(0)
    for _ in range(WEISZFELD_STEPS):
        weights = 1 / (vectors - point).norm(dim=1).clamp_min(1e-6)
        point = weights @ vectors / weights.sum()
    return point


@torch.no_grad()
def take_gradients(
    autoencoder: Autoencoder, vectors: Float[Tensor, "batch neuron"], coefficient: float, sparse: bool | None = None
) -> Step:
    """Returns loss and gradients of: mean squared error over batch and neurons + coefficient · mean over batch of Σ f.

    The encoder is always multiplied in full. All else needs the active codes alone: exact, and cheap once they are few.

    Args:
        autoencoder: is not changed.
        vectors: the batch.
        coefficient: λ.
        sparse: how to multiply; None for what is faster here.
    """
    codes = autoencoder.encode(vectors)
    mask = codes > 0
    count = int(mask.sum())
    if sparse is None:
        sparse = vectors.device.type == "cpu" and count < SPARSE_BELOW * codes.numel()
    rule = _sparse_gradients if sparse else _dense_gradients
    residual, counts, gradients = rule(autoencoder, vectors, codes, mask, coefficient)
    total = float(codes.sum())
    return Step(float(residual.square().mean()), count / len(vectors), total / len(vectors), counts, gradients)


def _dense_gradients(
    autoencoder: Autoencoder, vectors: Tensor, codes: Tensor, mask: Tensor, coefficient: float
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    residual = autoencoder.decode(codes) - vectors
    outward = residual * (2 / residual.numel())  # d loss / d reconstruction
    inward = (outward @ autoencoder.decoder.T).add_(coefficient / len(vectors)).mul_(mask)
    summed = inward.sum(0)
    return (
        residual,
        mask.sum(0),
        {
            "encoder": inward.T @ (vectors - autoencoder.bias),
            "encoder_bias": summed,
            "decoder": codes.T @ outward,
            "bias": outward.sum(0) - summed @ autoencoder.encoder,  # b_d stands at the output and at the input
        },
    )


def _sparse_gradients(
    autoencoder: Autoencoder, vectors: Tensor, codes: Tensor, mask: Tensor, coefficient: float
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    batch, features = codes.shape
    rows, columns = mask.nonzero(as_tuple=True)
    starts = torch.zeros(batch + 1, dtype=torch.long)
    torch.cumsum(mask.sum(1), 0, out=starts[1:])
    values = codes[rows, columns].requires_grad_()
    with torch.enable_grad():
        reconstruction = F.embedding_bag(
            columns, autoencoder.decoder, starts, mode="sum", per_sample_weights=values, include_last_offset=True
        )
    residual = reconstruction.detach() + autoencoder.bias - vectors
    outward = residual * (2 / residual.numel())
    (inward,) = torch.autograd.grad(reconstruction, values, outward)
    inward += coefficient / batch
    # By feature, so that each gradient is a sum over the vectors on which the feature is active.
    order = torch.argsort(columns, stable=True)
    active = torch.bincount(columns, minlength=features)
    by_feature = torch.zeros(features + 1, dtype=torch.long)
    torch.cumsum(active, 0, out=by_feature[1:])
    on = rows[order]

    def gather(source: Tensor, weights: Tensor) -> Tensor:
        return F.embedding_bag(
            on, source, by_feature, mode="sum", per_sample_weights=weights[order], include_last_offset=True
        )

    summed = torch.zeros(features).index_add_(0, columns, inward)
    return (
        residual,
        active,
        {
            "encoder": gather(vectors, inward).addr_(summed, autoencoder.bias, alpha=-1),
            "encoder_bias": summed,
            "decoder": gather(outward, values.detach()),
            "bias": outward.sum(0) - summed @ autoencoder.encoder,
        },
    )


def remove_parallel(gradient: Float[Tensor, "feature neuron"], decoder: Float[Tensor, "feature neuron"]) -> None:
    """Takes from the gradient what would only change the length of a direction, in place."""
    along = (gradient * decoder).sum(1, keepdim=True)
    gradient.addcmul_(along, decoder, value=-1)


def restore_length(decoder: Float[Tensor, "feature neuron"]) -> None:
    """Makes every direction a unit vector again, in place."""
    decoder.div_(decoder.norm(dim=1, keepdim=True).clamp_min(1e-12))


@torch.no_grad()
def squared_losses(
    autoencoder: Autoencoder, vectors: Float[Tensor, "batch neuron"], coefficient: float
) -> Float[Tensor, " batch"]:
    """Returns the square of each vector's loss: the weight with which it may become a new feature."""
    codes = autoencoder.encode(vectors)
    error = (autoencoder.decode(codes) - vectors).square().mean(1)
    return (error + coefficient * codes.sum(1)).square()


@torch.no_grad()
def resample(
    autoencoder: Autoencoder,
    dead: Int[Tensor, " dead"],
    vectors: Float[Tensor, "batch neuron"],
    weights: Float[Tensor, " batch"],
    norm_share: float,
    generator: torch.Generator,
) -> None:
    """Points dead features at vectors that are badly reconstructed, in place.

    The direction becomes the unit vector of the input (as the encoder sees it, without b_d), the encoder the same with
    `norm_share` of the mean norm of the live encoders, its bias 0. The caller resets the optimiser for these features.

    Args:
        autoencoder: is changed.
        dead: which features.
        vectors: inputs that may be drawn.
        weights: proportional to the probability of being drawn (`squared_losses`).
        norm_share: 0.2 in the paper.
        generator: source of the draw.
    """
    if not len(dead):
        return
    alive = torch.ones(len(autoencoder.encoder), dtype=torch.bool, device=vectors.device)
    alive[dead] = False
    norms = autoencoder.encoder[alive].norm(dim=1) if alive.any() else autoencoder.encoder.norm(dim=1)
    drawn = torch.multinomial(weights.cpu().double(), len(dead), replacement=True, generator=generator)
    centred = vectors[drawn.to(vectors.device)] - autoencoder.bias
    directions = F.normalize(centred, dim=1)
    autoencoder.decoder[dead] = directions
    autoencoder.encoder[dead] = norm_share * norms.mean() * directions
    autoencoder.encoder_bias[dead] = 0


def fold_norms(autoencoder: Autoencoder) -> Autoencoder:
    """Returns the same map with unit directions: the lengths of the directions move into the encoder."""
    norms = autoencoder.decoder.norm(dim=1)
    return Autoencoder(
        autoencoder.encoder * norms[:, None],
        autoencoder.encoder_bias * norms,
        autoencoder.decoder / norms[:, None],
        autoencoder.bias,
    )
