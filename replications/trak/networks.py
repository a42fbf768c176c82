"""The networks, as functions of one flat vector of weights: outputs, hidden activations, start weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from replications.trak.data import Images


class Convolutional(nn.Module):
    """Three convolutions of stride 2, the mean of each quarter of the last map, the logits."""

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        sizes = (channels, 8, 16, 32)
        layers = [(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ReLU()) for a, b in pairwise(sizes)]
        self.body = nn.Sequential(*(part for pair in layers for part in pair), nn.AvgPool2d(2), nn.Flatten())
        self.head = nn.Linear(32 * 2 * 2, n_classes)

    def forward(self, images: Tensor, hidden: bool = False) -> Tensor:
        """Returns the logits, or the activations that enter the last layer."""
        activations = self.body(images)
        return activations if hidden else self.head(activations)


class ResNet9(nn.Module):
    """The ResNet-9 of the paper's CIFAR experiments.

    Source: park2023trak, official repository, examples/cifar_quickstart.ipynb
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()

        def block(before: int, after: int, size: int = 3, stride: int = 1, padding: int = 1) -> nn.Sequential:
            convolution = nn.Conv2d(before, after, size, stride, padding, bias=False)
            return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())

        self.stem = nn.Sequential(block(channels, 64), block(64, 128, 5, 2, 2))
        self.first = nn.Sequential(block(128, 128), block(128, 128))
        self.middle = nn.Sequential(block(128, 256), nn.MaxPool2d(2))
        self.second = nn.Sequential(block(256, 256), block(256, 256))
        self.last = nn.Sequential(block(256, 128, padding=0), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.head = nn.Linear(128, n_classes, bias=False)

    def forward(self, images: Tensor, hidden: bool = False) -> Tensor:
        """Returns the logits, or the activations that enter the last layer."""
        images = self.stem(images)
        images = self.middle(images + self.first(images))
        # The authors scale the logits by 0.2; scaling what enters the last layer is the same.
        activations = 0.2 * self.last(images + self.second(images))
        return activations if hidden else self.head(activations)


class Linear(nn.Module):
    """Logistic regression with several classes."""

    def __init__(self, pixels: int, n_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(pixels, n_classes)

    def forward(self, images: Tensor, hidden: bool = False) -> Tensor:
        """Returns the logits, or the pixels."""
        activations = images.flatten(1)
        return activations if hidden else self.head(activations)


@dataclass(frozen=True)
class Network:
    """A module whose weights are given at each call as one vector: its parameters, then its running statistics.

    Attributes:
        module: gives the structure; its own weights are never read.
        parameters: shape of each parameter.
        statistics: shape of each running statistic of batch normalisation.
    """

    module: nn.Module
    parameters: Mapping[str, torch.Size]
    statistics: Mapping[str, torch.Size]

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(shape.numel() for shape in self.parameters.values())

    def named(self, weights: Float[Tensor, " weight"]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Returns parameters and statistics by name, as views of the vector."""
        shapes = {**self.parameters, **self.statistics}
        pieces = weights.split([shape.numel() for shape in shapes.values()])
        arrays = {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
        return {name: arrays[name] for name in self.parameters}, {name: arrays[name] for name in self.statistics}

    def __call__(self, weights: Float[Tensor, " weight"], images: Tensor, *, hidden: bool = False) -> Tensor:
        """Returns logits, or what enters the last layer, of images; batch normalisation uses its statistics."""
        return functional_call(self.module, self.named(weights), (images, hidden))

    def start(self, rng: np.random.Generator) -> Float[Tensor, " weight"]:
        """Returns initial weights: He et al. 2015 for matrices, 1 for scales and variances, 0 for the rest."""
        pieces = []
        for name, shape in {**self.parameters, **self.statistics}.items():
            if len(shape) > 1:
                bound = math.sqrt(6 / shape[1:].numel())
                piece = rng.uniform(-bound, bound, shape)
            else:
                ones = name.endswith(("weight", "running_var"))
                piece = np.full(shape, float(ones))
            pieces.append(torch.as_tensor(piece.ravel(), dtype=torch.float32))
        return torch.cat(pieces)


def build_network(name: str, images: Images) -> Network:
    """Returns the network `convolutional`, `resnet9` or `linear` for the shape of some images."""
    n_classes, shape = len(images.classes), images.train.shape[1:]
    modules = {
        "convolutional": lambda: Convolutional(shape[0], n_classes),
        "resnet9": lambda: ResNet9(shape[0], n_classes),
        "linear": lambda: Linear(math.prod(shape), n_classes),
    }
    module = modules[name]().eval().requires_grad_(False)
    statistics = {name: buffer.shape for name, buffer in module.named_buffers() if buffer.is_floating_point()}
    return Network(module, {name: p.shape for name, p in module.named_parameters()}, statistics)


def standardise(images: Images, part: str, device: str = "cpu") -> Float[Tensor, "image channel row column"]:
    """Returns the images `train` or `test` with the training images' mean 0 and standard deviation 1 a channel."""
    train = images.train.astype(np.float32)
    mean, std = (statistic(train, axis=(0, 2, 3), keepdims=True) for statistic in (np.mean, np.std))
    pixels = train if part == "train" else images.test.astype(np.float32)
    return torch.from_numpy((pixels - mean) / std).to(device)


def log_odds(logits: Float[Tensor, "*n class"], labels: Int[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Returns the output that is attributed, log p / (1 - p) of the correct class.

    Source: park2023trak, § 3
    """
    own = labels[..., None] == torch.arange(logits.shape[-1], device=logits.device)
    others = logits.masked_fill(own, -torch.inf).logsumexp(-1)
    return logits.masked_fill(~own, 0).sum(-1) - others
