"""From what was read off the networks of textured objects to the measurements of the claims."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement
from replications.tcav.correlation import spearman
from replications.tcav.experiment import Record, Spec
from replications.tcav.objects import SHAPES, TEXTURES
from replications.tcav.settings import MeasureParams
from replications.tcav.tables import Score, score_from

CLEARLY_READ_OFF = 0.9  # accuracy of a CAV from which a concept counts as read off; as in claims.yml
FIRST, LAST = "conv1", "conv4"  # first and last convolution


def estimate_textures(records: Mapping[Spec, Record], params: MeasureParams) -> dict[str, Measurement]:
    """Returns every measurement of the setting by claim id; intervals are over networks or random concepts."""
    rng = np.random.default_rng([params.seed, 16])
    tables = {spec: [score_from(row) for row in record["scores"]] for spec, record in records.items()}
    seeds = tuple(sorted({spec.seed for spec in records}))
    reliance = np.array([list(record["reliance"].values()) for record in records.values()])
    return (
        estimate_textures_found(tables, reliance, rng, seeds)
        | estimate_stages(tables, rng, seeds)
        | estimate_calibration(tables, records, params.level, rng, seeds)
    )


def estimate_textures_found(
    tables: Mapping[Spec, list[Score]], reliance: np.ndarray, rng: np.random.Generator, seeds: tuple[int, ...]
) -> dict[str, Measurement]:
    """Returns where a class's own texture is found, and how its score follows the reliance on texture."""

    def over(condition: str, value: Callable[[list[Score]], float]) -> Measurement:
        values = np.array([value(table) for spec, table in tables.items() if spec.condition == condition])
        return bootstrap_mean(values, rng, unit="fraction", seeds=seeds)

    def mean_of(table: list[Score]) -> float:
        return float(own_scores(table).mean())

    difference = [
        np.array([mean_of(table) for spec, table in tables.items() if spec.condition == c])
        for c in ("texture", "shape")
    ]
    own = np.array([own_scores(table) for table in tables.values()])
    return {
        "used-texture-passes": over("texture", share_found),
        "unused-texture-does-not-pass": over("shape", share_found),
        "unused-texture-scores-one-half": over("shape", mean_of),
        # Networks of one seed start alike, so they are resampled together.
        "texture-against-shape": bootstrap(
            lambda t, s: float(t.mean() - s.mean()), difference, rng, unit="fraction", seeds=seeds
        ),
        "shortcut-is-revealed": bootstrap(spearman, [own, reliance], rng, unit="1", seeds=seeds),
        "relative-cav-finds-texture": over("texture", share_highest_relative),
    }


def own_scores(table: list[Score]) -> Float[np.ndarray, " class"]:
    """Returns the score of each class's own texture, mean over stages."""
    # Deviation: mean-over-stages
    return np.array(
        [np.mean([s.score for s in of_class(table, number, texture)]) for number, texture in enumerate(TEXTURES)]
    )


def share_found(table: list[Score]) -> float:
    """Returns the share of classes and stages at which the class's own texture passes with a score above 0.5."""
    own = [score for number, texture in enumerate(TEXTURES) for score in of_class(table, number, texture)]
    return float(np.mean([score.passes and score.score > 0.5 for score in own]))


def share_highest_relative(table: list[Score]) -> float:
    """Returns the share of classes whose own texture has the highest relative score of all, mean over stages."""
    right = []
    for number in range(len(TEXTURES)):
        means = [np.mean([s.score for s in of_class(table, number, f"{texture}, relative")]) for texture in TEXTURES]
        right.append(int(np.argmax(means)) == number)
    return float(np.mean(right))


def of_class(table: list[Score], number: int, concept: str) -> list[Score]:
    """Returns the scores of a concept for the class of that number, a row a stage."""
    inputs = f"{SHAPES[number]}, {TEXTURES[number]}"
    return [score for score in table if score.inputs == inputs and score.concept == concept]


def estimate_stages(
    tables: Mapping[Spec, list[Score]], rng: np.random.Generator, seeds: tuple[int, ...]
) -> dict[str, Measurement]:
    """Returns how well a simple and an abstract concept are read off the stages."""
    red = [[s.accuracy for s in of_class(table, 0, "red")] for table in tables.values()]
    rising = []
    for spec, table in tables.items():
        if spec.condition == "shape":
            by_stage = {
                stage: np.mean([s.accuracy for shape in SHAPES for s in of_class(table, 0, shape) if s.stage == stage])
                for stage in (FIRST, LAST)
            }
            rising.append(by_stage[LAST] > by_stage[FIRST])
    return {
        "simple-concepts-everywhere": bootstrap_mean(
            (np.array(red) >= CLEARLY_READ_OFF).mean(1), rng, unit="fraction", seeds=seeds
        ),
        "abstract-concepts-late": bootstrap_mean(np.array(rising), rng, unit="fraction", seeds=seeds),
    }


def estimate_calibration(
    tables: Mapping[Spec, list[Score]],
    records: Mapping[Spec, Record],
    level: float,
    rng: np.random.Generator,
    seeds: tuple[int, ...],
) -> dict[str, Measurement]:
    """Returns how often random images pass as a concept: a fixed set of them, or drawn anew each run."""
    fixed: dict[tuple[str, str, str], list[Score]] = {}
    for record in records.values():
        for row in record["calibration"]:
            score = score_from(row)
            fixed.setdefault((score.network, score.stage, score.concept), []).append(score)
    redrawn = [
        np.mean([s.passes for s in table if s.concept == "random" and s.stage == stage])
        for table in tables.values()
        for stage in dict.fromkeys(s.stage for s in table)
    ]
    values = {
        "random-concept-passes": [np.mean([s.passes for s in group]) for group in fixed.values()],
        "random-concept-passes-librarys-test": [
            np.mean([s.p_value_random is not None and s.p_value_random < level for s in group])
            for group in fixed.values()
        ],
        "redrawn-random-concept-passes": redrawn,
    }
    measured = {name: bootstrap_mean(np.array(v), rng, unit="fraction", seeds=seeds) for name, v in values.items()}
    random_rows = [[s.score for s in table if s.concept == "random"] for table in tables.values()]
    means = np.array([np.mean(row) for row in random_rows])
    return measured | {"random-cavs-average-one-half": bootstrap_mean(means, rng, unit="fraction", seeds=seeds)}
