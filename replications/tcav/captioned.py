"""The networks of the controlled experiment: they see captions of different reliability.

Source: kim2018tcav, § 4.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from replications.tcav.experiment import Spec
from replications.tcav.fashion import Garments
from replications.tcav.networks import StagedNetwork, Training, build_network, train_network
from replications.tcav.photographs import SIDE, draw_backgrounds, place_garments, replace_words, write_captions
from replications.tcav.settings import CaptionsSetting
from replications.tcav.words import CLASS_WORDS

WITHOUT = "no captions"


def condition_name(noise: float | None) -> str:
    """Returns the name of a condition, such as `p = 0.3`."""
    return WITHOUT if noise is None else f"p = {noise:g}"


@dataclass(frozen=True)
class CaptionedNetworks:
    """The networks of the setting `captions`."""

    garments: Garments
    settings: CaptionsSetting

    @property
    def noise(self) -> dict[str, float | None]:
        """The noise of each condition."""
        return {condition_name(noise): noise for noise in self.settings.noise}

    @property
    def specs(self) -> tuple[Spec, ...]:
        """One network a condition and seed."""
        return tuple(Spec(condition, seed) for seed in self.settings.seeds for condition in self.noise)

    def build(self, spec: Spec) -> StagedNetwork:
        """Returns an untrained network; those of one seed start alike."""
        # Deviation: small-networks
        return build_network(len(CLASS_WORDS), SIDE, torch.Generator().manual_seed(spec.seed))

    def train(self, spec: Spec, network: StagedNetwork, training: Training) -> Iterator[float]:
        """Trains on photographs of all classes, captioned with the condition's noise; yields losses."""
        rng = np.random.default_rng([spec.seed, 0])
        # Deviation: fashion-photographs
        images, labels = self.draw(self.garments.train, self.noise[spec.condition], rng)
        return train_network(network, images, labels, training, rng)

    def draw(
        self, garments: np.ndarray, noise: float | None, rng: np.random.Generator
    ) -> tuple[Float[Tensor, "image channel row column"], Tensor]:
        """Returns photographs with captions of that noise, none if it is None, and their classes.

        Args:
            garments: by class.
            noise: p of the paper.
            rng: source of backgrounds, places and words.
        """
        flat = garments.reshape(-1, *garments.shape[2:])
        labels = np.repeat(np.arange(len(garments)), garments.shape[1])
        images = place_garments(flat, draw_backgrounds(len(flat), rng), rng)
        if noise is not None:
            images = write_captions(images, replace_words([CLASS_WORDS[label] for label in labels], noise, rng))
        return torch.from_numpy(images), torch.from_numpy(labels)
