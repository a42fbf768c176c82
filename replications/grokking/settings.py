"""What `params.yaml` says of a setting: its networks, and where they are trained."""

from pydantic import BaseModel, ConfigDict

from replications.common.params import StageParams
from replications.grokking.training import Run


class Network(BaseModel):
    """A network of a setting; `snapshots` says whether its weights are kept along the way, the rest is as in `Run`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seed: int
    fraction: float
    weight_decay: float
    epochs: int
    target: float
    settle: int
    snapshots: bool

    @property
    def run(self) -> Run:
        """How it is trained."""
        return Run(self.seed, self.fraction, self.weight_decay, self.epochs, self.target, self.settle)


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`.

    Attributes:
        device: `cpu` or `cuda`.
        networks: by name, in the order of training.
    """

    device: str
    networks: dict[str, Network]
