"""Known answers of planted concepts, then second ways to compute, then laws and refusals."""

import numpy as np
import pytest
import torch
from captum.concept import TCAV, Concept
from captum.concept._utils.classifier import Classifier
from scipy import stats
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.utils.data import DataLoader

from replications.tcav import classifier as classifier_module
from replications.tcav import profile
from replications.tcav.classifier import NoConvergenceError, fit_logistic
from replications.tcav.method import (
    Cavs,
    ConceptSets,
    concept_similarity,
    draw_concept_sets,
    draw_random_sets,
    p_value_against_no_effect,
    p_value_against_random,
    passes_test,
    tcav_scores,
    train_cavs,
)
from replications.tcav.networks import StagedNetwork, build_network, logit_gradients, read_activations

UNITS, CONCEPT, POOL, RUNS = 20, 60, 300, 40
SETTINGS = {"held_out": 15, "runs": RUNS}


def plant(direction: np.ndarray, rng: np.random.Generator, noise: float = 1.0) -> np.ndarray:
    """Returns activations of concept images, which have 4 more along `direction`, then of random ones."""
    concept = noise * rng.normal(size=(CONCEPT, UNITS)) + 4 * direction
    return np.concatenate([concept, noise * rng.normal(size=(POOL, UNITS))])


def cavs_of(activations: np.ndarray, rng: np.random.Generator, runs: int = RUNS) -> Cavs:
    rows = np.arange(len(activations))
    sets = draw_concept_sets(rows[:CONCEPT], rows[CONCEPT:], 15, runs, rng)
    return train_cavs(activations @ activations.T, sets, penalty=0.01)


def axis(number: int) -> np.ndarray:
    return np.eye(UNITS)[number]


def scores_of_linear_model(activations: np.ndarray, weights: np.ndarray, cavs: Cavs) -> np.ndarray:
    gradients = np.tile(weights, (30, 1))  # the gradient of a linear model is its weights, whatever the input
    return tcav_scores(cavs.directional_derivatives(gradients @ activations.T))


def test_a_planted_concept_of_a_linear_model_scores_one_and_its_opposite_zero(rng):
    activations = plant(axis(3), rng)
    cavs = cavs_of(activations, rng)
    assert (scores_of_linear_model(activations, axis(3), cavs) == 1).all()
    assert (scores_of_linear_model(activations, -axis(3), cavs) == 0).all()
    assert cavs.accuracy.mean() > 0.9


def test_a_concept_orthogonal_to_what_a_linear_model_uses_is_not_significant(rng):
    activations = plant(axis(3), rng)
    activations[:CONCEPT, 7] = 0  # the concept's images say nothing about unit 7, the random ones both signs alike
    activations = np.concatenate([activations, activations[CONCEPT:] * np.where(axis(7), -1, 1)])
    cavs = cavs_of(activations, rng, runs=200)
    used, unused = (scores_of_linear_model(activations, axis(number), cavs) for number in (3, 7))
    assert passes_test(p_value_against_no_effect(used), 0.05, 2)
    assert not passes_test(p_value_against_no_effect(unused), 0.05, 2)


def test_the_cav_of_separable_activations_is_the_planted_direction_within_a_degree(rng):
    direction = rng.normal(size=UNITS)
    direction /= np.linalg.norm(direction)
    activations = plant(direction, rng, noise=0.02)
    vectors = cavs_of(activations, rng).vectors(activations)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(RUNS))
    angles = np.degrees(np.arccos(np.clip(vectors @ direction, -1, 1)))
    assert angles.max() < 1


def test_directional_derivatives_equal_finite_differences_of_the_logit(rng):
    network = build_network(3, 16, torch.Generator().manual_seed(0)).double()
    images = torch.from_numpy(rng.random((5, 3, 16, 16)))
    gradients = logit_gradients(network, "conv2", images, 1)
    vector = rng.normal(size=gradients.shape[1])
    vector /= np.linalg.norm(vector)
    activations = network.run_until("conv2", images)
    step = 1e-6 * torch.from_numpy(vector).reshape(activations.shape[1:])
    with torch.no_grad():
        above, below = (network.run_from("conv2", activations + sign * step)[:, 1] for sign in (1, -1))
    assert gradients @ vector == pytest.approx((above - below).numpy() / 2e-6, rel=1e-4, abs=1e-8)


