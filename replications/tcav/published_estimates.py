"""From what was read off a published network to the measurements of the claims."""

from collections.abc import Mapping, Sequence

import numpy as np

from replications.common.measurements import Measurement, exact, missing
from replications.tcav.experiment import Record, Spec
from replications.tcav.settings import ImageNetSetting, MeasureParams
from replications.tcav.tables import Score, score_from

CLEARLY_READ_OFF = 0.9  # accuracy of a CAV from which a concept counts as read off; as in claims.yml
CLAIMS = {
    "striped-zebra": ("striped", "zebra"),
    "red-fire-engine": ("red", "fire-engine"),
    "siberian-husky-dogsled": ("siberian-husky", "dogsled"),
    "arms-dumbbell": ("arms", "dumbbell"),
    "east-asian-ping-pong-ball": ("east-asian", "ping-pong-ball"),
    "female-apron": ("female", "apron"),
}


def estimate_published(
    records: Mapping[Spec, Record], settings: ImageNetSetting, params: MeasureParams
) -> dict[str, Measurement]:
    """Returns every measurement by claim id; there is one network, so intervals are over its runs alone."""
    (record,) = records.values()
    scores = [score_from(row) for row in record["scores"]]

    def rows(concept: str, inputs: str) -> list[Score]:
        return [score for score in scores if score.concept == concept and score.inputs == inputs]

    some_class = next(iter(settings.classes))
    measured = {
        claim: mean_over_stages(rows(f"{concept}, relative", inputs), params.relative_runs)
        for claim, (concept, inputs) in CLAIMS.items()
    }
    red = [score.accuracy >= CLEARLY_READ_OFF for score in rows(settings.simple, some_class)]
    abstract = [score.accuracy for score in rows(settings.abstract, some_class)]
    filtered = [not score.passes for score in rows("dotted", "zebra")]
    random = [score for score in scores if score.concept == "random"]
    return measured | {
        "simple-concepts-everywhere": exact(float(np.mean(red)), len(red), "fraction"),
        "abstract-concepts-late": exact(float(abstract[-1] > abstract[0]), len(abstract), "fraction"),
        "dotted-is-filtered": exact(float(np.mean(filtered)), len(filtered), "fraction"),
        "random-cavs-average-one-half": mean_over_stages(random, params.runs),
    }


def mean_over_stages(rows: Sequence[Score], runs: int) -> Measurement:
    """Returns the mean score with the interval of 1.96 standard errors over runs, which are independent draws."""
    if not rows:
        return missing("there is no folder of images of this class or concept", "fraction")
    # Deviation: mean-over-stages
    mean = float(np.mean([row.score for row in rows]))
    error = 1.96 * float(np.sqrt(np.mean([row.spread**2 for row in rows]) / runs / len(rows)))
    return Measurement(mean, max(0.0, mean - error), min(1.0, mean + error), len(rows) * runs, "fraction")
