"""Training: many networks at once by gradient descent, one at a time with batch normalisation, or to the optimum."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, vmap

from replications.trak.influence import head_hessian, with_bias
from replications.trak.networks import Network
from replications.trak.settings import Training

Seed = tuple[int, ...]
NEWTON_STEPS = 50
BORROWED = 10  # steps with a Hessian that is not the exact one, before the exact one is computed after all
TOLERANCE = 1e-9  # largest component of the gradient of the mean loss


class NoConvergenceError(RuntimeError):
    """A logistic regression whose optimum could not be reached."""


def rates(training: Training, steps: int) -> Float[np.ndarray, " step"]:
    """Returns the learning rate of each step: up from zero to the peak epoch, then down to zero, in straight lines.

    Source: park2023trak, official repository, examples/cifar_quickstart.ipynb
    """
    corners = [0, training.peak * steps, training.epochs * steps]
    return training.learning_rate * np.interp(np.arange(training.epochs * steps), corners, [0, 1, 0])


def draw_batches(
    members: Int[np.ndarray, "model example"], seeds: Sequence[Seed], training: Training
) -> Iterator[list[tuple[Int[np.ndarray, "model batch"], np.ndarray]]]:
    """Yields for each epoch its batches, and which of their images are mirrored; a model's depend on its seed alone."""
    # Deviation: equal-steps-per-image
    generators = [np.random.default_rng([*seed, 1]) for seed in seeds]
    for _ in range(training.epochs):
        order = np.stack([rng.permutation(chosen) for rng, chosen in zip(generators, members, strict=True)])
        mirrored = np.stack([rng.random(order.shape[1]) < 0.5 for rng in generators]) & training.flip
        cuts = range(training.batch_size, order.shape[1], training.batch_size)
        yield list(zip(np.split(order, cuts, axis=1), np.split(mirrored, cuts, axis=1), strict=True))


