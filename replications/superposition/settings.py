"""What `params.yaml` says of the models to train."""

from replications.common.params import StageParams


class Sweep(StageParams):
    """One set of models that differ in density, importance and seed; what each number means stands in `params.yaml`."""

    features: int
    hidden: int
    densities: tuple[float, ...]
    seeds: int
    restarts: int
    batch: int
    steps: int


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        workers: threads that train at a time; the results do not depend on it.
    """

    workers: int


class Training(StageParams):
    """Section `train` of `params.yaml`."""

    seed: int
    rate: float
    importance_decay: float
    large_importance_decay: float
    importances: tuple[float, ...]
    sparser: tuple[float, ...]
    sweeps: dict[str, Sweep]


class Measuring(StageParams):
    """Section `measure` of `params.yaml`."""

    seed: int
    attacked: int
    attack_share: float
    evaluated: int
