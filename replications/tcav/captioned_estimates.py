"""From what was read off the captioned networks to the measurements of the claims."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.metrics import roc_auc_score

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, missing
from replications.tcav.captioned import WITHOUT
from replications.tcav.captioned_readings import PAPERS
from replications.tcav.correlation import spearman
from replications.tcav.experiment import Record, Spec
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import score_from
from replications.tcav.words import CLASS_WORDS

WELL_RECOGNISED = 0.8  # accuracy without captions from which a class counts as recognised; as in claims.yml


@dataclass(frozen=True)
class Readings:
    """What was read off the networks, as arrays.

    Attributes:
        specs: the networks.
        scores: TCAV score of each concept for each class, mean over stages; concept image of the class and so on.
        captions: of the caption concept of the class itself.
        papers_images: of the image concept of the class itself, composed as in the paper.
        papers_captions: the same of its caption concept.
        random: of random CAVs, mean over stages.
        accuracy: on images without captions.
        auc: of the class's logit on images without captions.
    """

    specs: tuple[Spec, ...]
    scores: Float[np.ndarray, "network concept class"]
    captions: Float[np.ndarray, "network class"]
    papers_images: Float[np.ndarray, "network class"]
    papers_captions: Float[np.ndarray, "network class"]
    random: Float[np.ndarray, "network class"]
    accuracy: Float[np.ndarray, "network class"]
    auc: Float[np.ndarray, "network class"]

    @property
    def images(self) -> Float[np.ndarray, "network class"]:
        """TCAV score of the image concept of the class itself."""
        return np.diagonal(self.scores, axis1=1, axis2=2)

    @property
    def captioned(self) -> list[int]:
        """Returns the places of the networks that were trained with captions."""
        return [place for place, spec in enumerate(self.specs) if spec.condition != WITHOUT]

    def of(self, condition: str) -> list[int]:
        """Returns the places of the networks of a condition, in the order of their seeds."""
        return [place for place, spec in enumerate(self.specs) if spec.condition == condition]


def collect(records: Mapping[Spec, Record]) -> Readings:
    """Returns the readings of all networks as arrays; scores are averaged over stages."""
    # Deviation: mean-over-stages
    specs = tuple(records)

    def mean(record: Record, concept: str, inputs: str) -> float:
        found = [s["score"] for s in record["scores"] if s["concept"] == concept and s["inputs"] == inputs]
        return float(np.mean(found))

    def table(concept: str) -> np.ndarray:
        named = [concept.format(word) for word in CLASS_WORDS]
        return np.array([[mean(records[s], c, w) for c, w in zip(named, CLASS_WORDS, strict=True)] for s in specs])

    scores = [[[mean(records[s], f"image of {c}", w) for w in CLASS_WORDS] for c in CLASS_WORDS] for s in specs]
    return Readings(
        specs=specs,
        scores=np.array(scores),
        captions=table("caption {}"),
        papers_images=table(f"image of {{}}, {PAPERS}"),
        papers_captions=table(f"caption {{}}, {PAPERS}"),
        random=table("random"),
        accuracy=np.array([[records[s]["accuracy"][w] for w in CLASS_WORDS] for s in specs]),
        auc=np.array([[records[s]["auc"][w] for w in CLASS_WORDS] for s in specs]),
    )


def estimate_captions(records: Mapping[Spec, Record], params: MeasureParams) -> dict[str, Measurement]:
    """Returns every measurement of the setting by claim id; intervals are over networks or seeds."""
    rng = np.random.default_rng([params.seed, 7])
    readings = collect(records)
    seeds = tuple(sorted({spec.seed for spec in readings.specs}))
    return (
        estimate_agreement(readings, rng, seeds)
        | estimate_stories(readings, rng, seeds)
        | estimate_saliency(records, rng, seeds)
        | estimate_adversarial(records, rng, seeds)
        | estimate_papers_sets(readings, rng, seeds)  # added later, so it draws last: other intervals stay as they were
    )


def estimate_agreement(readings: Readings, rng: np.random.Generator, seeds: tuple[int, ...]) -> dict[str, Measurement]:
    """Returns the rank correlations with the ground truth, and the mean score of random CAVs."""
    captioned = readings.captioned

    def correlate(scores: np.ndarray, truth: np.ndarray) -> Measurement:
        return bootstrap(spearman, [scores, truth], rng, unit="1", seeds=seeds)

    n = len(CLASS_WORDS)
    others = np.stack([readings.scores[:, (np.arange(n) + step) % n, np.arange(n)] for step in range(1, n)], axis=2)
    return {
        "tcav-follows-ground-truth": correlate(readings.images, readings.accuracy),
        "tcav-follows-separability": correlate(readings.images, readings.auc),
        "caption-tcav-falls": correlate(readings.captions[captioned], readings.accuracy[captioned]),
        "other-class-does-not-follow": bootstrap(
            lambda o, a: float(np.mean([spearman(o[:, :, step], a) for step in range(n - 1)])),
            [others, readings.accuracy],
            rng,
            unit="1",
            seeds=seeds,
        ),
        "random-cavs-average-one-half": bootstrap_mean(readings.random.mean(1), rng, unit="fraction", seeds=seeds),
    }


def estimate_stories(readings: Readings, rng: np.random.Generator, seeds: tuple[int, ...]) -> dict[str, Measurement]:
    """Returns the stories of cab and cucumber, and their mirror image."""
    images, captions, accuracy = readings.images, readings.captions, readings.accuracy
    clean, noisy = readings.of("p = 0"), readings.of("p = 1")
    used = accuracy >= WELL_RECOGNISED
    some = used.any(1)

    def share(values: np.ndarray) -> Measurement:
        return bootstrap_mean(values.mean(1), rng, unit="fraction", seeds=seeds)

    return {
        "image-dominates-where-it-is-used": bootstrap(
            lambda above, counted: float((above & counted).sum() / counted.sum()),
            [(images > captions)[some], used[some]],
            rng,
            unit="fraction",
            seeds=seeds,
        )
        if some.any()
        else missing(f"no class is recognised without captions with an accuracy of {WELL_RECOGNISED}", "fraction"),
        "image-tcav-rises-with-noise": share(images[noisy] > images[clean]),
        "captions-dominate-without-noise": share(captions[clean] > images[clean]),
        "accuracy-without-captions-rises": share(accuracy[noisy] - accuracy[clean]),
    }


def estimate_papers_sets(
    readings: Readings, rng: np.random.Generator, seeds: tuple[int, ...]
) -> dict[str, Measurement]:
    """Returns the rank correlations with the ground truth for the paper's own concept sets."""
    captioned = readings.captioned
    return {
        "tcav-follows-with-the-papers-sets": bootstrap(
            spearman, [readings.papers_images, readings.accuracy], rng, unit="1", seeds=seeds
        ),
        "caption-tcav-falls-with-the-papers-sets": bootstrap(
            spearman,
            [readings.papers_captions[captioned], readings.accuracy[captioned]],
            rng,
            unit="1",
            seeds=seeds,
        ),
    }


