"""What `params.yaml` says: sizes and grids of every experiment."""

from pydantic import BaseModel, ConfigDict

from replications.common.params import StageParams


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        sets: random sets of patterns for each measurement.
    """

    sets: int


class Basin(BaseModel):
    """A fraction of wrong bits, as networks and their numbers of wrong bits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    neurons: tuple[int, ...]
    wrong: tuple[int, ...]


class Params(StageParams):
    """Section `measure` of `params.yaml`; what each number means stands there."""

    seed: int
    power_neurons: dict[str, tuple[int, ...]]
    power_targets: int
    wrong_share: float
    load_factors: tuple[float, ...]
    loaded_neurons: int
    loaded_rate: float
    probes: int
    growth: float
    basins: dict[str, Basin]
    single_neurons: tuple[int, ...]
    single_targets: int
    curve_neurons: int
    curve_wrong: int
    curve_doublings: int
    storage_draws: int
    storage_directions: int
    sphere_dimensions: tuple[int, ...]
    sphere_targets: int
    sphere_tolerance: float
    bound_dimensions: tuple[int, ...]
    bound_counts: tuple[int, ...]
    bound_betas: tuple[float, ...]
    dimension: int
    count: int
    weak_beta: float
    groups: int
    group_size: int
    group_spread: float
