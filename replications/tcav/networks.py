"""Small convolutional networks whose stages can be read and entered: training, activations, gradients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

CHANNELS = (16, 32, 32, 32)
HIDDEN = 32


class StagedNetwork(nn.Module):
    """A classifier that is a chain of named stages, so that activations can be taken out after each.

    Args:
        stages: modules in the order of the forward pass; a stage's output enters the next.
    """

    def __init__(self, stages: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleDict(stages)

    def forward(self, images: Float[Tensor, "image channel row column"]) -> Float[Tensor, "image class"]:
        """Returns the logits."""
        for stage in self.stages.values():
            images = stage(images)
        return images

    def run_until(self, stage: str, images: Float[Tensor, "image channel row column"]) -> Float[Tensor, "image ..."]:
        """Returns the activations of a stage, f_l(x) of the paper."""
        for name, module in self.stages.items():
            images = module(images)
            if name == stage:
                return images
        raise KeyError(f"got stage {stage!r}; expected one of {list(self.stages)}")

    def run_from(self, stage: str, activations: Float[Tensor, "image ..."]) -> Float[Tensor, "image class"]:
        """Returns the logits that follow from the activations of a stage, h_l(f_l(x)) of the paper."""
        names = list(self.stages)
        for name in names[names.index(stage) + 1 :]:
            activations = self.stages[name](activations)
        return activations


def build_network(n_classes: int, side: int, generator: torch.Generator) -> StagedNetwork:
    """Returns an untrained network: four convolutions of stride 2, a hidden layer, the logits.

    Args:
        n_classes: number of logits.
        side: rows and columns of an image.
        generator: source of the initial weights (He et al. 2015, uniform, as for ReLU; biases zero).
    """
    # The input is centred within the first stage: callers pass pixels in [0, 1].
    stages: dict[str, nn.Module] = {}
    before = 3
    for number, channels in enumerate(CHANNELS, start=1):
        layers = [nn.Conv2d(before, channels, 3, stride=2, padding=1), nn.ReLU()]
        stages[f"conv{number}"] = nn.Sequential(*([_Centre()] if number == 1 else []), *layers)
        before = channels
    flat = before * (side // 2 ** len(CHANNELS)) ** 2
    stages["hidden"] = nn.Sequential(nn.Flatten(), nn.Linear(flat, HIDDEN), nn.ReLU())
    stages["logits"] = nn.Linear(HIDDEN, n_classes)
    network = StagedNetwork(stages)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(module.bias)
    return network


class _Centre(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return 4 * (images - 0.5)


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes:
        epochs: passes over the images.
        batch_size: images a step.
        learning_rate: highest of the schedule.
    """

    epochs: int
    batch_size: int
    learning_rate: float


def train_network(
    network: StagedNetwork,
    images: Float[Tensor, "image channel row column"],
    labels: Int[Tensor, " image"],
    training: Training,
    rng: np.random.Generator,
) -> Iterator[float]:
    """Yields the mean cross-entropy of each epoch, in nats; trains `network` in place (Adam, one-cycle schedule)."""
    optimiser = torch.optim.Adam(network.parameters(), lr=training.learning_rate)
    steps = -(-len(images) // training.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, training.learning_rate, epochs=training.epochs, steps_per_epoch=steps
    )
    for _ in range(training.epochs):
        total = 0.0
        for batch in torch.from_numpy(rng.permutation(len(images))).split(training.batch_size):
            loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        yield total / len(images)


@torch.no_grad()
def predict_logits(
    network: nn.Module, images: Float[Tensor, "image channel row column"], batch_size: int = 256
) -> Float[Tensor, "image class"]:
    """Returns the logits."""
    return torch.cat([network(batch) for batch in images.split(batch_size)])


@torch.no_grad()
def read_activations(
    network: StagedNetwork, stage: str, images: Float[Tensor, "image channel row column"], batch_size: int = 256
) -> Float[np.ndarray, "image unit"]:
    """Returns the activations of a stage, flattened: every channel at every place is a unit of its own, no pooling."""
    batches = [network.run_until(stage, batch).flatten(1) for batch in images.split(batch_size)]
    return torch.cat(batches).numpy()


def logit_gradients(
    network: StagedNetwork,
    stage: str,
    images: Float[Tensor, "image channel row column"],
    class_index: int,
    batch_size: int = 256,
) -> Float[np.ndarray, "image unit"]:
    """Returns the gradient of the logit of a class with respect to the activations of a stage, flattened.

    Source: kim2018tcav, eq. 1: the gradient of h_{l,k}. The logit, not the loss: it points towards the class.
    """
    gradients: list[Tensor] = []
    for batch in images.split(batch_size):
        with torch.no_grad():
            activations = network.run_until(stage, batch)
        activations.requires_grad_(True)
        logits = network.run_from(stage, activations)[:, class_index]
        (gradient,) = torch.autograd.grad(logits.sum(), activations)
        gradients.append(gradient.flatten(1))
    return torch.cat(gradients).numpy()


def stage_names(network: StagedNetwork) -> Sequence[str]:
    """Returns the stages at which concepts are tested: all but the logits themselves."""
    return list(network.stages)[:-1]