def train_together(
    network: Network,
    images: Float[Tensor, "image channel row column"],
    labels: Int[Tensor, " image"],
    members: Int[np.ndarray, "model example"],
    seeds: Sequence[Seed],
    training: Training,
) -> Float[Tensor, "model checkpoint weight"]:
    """Returns the weights of several networks, each trained on its own images, at the epochs to be kept.

    All take their steps at the same time (vectorised with torch.func); none depends on the others.

    Args:
        network: without batch normalisation.
        images: of the whole training set.
        labels: their classes.
        members: rows of `images` that each network is trained on, equally many.
        seeds: of each network's initial weights and order of images.
        training: schedule.
    """
    weights = torch.stack([network.start(np.random.default_rng([*seed, 0])) for seed in seeds]).to(images.device)
    velocity = torch.zeros_like(weights)
    losses = vmap(lambda w, x, y: nn.functional.cross_entropy(network(w, x), y))
    schedule = iter(rates(training, -(-members.shape[1] // training.batch_size)))
    kept = []
    for epoch, batches in enumerate(draw_batches(members, seeds, training), start=1):
        for rows, mirrored in batches:
            batch, rows = _mirror(images[rows], mirrored), torch.from_numpy(rows).to(images.device)
            at = weights.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(losses(at, batch, labels[rows]).sum(), at)
            velocity.mul_(training.momentum).add_(gradient).add_(weights, alpha=training.weight_decay)
            weights = weights - float(next(schedule)) * velocity
        if epoch in training.checkpoints:
            kept.append(weights)
    return torch.stack(kept, dim=1)


def train_alone(
    network: Network,
    images: Float[Tensor, "image channel row column"],
    labels: Int[Tensor, " image"],
    members: Int[np.ndarray, " example"],
    seed: Seed,
    training: Training,
) -> Float[Tensor, "checkpoint weight"]:
    """Returns the weights of one network, trained alike by PyTorch's own optimiser (on a GPU in half precision).

    Batch normalisation uses the statistics of the batch, and its running statistics are part of the weights.
    """
    start = network.start(np.random.default_rng([*seed, 0])).to(images.device)
    parameters, statistics = ({k: v.clone() for k, v in part.items()} for part in network.named(start))
    optimiser = torch.optim.SGD(
        [array.requires_grad_() for array in parameters.values()],
        lr=training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
    )
    schedule = iter(rates(training, -(-len(members) // training.batch_size)))
    scaler = torch.amp.GradScaler(enabled=images.is_cuda)
    network.module.train()
    kept = []
    for epoch, batches in enumerate(draw_batches(members[None], [seed], training), start=1):
        for (rows,), mirrored in batches:
            optimiser.param_groups[0]["lr"] = float(next(schedule))
            with torch.autocast(images.device.type, torch.float16, enabled=images.is_cuda):
                batch = _mirror(images[rows], mirrored[0])
                logits = functional_call(network.module, (parameters, statistics), (batch,))
                loss = nn.functional.cross_entropy(logits, labels[torch.from_numpy(rows).to(labels.device)])
            optimiser.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimiser)
            scaler.update()
        if epoch in training.checkpoints:
            arrays = [*parameters.values(), *statistics.values()]
            kept.append(torch.cat([array.detach().flatten().clone() for array in arrays]))
    network.module.eval()
    return torch.stack(kept)


def fit_logistic(
    pixels: Float[Tensor, "image pixel"],
    labels: Int[Tensor, " image"],
    shares: Float[Tensor, " image"],
    n_classes: int,
    penalty: float,
    start: Float[Tensor, "class pixel_1"] | None = None,
    factor: Float[Tensor, "weight weight"] | None = None,
) -> Float[Tensor, "class pixel_1"]:
    """Returns the weights (bias last) that minimise sum of shares times cross-entropy + penalty / 2 * |weights|^2.

    Args:
        pixels: in double precision.
        labels: classes.
        shares: weight of each image's loss, 0 where it is left out.
        n_classes: number of classes.
        penalty: of the squared weights, biases included, which makes the optimum unique.
        start: where Newton's method starts; zero if not given.
        factor: Cholesky factor of a Hessian that is near enough to take the place of each step's own.

    Raises:
        NoConvergenceError: the optimum was not reached.
    """
    inputs = with_bias(pixels)
    one_hot = nn.functional.one_hot(labels, n_classes).to(inputs.dtype)
    weights = inputs.new_zeros(n_classes, inputs.shape[1]) if start is None else start.clone()

    def loss_at(at: Tensor) -> Tensor:
        losses = nn.functional.cross_entropy(inputs @ at.T, labels, reduction="none")
        return shares @ losses + penalty / 2 * at.square().sum()

    for number in range(NEWTON_STEPS):
        probabilities = (inputs @ weights.T).softmax(1)
        gradient = ((probabilities - one_hot) * shares[:, None]).T @ inputs + penalty * weights
        if gradient.abs().max() < TOLERANCE:
            return weights
        own = factor is None or number >= BORROWED
        used = penalised_factor(inputs, probabilities, shares, penalty) if own else factor
        step = torch.cholesky_solve(gradient.reshape(-1, 1), used).view_as(weights)
        size, before = 1.0, loss_at(weights)
        while loss_at(weights - size * step) > before + 1e-12 and size > 1e-6:
            size /= 2
        weights = weights - size * step
    raise NoConvergenceError(
        f"got a gradient of {gradient.abs().max():.1e} after {NEWTON_STEPS} steps, expected below {TOLERANCE}; "
        "raise the penalty in params.yaml"
    )


def penalised_factor(
    inputs: Float[Tensor, "image pixel_1"],
    probabilities: Float[Tensor, "image class"],
    shares: Float[Tensor, " image"],
    penalty: float,
) -> Float[Tensor, "weight weight"]:
    """Returns the Cholesky factor of the Hessian of the loss of `fit_logistic`."""
    hessian = head_hessian(inputs, probabilities, shares)
    hessian.diagonal().add_(penalty)
    return torch.linalg.cholesky(hessian)


def flatten_head(weights: Float[Tensor, "class pixel_1"]) -> Float[Tensor, " weight"]:
    """Returns the weights of a logistic regression in the order of its network: the matrix, then the biases."""
    return torch.cat([weights[:, :-1].flatten(), weights[:, -1]]).float()


def _mirror(batch: Float[Tensor, "*n channel row column"], mirrored: np.ndarray) -> Tensor:
    if not mirrored.any():
        return batch
    chosen = torch.from_numpy(mirrored).to(batch.device)[..., None, None, None]
    return torch.where(chosen, batch.flip(-1), batch)