def test_classifiers_equal_scikit_learns_logistic_regression(rng):
    activations = np.abs(rng.normal(size=(200, 500)))
    activations[:CONCEPT, :50] += 0.5
    positives = np.stack([rng.permutation(CONCEPT)[:45] for _ in range(3)])
    negatives = np.stack([CONCEPT + rng.permutation(140)[:45] for _ in range(3)])
    fitted = fit_logistic(activations @ activations.T, positives, negatives, penalty=0.01)
    for run in range(3):
        members = fitted.members[run]
        targets = np.repeat([1, 0], 45)
        peer = LogisticRegression(C=1 / (0.01 * 90), tol=1e-10, max_iter=10_000).fit(activations[members], targets)
        weights = fitted.coefficients[run] @ activations[members]
        assert weights == pytest.approx(peer.coef_[0], abs=1e-5)
        assert fitted.intercepts[run] == pytest.approx(peer.intercept_[0], abs=1e-4)
        assert fitted.norms[run] == pytest.approx(np.linalg.norm(weights))
        outputs = fitted.outputs(activations @ activations.T, np.arange(200)[None].repeat(3, 0))[run]
        assert outputs == pytest.approx(peer.decision_function(activations), abs=1e-4)


class OurClassifier(Classifier):
    """Hands captum a CAV of ours."""

    def __init__(self, cav: np.ndarray) -> None:
        self.cav = torch.from_numpy(cav).float()

    def train_and_eval(self, dataloader: DataLoader, **kwargs: object) -> dict:
        return {"accs": torch.tensor(1.0)}

    def weights(self) -> torch.Tensor:
        return torch.stack([self.cav, -self.cav])

    def classes(self) -> list[int]:
        return [0, 1]


@pytest.mark.parametrize("stage", ["conv1", "conv3", "hidden"])
def test_scores_equal_captums_exactly_in_count(rng, stage, tmp_path):
    network = build_network(3, 16, torch.Generator().manual_seed(1)).eval()
    images = {name: torch.from_numpy(rng.random((n, 3, 16, 16))).float() for name, n in (("c", 30), ("r", 60))}
    images["c"][:, 0] += 0.5
    inputs = torch.from_numpy(rng.random((50, 3, 16, 16))).float()
    activations = np.concatenate([read_activations(network, stage, images[name]) for name in "cr"]).astype(np.float64)
    rows = np.arange(90)
    sets = draw_concept_sets(rows[:30], rows[30:], 8, 4, rng)
    cavs = train_cavs(activations @ activations.T, sets, penalty=0.01)
    for k in range(3):
        products = logit_gradients(network, stage, inputs, k) @ activations.T
        ours = tcav_scores(cavs.directional_derivatives(products))
        for run, cav in enumerate(cavs.vectors(activations)):
            concepts = [Concept(n, name, DataLoader(images[name], batch_size=60)) for n, name in enumerate("cr")]
            layer = f"stages.{stage}"
            peer = TCAV(network, [layer], classifier=OurClassifier(cav), save_path=str(tmp_path / f"{k}-{run}"))
            theirs = peer.interpret(inputs, [concepts], target=k)["0-1"][layer]["sign_count"][0]
            assert round(float(theirs) * 50) == round(ours[run] * 50)


def test_a_score_is_the_share_of_images_counted_one_by_one(rng):
    activations = plant(axis(0), rng)
    cavs = cavs_of(activations, rng)
    gradients = rng.normal(size=(25, UNITS))
    counted = [sum(float(g @ v) > 0 for g in gradients) / 25 for v in cavs.vectors(activations)]
    assert tcav_scores(cavs.directional_derivatives(gradients @ activations.T)) == pytest.approx(counted)


def test_accuracy_is_the_share_of_held_out_images_on_the_right_side(rng):
    activations = plant(axis(0) * 0.3, rng)
    rows = np.arange(len(activations))
    sets = draw_concept_sets(rows[:CONCEPT], rows[CONCEPT:], 15, 2, rng)
    cavs = train_cavs(activations @ activations.T, sets, penalty=0.01)
    for run in range(2):
        members, c = cavs.classifiers.members[run], cavs.classifiers
        outputs = activations @ (c.coefficients[run] @ activations[members]) + c.intercepts[run]
        right = [*(outputs[sets.held_out_positives[run]] > 0), *(outputs[sets.held_out_negatives[run]] < 0)]
        assert cavs.accuracy[run] == pytest.approx(np.mean(right))


