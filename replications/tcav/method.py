"""Testing with concept activation vectors, in the paper's order: CAVs, directional derivatives, scores, the test.

Source: kim2018tcav, § 3. The sign is the paper's: gradients are of the logit, and positive ones are counted. (The
authors' library takes the gradient of the loss and counts negative ones; mixing the two gives 1 - TCAV.)
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from replications.tcav.classifier import Classifiers, fit_logistic

NO_EFFECT = 0.5  # § 3.5: the score of the null hypothesis
ROUNDING = 1e-9  # scores are fractions of at most some thousand images; smaller differences are rounding


@dataclass(frozen=True)
class ConceptSets:
    """The images of many training runs of one concept's CAV, as rows of a Gram matrix.

    Attributes:
        positives: of the concept, to train on.
        negatives: random ones, to train on.
        held_out_positives: of the concept, for the accuracy.
        held_out_negatives: random ones, for the accuracy.
    """

    positives: Int[np.ndarray, "run image"]
    negatives: Int[np.ndarray, "run image"]
    held_out_positives: Int[np.ndarray, "run held_out"]
    held_out_negatives: Int[np.ndarray, "run held_out"]


@dataclass(frozen=True)
class Cavs:
    """CAVs of one concept at one stage, one a run.

    Attributes:
        classifiers: each CAV is the weight vector of one, at unit length: it points towards the concept.
        accuracy: share of held-out images on the right side, by run.
    """

    classifiers: Classifiers
    accuracy: Float[np.ndarray, " run"]

    def directional_derivatives(self, products: Float[np.ndarray, "image all"]) -> Float[np.ndarray, "run image"]:
        """Returns S_{C,k,l}(x) for each CAV and image: the gradient of the logit along the unit CAV.

        Source: kim2018tcav, eq. 1.

        Args:
            products: inner products of the images' logit gradients with the activations that span the CAVs.
        """
        return self.classifiers.project(products) / self.classifiers.norms[:, None]

    def vectors(self, activations: Float[np.ndarray, "all unit"]) -> Float[np.ndarray, "run unit"]:
        """Returns the CAVs themselves, unit vectors v_C^l in the space of the activations."""
        return self.classifiers.project(activations.T) / self.classifiers.norms[:, None]


def draw_concept_sets(
    concept: Int[np.ndarray, " image"],
    pool: Int[np.ndarray, " image"],
    held_out: int,
    runs: int,
    rng: np.random.Generator,
) -> ConceptSets:
    """Returns the images of `runs` runs: the concept's, split anew each time, against another random set of as many.

    Source: kim2018tcav, § 3.5 (runs), § 4.2.2 (a held-out set a third the size of the training set).

    Args:
        concept: rows of the concept's images.
        pool: rows to draw random sets from; images that also belong to the concept are left out.
        held_out: images of either side that are not trained on.
        runs: number of runs.
        rng: source of the draws.
    """
    # Deviation: random-pool
    rest = np.setdiff1d(pool, concept)
    if len(rest) < len(concept):
        raise ValueError(f"got a pool of {len(rest)} random images; expected at least the concept's {len(concept)}")
    positives = np.stack([rng.permutation(concept) for _ in range(runs)])
    negatives = np.stack([rng.choice(rest, len(concept), replace=False) for _ in range(runs)])
    return ConceptSets(
        positives[:, held_out:], negatives[:, held_out:], positives[:, :held_out], negatives[:, :held_out]
    )


def draw_random_sets(
    pool: Int[np.ndarray, " image"], size: int, held_out: int, runs: int, rng: np.random.Generator
) -> ConceptSets:
    """Returns the images of `runs` runs of random against random, both sides drawn anew each time."""
    drawn = np.stack([rng.choice(pool, 2 * size, replace=False) for _ in range(runs)])
    return split_sets(drawn[:, :size], drawn[:, size:], held_out)


def split_sets(
    positives: Int[np.ndarray, "run image"], negatives: Int[np.ndarray, "run image"], held_out: int
) -> ConceptSets:
    """Returns the sets with the first images of either side held out."""
    return ConceptSets(
        positives[:, held_out:], negatives[:, held_out:], positives[:, :held_out], negatives[:, :held_out]
    )


def train_cavs(gram: Float[np.ndarray, "all all"], sets: ConceptSets, penalty: float) -> Cavs:
    """Returns the CAVs of all runs: normals of the linear classifiers, pointing towards the concept.

    Source: kim2018tcav, § 3.2.

    Args:
        gram: inner products of the activations of all images at one stage, every unit counted, nothing pooled.
        sets: which images each run uses.
        penalty: L2 penalty of the classifier.
    """
    classifiers = fit_logistic(gram, sets.positives, sets.negatives, penalty)
    right = np.concatenate(
        [
            classifiers.outputs(gram, sets.held_out_positives) > 0,
            classifiers.outputs(gram, sets.held_out_negatives) < 0,
        ],
        axis=1,
    )
    return Cavs(classifiers, right.mean(1))


def tcav_scores(derivatives: Float[np.ndarray, "run image"]) -> Float[np.ndarray, " run"]:
    """Returns the TCAV score of each run: the fraction of the class's images with a positive derivative.

    Source: kim2018tcav, eq. 2.
    """
    return (derivatives > 0).mean(1)


def p_value_against_no_effect(scores: Float[np.ndarray, " run"]) -> float:
    """Returns the p-value of the two-sided t-test of the scores of all runs against 0.5.

    Source: kim2018tcav, § 3.5. Scores without any spread are as significant as can be, unless they are 0.5.
    """
    return _two_sided(float(scores.mean()) - NO_EFFECT, float(scores.var(ddof=1)) / len(scores), len(scores) - 1)


def p_value_against_random(scores: Float[np.ndarray, " run"], random_scores: Float[np.ndarray, " run"]) -> float:
    """Returns the p-value of the two-sided t-test of the scores against those of random CAVs, of equal variance.

    This is the test of the authors' library, not the paper's. Both samples have as many runs.
    """
    runs = len(scores)
    variance = (float(scores.var(ddof=1)) + float(random_scores.var(ddof=1))) / runs
    return _two_sided(float(scores.mean() - random_scores.mean()), variance, 2 * runs - 2)


def _two_sided(difference: float, variance: float, degrees: int) -> float:
    """Returns the p-value of a difference with the variance of its estimate; without spread it is 0 or 1."""
    if variance < ROUNDING**2:
        return float(abs(difference) < ROUNDING)
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), degrees))


def passes_test(p_value: float, level: float, hypotheses: int) -> bool:
    """Tells whether a score is significant after Bonferroni's correction.

    Source: kim2018tcav, § 3.5: p < α / m.
    """
    return p_value < level / hypotheses


def concept_similarity(
    cavs: Float[np.ndarray, "run unit"], activations: Float[np.ndarray, "image unit"]
) -> Float[np.ndarray, " image"]:
    """Returns the cosine similarity of images' activations with the mean CAV, to sort images by a concept.

    Source: kim2018tcav, § 4.1.
    """
    mean = cavs.mean(0)
    return activations @ mean / (np.linalg.norm(mean) * np.linalg.norm(activations, axis=1).clip(1e-12))