def estimate_saliency(
    records: Mapping[Spec, Record], rng: np.random.Generator, seeds: tuple[int, ...]
) -> dict[str, Measurement]:
    """Returns how well the share of attribution on the caption tells p = 0 from p = 1, networks of a seed compared."""
    names = {"integrated-gradients-separate": "integrated-gradients", "smoothgrad-separates": "smoothgrad"}
    measured = {}
    for claim, method in names.items():
        shares = {spec: record["share_on_caption"][method] for spec, record in records.items() if is_captioned(record)}
        areas = [separation(shares[Spec("p = 0", seed)], shares[Spec("p = 1", seed)]) for seed in seeds]
        measured[claim] = bootstrap_mean(np.array(areas), rng, unit="fraction", seeds=seeds)
    return measured


def separation(higher: list[float], lower: list[float]) -> float:
    """Returns the chance that a value of the first is above one of the second: the area under the ROC curve."""
    return float(roc_auc_score([1] * len(higher) + [0] * len(lower), [*higher, *lower]))


def is_captioned(record: Record) -> bool:
    """Tells whether a network was trained with captions, so that saliency on them was read."""
    return "share_on_caption" in record


def estimate_adversarial(
    records: Mapping[Spec, Record], rng: np.random.Generator, seeds: tuple[int, ...]
) -> dict[str, Measurement]:
    """Returns the confidence after a single step, and how often the TCAV profile differs from the real one's."""
    attacked = [record for record in records.values() if not is_captioned(record)]
    confidence = np.array([np.concatenate(list(record["confidence"].values())) for record in attacked])
    differs = [differences for record in attacked if (differences := profile_differences(record))]
    return {
        "single-step-confidence": bootstrap(
            lambda c: float(np.median(c)), [confidence], rng, unit="fraction", seeds=seeds
        ),
        "adversarial-profile-differs": bootstrap_mean(
            np.array([np.mean([far > near for far, near in d.values()]) for d in differs]),
            rng,
            unit="fraction",
            seeds=seeds,
        )
        if differs
        else missing("no single step made a network choose the class aimed at", "fraction"),
    }


def profile_differences(record: Record) -> dict[str, tuple[float, float]]:
    """Returns by class the mean absolute difference of two pairs of profiles.

    The first is of adversarial inputs and half of the real ones, the second of the two halves of the real ones.
    """
    table: dict[str, dict[tuple[str, str], float]] = {}
    for row in record["scores"]:
        score = score_from(row)
        if score.concept != "random":
            table.setdefault(score.inputs, {})[score.stage, score.concept] = score.score

    def distance(one: str, other: str) -> float:
        return float(np.mean([abs(value - table[other][key]) for key, value in table[one].items()]))

    found = {}
    for word in CLASS_WORDS:
        if f"{word}, adversarial" in table:
            half = f"{word}, first half"
            found[word] = distance(f"{word}, adversarial", half), distance(f"{word}, second half", half)
    return found
