"""What `params.yaml` says of a setting: which model, which facts, and how much of everything."""

from typing import Literal

import torch

from replications.common.claims import load_claims
from replications.common.measurements import Measurement
from replications.common.models import LanguageModel, load_language_model
from replications.common.params import StageParams
from replications.rome.decoder import Decoder, take_apart


class Setting(StageParams):
    """An entry of `settings` in `params.yaml`, which says what each number means."""

    model: str
    path: str | None
    device: Literal["cpu", "cuda"]
    processes: int
    traced_facts: str | None
    edited_facts: str | None
    text: str | None
    covariance_tokens: int
    traces: int
    windowed: int
    layer_step: int
    window_step: int
    window: int
    edits: int
    texts: int
    edit_layer: int
    sweep_facts: int
    sweep_layers: tuple[int, ...]
    v_step: float
    v_clamp: float
    ft_layer: int
    ftl_layer: int
    ftl_bound: float

    @property
    def edited_layers(self) -> tuple[int, ...]:
        """Every layer that ROME edits."""
        return tuple(sorted({self.edit_layer, *self.sweep_layers}))


class DeviceUnavailableError(RuntimeError):
    """A setting for a device that this machine does not have."""


def load_decoder(setting: Setting) -> tuple[Decoder, LanguageModel]:
    """Returns the model of a setting, taken apart, on its device. The model as a whole has the same weights.

    Raises:
        DeviceUnavailableError: no CUDA GPU for a setting that needs one.
        ModelUnavailableError: as `load_language_model`.
    """
    if setting.device == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailableError(
            "got a setting for a CUDA GPU on a machine without one; run another setting, or set `device: cpu` in "
            "params.yaml"
        )
    model = load_language_model(setting.model, setting.path)
    return take_apart(model.bridge.original_model.to(setting.device)), model


def keep_claimed(measured: dict[str, Measurement], setting: str) -> dict[str, Measurement]:
    """Returns the measurements without those that `claims.yml` does not attempt in this setting."""
    expected = {s.id for s in load_claims("rome").statements() if s.expect[setting].not_attempted is None}
    return {name: measurement for name, measurement in measured.items() if name in expected}
