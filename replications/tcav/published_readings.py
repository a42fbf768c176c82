"""What is read off the published networks: concepts from folders of images.

Source: kim2018tcav, § 4.2.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from replications.tcav.experiment import Pictures, Record, Spec
from replications.tcav.networks import StagedNetwork
from replications.tcav.profile import RANDOM, Inputs, Options, read_stage, score_relative, score_stage
from replications.tcav.published import SIDES, PublishedNetwork
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import Score

SUFFIXES = (".jpg", ".jpeg", ".png")
CONCEPT_IMAGES = 30  # § 4.2.1: "a small number", 30 for the dumbbell's
# Concepts that are tested against each other, as in Figure 4, each group for its class.
GROUPS = {
    "fire-engine": ("red", "yellow", "blue", "green"),
    "zebra": ("striped", "zigzagged", "dotted"),
    "dogsled": ("siberian-husky", "corgis"),
    "dumbbell": ("arms", "bolo-tie", "lampshade"),
    "ping-pong-ball": ("east-asian", "african", "caucasian"),
    "apron": ("female", "male"),
}


class ImagesError(RuntimeError):
    """Folders of images that a setting needs and that are not there."""


@dataclass(frozen=True)
class PublishedReadings:
    """The readings of the settings `googlenet` and `inception-v3`."""

    networks: PublishedNetwork
    params: MeasureParams

    def images(self, kind: str, name: str) -> Float[Tensor, "image channel row column"]:
        """Returns the images of `<kind>/<name>/`, at the size that the network takes."""
        return read_folder(
            self.networks.folder / self.networks.settings.images / kind / name, SIDES[self.networks.settings.network]
        )

    @cached_property
    def concepts(self) -> dict[str, Tensor]:
        """The images by concept, as many of each, and the random ones."""
        names = tuple(dict.fromkeys(name for group in GROUPS.values() for name in group))
        found = {name: self.images("concepts", name)[: self.params.concept_images] for name in names}
        size = min(len(images) for images in found.values())
        if size < CONCEPT_IMAGES:
            few = sorted(name for name, images in found.items() if len(images) < CONCEPT_IMAGES)
            raise ImagesError(f"got fewer than {CONCEPT_IMAGES} images of {', '.join(few)}; add more to their folders")
        return {name: images[:size] for name, images in found.items()} | {RANDOM: self.images("random", "")}

    def read(self, spec: Spec, network: StagedNetwork) -> Record:
        """Returns the scores of all concepts, against random images and (marked so) against each other."""
        rng = np.random.default_rng([self.params.seed, 21])
        options, scores = Options.of(self.params), list[Score]()
        inputs = {
            name: Inputs(number, self.images("classes", name)[: self.params.inputs])
            for name, number in self.networks.settings.classes.items()
        }
        for stage in self.networks.settings.stages:
            reading = read_stage(network, stage, self.concepts, inputs)
            scores += score_stage(reading, options, rng)
            for group in GROUPS.values():
                scores += score_relative(reading, group, options, rng)
        return {"scores": [asdict(score.of(spec.name, spec.condition, spec.seed)) for score in scores]}

    def picture(self, trained: Mapping[Spec, StagedNetwork]) -> Pictures:
        """Returns nothing: photographs of others are not copied into the results."""
        return {}


def read_folder(folder: Path, side: int) -> Float[Tensor, "image channel row column"]:
    """Returns the images of a folder in the order of their names: shorter side to `side`, centre cut, in [0, 1].

    Raises:
        ImagesError: there is no image.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ImagesError(f"got no images in {folder}; expected {', '.join(SUFFIXES)} files, see params.yaml")
    images = []
    for path in paths:
        with Image.open(path) as image:
            scale = side / min(image.size)
            size = (max(side, round(image.width * scale)), max(side, round(image.height * scale)))
            resized = image.convert("RGB").resize(size, Image.Resampling.BILINEAR)
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        cut = np.asarray(resized.crop((left, top, left + side, top + side)), dtype=np.float32) / 255
        images.append(torch.from_numpy(cut).permute(2, 0, 1))
    return torch.stack(images)
