"""The TCAV profile of a network: every concept at every stage for every class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float
from torch import Tensor

from replications.tcav.method import (
    Cavs,
    ConceptSets,
    draw_concept_sets,
    draw_random_sets,
    p_value_against_no_effect,
    p_value_against_random,
    passes_test,
    tcav_scores,
    train_cavs,
)
from replications.tcav.networks import StagedNetwork, logit_gradients, read_activations
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import Score

RANDOM = "random"
UNITS_AT_ONCE = 50_000  # converted to double precision together; for 2,000 images, 0.8 GB


@dataclass(frozen=True)
class Options:
    """How CAVs are trained and tested.

    Attributes:
        runs: training runs a concept, each with another random set.
        relative_runs: the same for relative CAVs.
        held_out: images of a concept that a run does not train on.
        penalty: L2 penalty of the classifier.
        level: α of the test.
        hypotheses: m of Bonferroni's correction.
    """

    runs: int
    relative_runs: int
    held_out: int
    penalty: float
    level: float
    hypotheses: int

    @classmethod
    def of(cls, params: MeasureParams) -> "Options":
        """Returns what the parameters of the stage say of it."""
        return cls(**{field.name: getattr(params, field.name) for field in fields(cls)})


@dataclass(frozen=True)
class Inputs:
    """Images whose sensitivity is asked for, and of which class's logit."""

    class_index: int
    images: Float[Tensor, "image channel row column"]


@dataclass(frozen=True)
class StageReading:
    """What one stage of a network makes of all images.

    Attributes:
        stage: its name.
        rows: rows of each concept's images in the Gram matrix; `random` is the pool.
        activations: of these images.
        gram: their inner products.
        products: of the inputs' logit gradients with the activations, by name of the inputs.
    """

    stage: str
    rows: Mapping[str, np.ndarray]
    activations: Float[np.ndarray, "all unit"]
    gram: Float[np.ndarray, "all all"]
    products: Mapping[str, Float[np.ndarray, "image all"]]


def read_stage(
    network: StagedNetwork, stage: str, concepts: Mapping[str, Tensor], inputs: Mapping[str, Inputs]
) -> StageReading:
    """Returns the activations of all concept and random images at a stage, and the inputs' gradients.

    Args:
        network: in which to look.
        stage: of the network.
        concepts: images by concept; `random` holds the pool of random ones.
        inputs: by name.
    """
    counts = np.cumsum([0, *(len(images) for images in concepts.values())])
    rows = {name: np.arange(counts[place], counts[place + 1]) for place, name in enumerate(concepts)}
    activations = np.concatenate([read_activations(network, stage, images) for images in concepts.values()])
    products = {
        name: logit_gradients(network, stage, i.images, i.class_index) @ activations.T for name, i in inputs.items()
    }
    return StageReading(stage, rows, activations, gram_matrix(activations), products)


def gram_matrix(activations: Float[np.ndarray, "all unit"]) -> Float[np.ndarray, "all all"]:
    """Returns the inner products of all images, in double precision: the classifier needs them positive definite.

    Early stages of published networks have hundreds of thousands of units, so these are converted in turns.
    """
    gram = np.zeros((len(activations), len(activations)))
    for start in range(0, activations.shape[1], UNITS_AT_ONCE):
        part = activations[:, start : start + UNITS_AT_ONCE].astype(np.float64)
        gram += part @ part.T
    return gram


def score_stage(reading: StageReading, options: Options, rng: np.random.Generator) -> Iterator[Score]:
    """Yields the scores of each concept, then of random images in a concept's place, for each of the inputs."""
    concepts = [name for name in reading.rows if name != RANDOM]
    pool = reading.rows[RANDOM]
    size = len(reading.rows[concepts[0]])
    random_sets = draw_random_sets(pool, size, options.held_out, options.runs, rng)
    random_cavs = train_cavs(reading.gram, random_sets, options.penalty)
    random_scores = scores_by_inputs(reading, random_cavs)
    for name in concepts:
        sets = draw_concept_sets(reading.rows[name], pool, options.held_out, options.runs, rng)
        cavs = train_cavs(reading.gram, sets, options.penalty)
        yield from summarise(reading, name, cavs, random_scores, options)
    yield from summarise(reading, RANDOM, random_cavs, random_scores, options)


def score_relative(
    reading: StageReading, concepts: tuple[str, ...], options: Options, rng: np.random.Generator
) -> Iterator[Score]:
    """Yields the scores of each concept's relative CAVs: its images against those of the other concepts.

    Source: kim2018tcav, § 3.6.
    """
    pooled = np.concatenate([reading.rows[name] for name in concepts])
    for name in concepts:
        sets = draw_concept_sets(reading.rows[name], pooled, options.held_out, options.relative_runs, rng)
        cavs = train_cavs(reading.gram, sets, options.penalty)
        yield from summarise(reading, f"{name}, relative", cavs, None, options)


def score_random_concepts(
    reading: StageReading, count: int, size: int, options: Options, rng: np.random.Generator
) -> Iterator[Score]:
    """Yields the scores of concepts that are nothing but a fixed set of random images, for the test's calibration."""
    pool = reading.rows[RANDOM]
    random_sets = draw_random_sets(pool, size, options.held_out, options.runs, rng)
    random_scores = scores_by_inputs(reading, train_cavs(reading.gram, random_sets, options.penalty))
    for number in range(count):
        concept = rng.choice(pool, size, replace=False)
        sets: ConceptSets = draw_concept_sets(concept, pool, options.held_out, options.runs, rng)
        cavs = train_cavs(reading.gram, sets, options.penalty)
        yield from summarise(reading, f"{RANDOM} {number}", cavs, random_scores, options)


def scores_by_inputs(reading: StageReading, cavs: Cavs) -> dict[str, Float[np.ndarray, " run"]]:
    """Returns the TCAV score of each run, by name of the inputs."""
    return {name: tcav_scores(cavs.directional_derivatives(p)) for name, p in reading.products.items()}


def summarise(
    reading: StageReading, concept: str, cavs: Cavs, random_scores: Mapping[str, np.ndarray] | None, options: Options
) -> Iterator[Score]:
    """Yields one row for each of the inputs: mean and spread over runs, and the tests."""
    for name, scores in scores_by_inputs(reading, cavs).items():
        p_value = p_value_against_no_effect(scores)
        yield Score(
            stage=reading.stage,
            concept=concept,
            inputs=name,
            score=float(scores.mean()),
            spread=float(scores.std()),
            p_value=p_value,
            p_value_random=None if random_scores is None else p_value_against_random(scores, random_scores[name]),
            passes=passes_test(p_value, options.level, options.hypotheses),
            accuracy=float(cavs.accuracy.mean()),
        )
