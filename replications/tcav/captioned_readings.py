"""What is read off the captioned networks: ground truth, concepts, saliency on the caption, adversarial inputs.

Source: kim2018tcav, § 4.3 and App. A.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from replications.tcav.captioned import CaptionedNetworks
from replications.tcav.experiment import Pictures, Record, Spec
from replications.tcav.networks import StagedNetwork, predict_logits, stage_names
from replications.tcav.photographs import (
    CAPTION_TOP,
    SIDE,
    Images,
    draw_backgrounds,
    place_garments,
    write_captions,
)
from replications.tcav.profile import RANDOM, Inputs, Options, read_stage, score_stage
from replications.tcav.saliency import integrated_gradients, share_on_rows, smoothgrad, step_towards_class
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import Score
from replications.tcav.words import CLASS_WORDS, OTHER_WORDS

PAPERS = "as in the paper"
ADVERSARIAL, HALVES = "adversarial", ("first half", "second half")


def image_concept(word: str) -> str:
    """Returns the name of the concept of a class's photographs."""
    return f"image of {word}"


def caption_concept(word: str) -> str:
    """Returns the name of the concept of a class's captions."""
    return f"caption {word}"


@dataclass(frozen=True)
class CaptionedReadings:
    """The readings of the setting `captions`."""

    networks: CaptionedNetworks
    params: MeasureParams

    @cached_property
    def concepts(self) -> dict[str, Tensor]:
        """The concept images by concept, and the pool of random ones; the same for all networks."""
        # Deviation: crossed-concepts
        rng = np.random.default_rng([self.params.seed, 1])
        first, size, pool = self.params.inputs, self.params.concept_images, self.params.pool

        def draw(garments: np.ndarray, words: list[str]) -> Tensor:
            placed = place_garments(garments, draw_backgrounds(len(garments), rng), rng)
            return torch.from_numpy(write_captions(placed, words))

        def unrelated(n: int) -> list[str]:
            return [str(word) for word in rng.choice(OTHER_WORDS, n)]

        found = {}
        for number, word in enumerate(CLASS_WORDS):
            found[image_concept(word)] = draw(
                self.networks.garments.test[number, first : first + size], unrelated(size)
            )
            others = self.networks.garments.others[pool + number * size : pool + (number + 1) * size]
            found[caption_concept(word)] = draw(others, [word] * len(others))
        return {**found, RANDOM: draw(self.networks.garments.others[:pool], unrelated(pool))}

    @cached_property
    def papers_concepts(self) -> dict[str, Tensor]:
        """The concept images as the paper composes them: the class's images; its captions, all other pixels shuffled.

        Source: kim2018tcav, § 4.3.
        """
        rng = np.random.default_rng([self.params.seed, 8])
        found = {}
        for number, word in enumerate(CLASS_WORDS):
            garments = self.networks.garments.test[number, self._concept_slice]
            images = place_garments(garments, draw_backgrounds(len(garments), rng), rng)
            captioned = write_captions(shuffle_pixels(images, rng), [word] * len(images))
            found[f"{image_concept(word)}, {PAPERS}"] = torch.from_numpy(images)
            found[f"{caption_concept(word)}, {PAPERS}"] = torch.from_numpy(captioned)
        return found | {RANDOM: self.concepts[RANDOM]}

    @cached_property
    def without_captions(self) -> tuple[Tensor, Tensor]:
        """Test images without captions and their classes: the ground truth; concept images are not among them."""
        kept = np.delete(self.networks.garments.test, self._concept_slice, axis=1)
        return self.networks.draw(kept, None, np.random.default_rng([self.params.seed, 2]))

    @property
    def _concept_slice(self) -> slice:
        return slice(self.params.inputs, self.params.inputs + self.params.concept_images)

    def read(self, spec: Spec, network: StagedNetwork) -> Record:
        """Returns accuracies, TCAV scores, saliency on the caption, and (without captions) adversarial profiles."""
        rng = np.random.default_rng([self.params.seed, 3, spec.seed])
        record: Record = dict(self.read_ground_truth(network))
        inputs = self.class_inputs(spec)
        if self.networks.noise[spec.condition] is None:
            attacked = self.attack(network, rng)
            record["confidence"] = {word: probability for word, (probability, _) in attacked.items()}
            inputs |= adversarial_inputs(inputs, attacked)
        else:
            record["share_on_caption"] = self.read_saliency(network)
        options = Options.of(self.params)
        scores: list[Score] = []
        for stage in stage_names(network):
            scores += score_stage(read_stage(network, stage, self.concepts, inputs), options, rng)
        scores += self.score_papers_concepts(spec, network, options)
        return record | {"scores": [asdict(s.of(spec.name, spec.condition, spec.seed)) for s in scores]}

    def score_papers_concepts(self, spec: Spec, network: StagedNetwork, options: Options) -> Iterator[Score]:
        """Yields the scores of the paper's own concept sets, each for its own class, over fewer runs."""
        rng = np.random.default_rng([self.params.seed, 9, spec.seed])
        inputs = self.class_inputs(spec)
        fewer = replace(options, runs=self.params.relative_runs)
        for stage in stage_names(network):
            for score in score_stage(read_stage(network, stage, self.papers_concepts, inputs), fewer, rng):
                if score.inputs in score.concept:  # the concept's name holds that of its class; `random` holds none
                    yield score

    def read_ground_truth(self, network: StagedNetwork) -> Iterator[tuple[str, dict[str, float]]]:
        """Yields, by class, accuracy on images without captions, and the area under the ROC curve of the logit."""
        images, labels = self.without_captions
        logits = predict_logits(network, images)
        right = logits.argmax(1) == labels
        yield "accuracy", {w: float(right[labels == k].float().mean()) for k, w in enumerate(CLASS_WORDS)}
        yield "auc", {w: float(roc_auc_score(labels == k, logits[:, k])) for k, w in enumerate(CLASS_WORDS)}

    def class_inputs(self, spec: Spec) -> dict[str, Inputs]:
        """Returns test images of each class, captioned as the network's training images were."""
        rng = np.random.default_rng([self.params.seed, 4])
        images, labels = self.networks.draw(
            self.networks.garments.test[:, : self.params.inputs], self.networks.noise[spec.condition], rng
        )
        return {word: Inputs(k, images[labels == k]) for k, word in enumerate(CLASS_WORDS)}

    def read_saliency(self, network: StagedNetwork) -> dict[str, list[float]]:
        """Returns the share of each saliency map that falls on the caption, which here always names the class."""
        each = self.params.saliency_images // len(CLASS_WORDS)
        images, labels = self.networks.draw(
            self.networks.garments.test[:, :each], 0.0, np.random.default_rng([self.params.seed, 5])
        )
        generator = torch.Generator().manual_seed(self.params.seed)
        shares: dict[str, list[float]] = {"integrated-gradients": [], "smoothgrad": []}
        for k in range(len(CLASS_WORDS)):
            mine = images[labels == k]
            maps = integrated_gradients(network, mine, k, self.params.gradient_steps)
            shares["integrated-gradients"] += share_on_rows(maps, CAPTION_TOP).tolist()
            maps = smoothgrad(network, mine, k, self.params.noisy_samples, self.params.noise, generator)
            shares["smoothgrad"] += share_on_rows(maps, CAPTION_TOP).tolist()
        return shares

    def attack(self, network: StagedNetwork, rng: np.random.Generator) -> dict[str, tuple[list[float], Tensor]]:
        """Returns by class, for one step from noise images: probabilities of the class, and the images that won."""
        drawn = rng.uniform(0, 1, (self.params.noise_images, 3, SIDE, SIDE)).astype(np.float32)
        noise = torch.from_numpy(drawn)
        found = {}
        for k, word in enumerate(CLASS_WORDS):
            stepped = step_towards_class(network, noise, k, self.params.attack_size)
            probabilities = predict_logits(network, stepped).softmax(1)
            found[word] = probabilities[:, k].tolist(), stepped[probabilities.argmax(1) == k]
        return found

    def picture(self, trained: Mapping[Spec, StagedNetwork]) -> Pictures:
        """Returns examples of the data, and saliency maps of a network of p = 0 and of one of p = 1, same seed."""
        rng = np.random.default_rng([self.params.seed, 6])
        test = self.networks.garments.test[:, :1]
        pictures = {
            name: self.networks.draw(test, noise, rng)[0].numpy() for name, noise in self.networks.noise.items()
        }
        images, labels = self.networks.draw(test, 0.0, rng)
        pictures["explained"] = images.numpy()
        seed = self.networks.settings.seeds[0]
        for condition in ("p = 0", "p = 1"):
            network = trained[Spec(condition, seed)]
            maps = [
                integrated_gradients(network, images[k : k + 1], int(labels[k]), self.params.gradient_steps)
                for k in range(len(labels))
            ]
            pictures[f"map {condition}"] = torch.cat(maps).abs().sum(1).numpy()
        return pictures


def shuffle_pixels(images: Images, rng: np.random.Generator) -> Images:
    """Returns the images with the pixels above the caption in another order, each image in its own."""
    shuffled = images.copy()
    for image in shuffled:
        pixels = image[:, :CAPTION_TOP].reshape(len(image), -1)
        image[:, :CAPTION_TOP] = rng.permutation(pixels, axis=1).reshape(image[:, :CAPTION_TOP].shape)
    return shuffled


def adversarial_inputs(
    real: Mapping[str, Inputs], attacked: Mapping[str, tuple[list[float], Tensor]]
) -> dict[str, Inputs]:
    """Returns, for each class with a successful attack, its images, and the real inputs in two halves to compare."""
    found = {}
    for word, (_, images) in attacked.items():
        if len(images):
            half = len(real[word].images) // 2
            found[f"{word}, {ADVERSARIAL}"] = Inputs(real[word].class_index, images)
            for name, part in zip(HALVES, (slice(half), slice(half, None)), strict=True):
                found[f"{word}, {name}"] = Inputs(real[word].class_index, real[word].images[part])
    return found
