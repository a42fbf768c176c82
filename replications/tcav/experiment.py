"""What the settings have in common: networks to train or fetch, and what is read off each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from replications.common.params import StageParams
from replications.tcav.networks import StagedNetwork, Training

Record = dict[str, Any]  # what was read off one network, as JSON can carry it
Pictures = dict[str, np.ndarray]  # images for the figures, by name


@dataclass(frozen=True)
class Spec:
    """A network to be had.

    Attributes:
        condition: how it is trained.
        seed: of its weights, its training images and their order.
    """

    condition: str
    seed: int

    @property
    def name(self) -> str:
        """Name of the network, such as `p = 0.3, seed 1`."""
        return f"{self.condition}, seed {self.seed}"


class Networks(Protocol):
    """The networks of a setting, and how each is made."""

    @property
    def settings(self) -> StageParams:
        """What `params.yaml` says of the setting."""

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The networks."""

    def build(self, spec: Spec) -> StagedNetwork:
        """Returns the network with its initial weights."""

    def train(self, spec: Spec, network: StagedNetwork, training: Training) -> Iterator[float]:
        """Trains the network in place and yields the loss after each epoch; yields nothing if it comes trained."""


class Readings(Protocol):
    """What is read off the networks of a setting."""

    def read(self, spec: Spec, network: StagedNetwork) -> Record:
        """Returns what is read off one trained network."""

    def picture(self, trained: Mapping[Spec, StagedNetwork]) -> Pictures:
        """Returns images for the figures."""
