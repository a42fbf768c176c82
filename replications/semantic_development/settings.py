"""What `params.yaml` says: sizes, rates and grids of every experiment."""

from replications.common.params import StageParams


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        runs: networks or teachers for each measurement.
    """

    runs: int


class Params(StageParams):
    """Section `measure` of `params.yaml`; what each number means stands there."""

    seed: int
    item_hidden: int
    item_scale: float
    item_start: float
    item_rate: float
    item_steps: int
    shuffles: int
    tree_depth: int
    tree_features: int
    tree_flip: float
    inputs: int
    outputs: int
    hidden: int
    start: float
    rate: float
    epochs: int
    record_every: int
    signals: tuple[tuple[float, ...], ...]
    noise_size: int
    aspects: tuple[float, ...]
    signal_grid: tuple[float, ...]
    signals_a: tuple[float, ...]
    signals_b: tuple[float, ...]
    alignments: tuple[float, ...]
    transfer_epochs: int