def test_swapping_concept_and_random_images_turns_a_score_into_its_complement(rng):
    activations = rng.normal(size=(200, UNITS))
    sets = draw_random_sets(np.arange(200), CONCEPT, 15, RUNS, rng)
    swapped = ConceptSets(sets.negatives, sets.positives, sets.held_out_negatives, sets.held_out_positives)
    products = rng.normal(size=(25, UNITS)) @ activations.T
    one, other = (
        tcav_scores(train_cavs(activations @ activations.T, s, 0.01).directional_derivatives(products))
        for s in (sets, swapped)
    )
    assert one == pytest.approx(1 - other)
    assert one.std() > 0.02  # a random CAV is not 0.5 on each run


def test_the_tests_are_scipys(rng):
    scores, random_scores = rng.random(50), rng.random(50) ** 2
    assert p_value_against_no_effect(scores) == pytest.approx(stats.ttest_1samp(scores, 0.5).pvalue)
    assert p_value_against_random(scores, random_scores) == pytest.approx(stats.ttest_ind(scores, random_scores).pvalue)


def test_scores_without_spread_are_significant_unless_they_are_one_half():
    assert p_value_against_no_effect(np.full(10, 0.7)) == 0
    assert p_value_against_no_effect(np.full(10, 0.5)) == 1
    assert p_value_against_random(np.full(10, 0.7), np.full(10, 0.7)) == 1


def test_two_hypotheses_halve_the_level():
    assert passes_test(0.03, level=0.05, hypotheses=1)
    assert not passes_test(0.03, level=0.05, hypotheses=2)


def test_no_image_is_both_trained_on_and_held_out_nor_on_both_sides(rng):
    pool = np.arange(30, 200)
    for sets in (draw_concept_sets(np.arange(50), pool, **SETTINGS, rng=rng), draw_random_sets(pool, 50, 15, 40, rng)):
        assert sets.positives.shape == sets.negatives.shape == (RUNS, 35)
        for run in range(RUNS):
            parts = (sets.positives, sets.negatives, sets.held_out_positives, sets.held_out_negatives)
            used = np.concatenate([part[run] for part in parts])
            assert len(set(used)) == len(used) == 100


def test_a_pool_smaller_than_the_concept_is_refused(rng):
    with pytest.raises(ValueError, match="got a pool of 20 random images; expected at least the concept's 50"):
        draw_concept_sets(np.arange(50), np.arange(30, 70), **SETTINGS, rng=rng)


def test_a_classifier_that_does_not_converge_says_so(rng, monkeypatch):
    monkeypatch.setattr(classifier_module, "STEPS", 1)
    activations = plant(axis(0), rng)
    with pytest.raises(NoConvergenceError, match="after 1 steps"):
        fit_logistic(activations @ activations.T, np.arange(9)[None], np.arange(90, 99)[None], 0.01)


def test_images_are_sorted_by_how_much_of_the_concept_they_hold(rng):
    activations = plant(axis(2), rng)
    vectors = cavs_of(activations, rng).vectors(activations)
    amounts = np.array([3.0, -2.0, 0.5])
    images = 0.1 * rng.normal(size=(3, UNITS)) + amounts[:, None] * axis(2)
    assert np.argsort(concept_similarity(vectors, images)).tolist() == np.argsort(amounts).tolist()


def test_the_gram_matrix_does_not_depend_on_how_many_units_are_taken_at_once(rng, monkeypatch):
    activations = rng.normal(size=(7, 25)).astype(np.float32)
    monkeypatch.setattr(profile, "UNITS_AT_ONCE", 10)
    assert profile.gram_matrix(activations) == pytest.approx(activations.astype(float) @ activations.T.astype(float))


def test_activations_are_flattened_and_not_pooled():
    network = build_network(3, 16, torch.Generator().manual_seed(0))
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert read_activations(network, "conv1", images).shape == (2, 16 * 8 * 8)
    assert torch.equal(network(images), network.run_from("conv2", network.run_until("conv2", images)))


def test_an_unknown_stage_is_refused():
    network = StagedNetwork({"only": nn.Flatten()})
    with pytest.raises(KeyError, match="got stage 'other'; expected one of"):
        network.run_until("other", torch.zeros(1, 3, 2, 2))
