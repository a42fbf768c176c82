"""GoogLeNet and Inception v3 as chains of stages, from torchvision, which only these settings need."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from replications.tcav.experiment import Spec
from replications.tcav.networks import StagedNetwork, Training
from replications.tcav.settings import ImageNetSetting

NAMES = {"googlenet": "googlenet", "inception-v3": "inception_v3"}  # ours, torchvision's
SIDES = {"googlenet": 224, "inception-v3": 299}  # pixels that the network takes
# Modules that go before a stage and belong to it, because they only pool what the stage before gave.
POOLING = ("maxpool1", "maxpool2", "maxpool3", "maxpool4")
AUXILIARY = ("aux1", "aux2", "AuxLogits")  # classifiers that were used in training only


class PublishedNetworkError(RuntimeError):
    """A published network that cannot be had here."""


@dataclass(frozen=True)
class PublishedNetwork:
    """The one network of the settings `googlenet` and `inception-v3`."""

    settings: ImageNetSetting
    folder: Path

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The one published network."""
        return (Spec(self.settings.network, 0),)

    def build(self, spec: Spec) -> StagedNetwork:
        """Returns the published architecture as a chain of stages, with weights yet to be loaded."""
        return build_published(self.settings.network)

    def train(self, spec: Spec, network: StagedNetwork, training: Training) -> Iterator[float]:
        """Loads the published weights, from the file named in params.yaml or their own source; no loss to yield."""
        path = None if self.settings.weights is None else self.folder / self.settings.weights
        network.load_state_dict(load_published(self.settings.network, path).state_dict())
        yield from ()


class Normalise(nn.Module):
    """Turns pixels in [0, 1] into what the published weights expect: minus 0.5, over 0.5, as in the original code.

    With torchvision's `transform_input`, its normalisation by channel and what the models then do to undo it come to
    the same.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Returns the images on the scale from -1 to 1."""
        return (images - 0.5) / 0.5


def build_published(name: str) -> StagedNetwork:
    """Returns the architecture as a chain of stages with random weights, pixels in [0, 1] going in.

    Raises:
        PublishedNetworkError: torchvision is not installed.
    """
    return chain_stages(create_model(name))


def create_model(name: str) -> nn.Module:
    """Returns torchvision's own model with random weights, without the classifiers that only training uses."""
    options: dict[str, Any] = {"weights": None, "init_weights": False, "aux_logits": False}
    model: nn.Module = import_models().get_model(NAMES[name], **options)
    return model


def chain_stages(model: nn.Module) -> StagedNetwork:
    """Returns the model's children as stages; pooling joins the stage after it, the classifier is the last stage."""
    stages: dict[str, nn.Module] = {}
    waiting: list[nn.Module] = [Normalise()]
    for name, module in model.named_children():
        if name in AUXILIARY:
            continue
        waiting += [nn.Flatten()] if name == "fc" else []
        if name in POOLING or name in ("avgpool", "dropout"):
            waiting.append(module)
        else:
            stages[name] = nn.Sequential(*waiting, module)
            waiting = []
    return StagedNetwork(stages)


def read_published(name: str, path: Path | None) -> Mapping[str, Tensor]:
    """Returns the published weights under the names of torchvision, auxiliary classifiers left out.

    Args:
        name: `googlenet` or `inception-v3`.
        path: a file of weights (.safetensors or torch's own); None fetches them from where torchvision keeps them.

    Raises:
        PublishedNetworkError: the file is missing, or the weights cannot be fetched.
    """
    if path is None:
        weights = import_models().get_model_weights(NAMES[name]).DEFAULT
        try:
            state = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
        except OSError as error:
            raise PublishedNetworkError(
                f"cannot fetch the weights of {name} ({type(error).__name__}); name a file of them as `weights` in "
                "params.yaml"
            ) from error
    elif not path.is_file():
        raise PublishedNetworkError(f"got no file {path}; expected weights of {name} in torchvision's naming")
    else:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    return OrderedDict((key, value) for key, value in state.items() if key.split(".")[0] not in AUXILIARY)


def load_published(name: str, path: Path | None) -> StagedNetwork:
    """Returns the published network as a chain of stages. Raises as `build_published` and `read_published`."""
    model = create_model(name)
    model.load_state_dict(read_published(name, path))
    return chain_stages(model)


def import_models() -> Any:
    """Returns torchvision's collection of models.

    Raises:
        PublishedNetworkError: torchvision is not installed, or it was built for another torch.
    """
    try:
        from torchvision import models
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for CUDA, beside a torch without, and such
        raise PublishedNetworkError(
            f"cannot import torchvision ({error}), which only googlenet and inception-v3 need; install the version "
            f"that belongs to torch 2.13.0 and was built for the torch that is here, {torch.__version__}: "
            "pip install torchvision==0.28.0, from where torch came"
        ) from error
    return models
