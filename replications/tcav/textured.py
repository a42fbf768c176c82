"""The networks of textured objects: their classes differ in texture, in shape or in both."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from replications.tcav.experiment import Spec
from replications.tcav.networks import StagedNetwork, Training, build_network, train_network
from replications.tcav.objects import SHAPES, TEXTURES, draw_objects
from replications.tcav.photographs import SIDE
from replications.tcav.settings import TexturesSetting

TEXTURE, SHAPE, BOTH = "texture", "shape", "both"  # what tells the class
CONDITIONS = (TEXTURE, SHAPE, BOTH)
CLASSES = tuple(f"{shape}, {texture}" for shape, texture in zip(SHAPES, TEXTURES, strict=True))


@dataclass(frozen=True)
class TexturedNetworks:
    """The networks of the setting `textures`."""

    settings: TexturesSetting

    @property
    def specs(self) -> tuple[Spec, ...]:
        """One network a condition and seed."""
        return tuple(Spec(condition, seed) for seed in self.settings.seeds for condition in CONDITIONS)

    def build(self, spec: Spec) -> StagedNetwork:
        """Returns an untrained network; those of one seed start alike."""
        return build_network(len(CLASSES), SIDE, torch.Generator().manual_seed(spec.seed))

    def train(self, spec: Spec, network: StagedNetwork, training: Training) -> Iterator[float]:
        """Trains on objects whose texture, shape or both tell the class; yields losses."""
        rng = np.random.default_rng([spec.seed, 1])
        images, labels = draw_classes(spec.condition, self.settings.train, rng)
        return train_network(network, images, labels, training, rng)


def draw_classes(condition: str, n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Returns `n` objects of each class, whose texture, shape or both tell the class, and the classes.

    What does not tell the class is drawn at random.
    """
    labels = np.repeat(np.arange(len(CLASSES)), n)
    anything = rng.integers(len(CLASSES), size=len(labels))
    shapes = anything if condition == TEXTURE else labels
    textures = anything if condition == SHAPE else labels
    return torch.from_numpy(draw_objects(shapes, textures, rng)), torch.from_numpy(labels)
