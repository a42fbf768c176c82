"""Which models each sweep trains: densities, importances and relations of their features, one row per model."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.superposition.dataset import Relation, Source
from replications.superposition.settings import Training

MEMBERS = {"correlated-sets": 10, "independent-sets": 10}  # features of a set; pairs elsewhere
RELATIONS: dict[str, Relation] = {
    "correlated-pairs": "correlated",
    "three-pairs": "correlated",
    "correlated-sets": "correlated",
    "anticorrelated-pairs": "anticorrelated",
}


@dataclass(frozen=True)
class Models:
    """The models of a sweep, in one row each.

    Attributes:
        name: the sweep.
        shape: what a row's number unravels to: (density or other condition…, seed, restart).
        source: where the examples come from.
        importance: importance of each feature of each model.
        hidden: number of dimensions.
        linear: whether there is no ReLU.
    """

    name: str
    shape: tuple[int, ...]
    source: Source
    importance: Float[np.ndarray, "model feature"]
    hidden: int
    linear: bool

    def take(self, rows: slice) -> "Models":
        """Returns some of the models; their shape is one row."""
        source = Source(self.source.density[rows], self.source.relation, self.source.members)
        return Models(self.name, (len(source.density),), source, self.importance[rows], self.hidden, linear=self.linear)


def list_models(name: str, params: Training) -> Models:
    """Returns the models of the sweep `name` of `params.yaml`."""
    sweep = params.sweeps[name]
    # Deviation: densities-not-printed
    density = np.repeat(np.array(sweep.densities)[:, None], sweep.features, axis=1)
    importance = np.ones_like(density)
    conditions: tuple[int, ...] = (len(density),)
    if name in ("demonstration", "linear"):
        importance = importance * params.importance_decay ** np.arange(sweep.features)
    elif name == "large-demonstration":
        importance = importance * params.large_importance_decay ** np.arange(sweep.features)
    elif name in ("two-features", "three-features"):
        conditions = (len(density), len(params.importances))
        density = np.repeat(density, len(params.importances), axis=0)
        importance = np.ones_like(density)
        importance[:, -1] = np.tile(params.importances, len(sweep.densities))
    elif name == "pentagon":
        conditions = (len(params.sparser),)
        density = np.repeat(density, len(params.sparser), axis=0)
        density[:, -1] /= np.array(params.sparser)
        importance = np.ones_like(density)
    relation = RELATIONS.get(name, "independent")
    members = 1 if relation == "independent" else MEMBERS.get(name, 2)
    copies = sweep.seeds * sweep.restarts
    return Models(
        name,
        (*conditions, sweep.seeds, sweep.restarts),
        Source(np.repeat(density, copies, axis=0), relation, members),
        np.repeat(importance, copies, axis=0),
        sweep.hidden,
        linear=name == "linear",
    )
