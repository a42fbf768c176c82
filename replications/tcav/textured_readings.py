"""What is read off the networks of textured objects: reliance on texture, concepts, and the calibration of the test."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from replications.tcav.experiment import Pictures, Record, Spec
from replications.tcav.method import concept_similarity, draw_concept_sets, train_cavs
from replications.tcav.networks import StagedNetwork, predict_logits, read_activations, stage_names
from replications.tcav.objects import SHAPES, TEXTURES, draw_objects, draw_random_objects, draw_swatches
from replications.tcav.profile import (
    RANDOM,
    Inputs,
    Options,
    read_stage,
    score_random_concepts,
    score_relative,
    score_stage,
)
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import Score
from replications.tcav.textured import CLASSES, CONDITIONS, TEXTURE, TexturedNetworks, draw_classes

RED = "red"
SORTING_STAGE, SORTED = "conv3", 6  # where images are sorted by stripes for the figure, and how many at either end


@dataclass(frozen=True)
class TexturedReadings:
    """The readings of the setting `textures`."""

    networks: TexturedNetworks
    params: MeasureParams

    @cached_property
    def concepts(self) -> dict[str, Tensor]:
        """The concept images: swatches of each texture, red ones, each shape with any texture; and random objects."""
        rng = np.random.default_rng([self.params.seed, 11])
        n = self.params.concept_images
        found = {name: draw_swatches([name] * n, rng) for name in TEXTURES}
        found[RED] = draw_swatches([str(name) for name in rng.choice(TEXTURES, n)], rng, red=True)
        for number, shape in enumerate(SHAPES):
            found[shape] = draw_objects(np.full(n, number), rng.integers(len(TEXTURES), size=n), rng)
        found[RANDOM] = draw_random_objects(self.params.pool, rng)
        return {name: torch.from_numpy(images) for name, images in found.items()}

    @cached_property
    def conflicts(self) -> tuple[Tensor, Int[np.ndarray, " image"], Int[np.ndarray, " image"]]:
        """Objects whose texture belongs to another class than their shape, with the class of either."""
        rng = np.random.default_rng([self.params.seed, 12])
        n = len(CLASSES)
        textures = np.repeat(np.arange(n), self.networks.settings.test)
        shapes = (textures + rng.integers(1, n, size=len(textures))) % n
        return torch.from_numpy(draw_objects(shapes, textures, rng)), shapes, textures

    def read(self, spec: Spec, network: StagedNetwork) -> Record:
        """Returns accuracy, reliance on texture, TCAV scores, and those of random concepts."""
        rng = np.random.default_rng([self.params.seed, 13, spec.seed, CONDITIONS.index(spec.condition)])
        test, labels = draw_classes(
            spec.condition, self.networks.settings.test, np.random.default_rng([self.params.seed, 14])
        )
        inputs = {
            name: Inputs(number, test[labels == number][: self.params.inputs]) for number, name in enumerate(CLASSES)
        }
        options, scores, calibration = Options.of(self.params), list[Score](), list[Score]()
        for place, stage in enumerate(stage_names(network)):
            reading = read_stage(network, stage, self.concepts, inputs)
            scores += score_stage(reading, options, rng)
            scores += score_relative(reading, TEXTURES, options, rng)
            count = self.share_of_random_concepts(spec, place, len(stage_names(network)))
            calibration += score_random_concepts(reading, count, self.params.concept_images, options, rng)
        named = (spec.name, spec.condition, spec.seed)
        return {
            "accuracy": float((predict_logits(network, test).argmax(1) == labels).float().mean()),
            "reliance": self.read_reliance(network),
            "scores": [asdict(score.of(*named)) for score in scores],
            "calibration": [asdict(score.of(*named)) for score in calibration],
        }

    def read_reliance(self, network: StagedNetwork) -> dict[str, float]:
        """Returns by class how often an object with its texture and another class's shape is taken for it."""
        images, _, textures = self.conflicts
        predicted = predict_logits(network, images).argmax(1).numpy()
        return {name: float((predicted[textures == k] == k).mean()) for k, name in enumerate(CLASSES)}

    def share_of_random_concepts(self, spec: Spec, place: int, stages: int) -> int:
        """Returns how many of all random concepts are tested on this network at this stage: as evenly as it goes."""
        slots, slot = len(self.networks.specs) * stages, self.networks.specs.index(spec) * stages + place
        return (slot + 1) * self.params.random_concepts // slots - slot * self.params.random_concepts // slots

    def picture(self, trained: Mapping[Spec, StagedNetwork]) -> Pictures:
        """Returns swatches, objects of each class, and objects sorted by how striped a texture network finds them."""
        rng = np.random.default_rng([self.params.seed, 15])
        each = np.arange(len(CLASSES))
        network = trained[Spec(TEXTURE, self.networks.settings.seeds[0])]
        objects = torch.from_numpy(draw_random_objects(self.params.pool, rng))
        order = np.argsort(self.sort_by_stripes(network, objects, rng))
        return {
            "swatches": draw_swatches(TEXTURES, rng),
            "objects": draw_objects(each, each, rng),
            "conflicts": draw_objects(each, (each + 1) % len(CLASSES), rng),
            "most striped": objects[order[::-1][:SORTED].copy()].numpy(),
            "least striped": objects[order[:SORTED]].numpy(),
        }

    def sort_by_stripes(self, network: StagedNetwork, objects: Tensor, rng: np.random.Generator) -> np.ndarray:
        """Returns how similar each object's activations are to the CAV of stripes, as a cosine."""
        reading = read_stage(network, SORTING_STAGE, self.concepts, {})
        rows, p = reading.rows, self.params
        sets = draw_concept_sets(rows[TEXTURES[0]], rows[RANDOM], p.held_out, p.relative_runs, rng)
        cavs = train_cavs(reading.gram, sets, p.penalty)
        return concept_similarity(cavs.vectors(reading.activations), read_activations(network, SORTING_STAGE, objects))
