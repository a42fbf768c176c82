"""The schemas of `params.yaml` that more than one module reads."""

from pydantic import BaseModel, ConfigDict

from replications.common.params import StageParams

NAME = "trak"


class Training(BaseModel):
    """How a network is trained; the numbers are explained in `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    epochs: int
    batch_size: int
    learning_rate: float
    peak: int
    momentum: float
    weight_decay: float
    flip: bool
    penalty: float
    checkpoints: tuple[int, ...]


class Setting(StageParams):
    """One entry of `settings`; the numbers are explained in `params.yaml`."""

    data: str
    network: str
    device: str
    images: int
    targets: int
    training: Training
    together: int
    chunk: int
    exact_gradients: bool
    subsets: int
    repeats: int
    pool: int
    trak_models: tuple[int, ...]
    resampling_models: tuple[int, ...]
    similarity_models: tuple[int, ...]
    checkpoint_models: tuple[int, ...]
    arnoldi_models: tuple[int, ...]
    ablation_models: int
    dimensions: tuple[int, ...]
    dimension: int
    counterfactual_targets: int
    removed: tuple[int, ...]
    counterfactual_repeats: int

    @property
    def kept(self) -> int:
        """How many networks of the pool keep their weights: those that some method takes gradients of."""
        return max(
            *self.trak_models, *self.similarity_models, *self.checkpoint_models, *self.arnoldi_models,
            self.ablation_models,
        )  # fmt: skip
