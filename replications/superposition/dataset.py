"""Synthetic sparse features: independent, correlated or anticorrelated in sets."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

Relation = Literal["independent", "correlated", "anticorrelated"]


@dataclass(frozen=True)
class Source:
    """Where examples come from: `models` models, each with features of its own densities.

    Attributes:
        density: probability that a feature is not zero, (model, feature); of a whole set for related features.
        relation: whether features of a set are active together, one at a time, or independently.
        members: features of a set, which lie side by side; 1 for independent features.
    """

    density: Float[np.ndarray, "model feature"]
    relation: Relation = "independent"
    members: int = 1

    def draw(self, examples: int, rng: np.random.Generator) -> Float[np.ndarray, "model example feature"]:
        """Returns fresh examples for each model, float32: zero, or uniform between 0 and 1.

        Source: elhage2022superposition, Experiment Setup; Setup for exploring correlated and anticorrelated features
        """
        models, features = self.density.shape
        uniform = rng.random((models, examples, features), dtype=np.float32)
        if self.relation == "independent":
            # A uniform number below p, divided by p, is uniform again: one draw for both decisions.
            uniform /= np.maximum(self.density, 1e-30).astype(np.float32)[:, None]
            uniform *= uniform < 1
            return uniform
        sets = features // self.members
        active = rng.random((models, examples, sets), dtype=np.float32) < self.density[:, None, :: self.members]
        if self.relation == "correlated":
            return uniform * np.repeat(active, self.members, axis=2)
        chosen = rng.integers(self.members, size=(models, examples, sets))
        mine = np.repeat(chosen, self.members, axis=2) == np.arange(features) % self.members
        return uniform * (mine & np.repeat(active, self.members, axis=2))
