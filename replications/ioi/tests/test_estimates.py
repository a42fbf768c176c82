"""Estimates on planted readings: one head helps by half, one hinders by a quarter, the others do nothing."""

import numpy as np
import pytest

from replications.ioi.estimates import PAPER_MODEL, Estimator
from replications.ioi.movers import Head
from replications.ioi.observations import CopyReadings, EndReadings, Variants

PROMPTS, LAYERS, HEADS, COPY_PROMPTS = 40, 3, 4, 6
HELPING, HINDERING = Head(1, 2), Head(2, 0)


@pytest.fixture
def estimator() -> Estimator:
    rng = np.random.default_rng(0)
    difference = rng.uniform(1, 3, PROMPTS)

    def plant(background: float, helping: np.ndarray | float, hindering: np.ndarray | float = 0.0) -> np.ndarray:
        values = np.full((PROMPTS, LAYERS, HEADS), background)
        values[(slice(None), *HELPING)] = helping
        values[(slice(None), *HINDERING)] = hindering
        return values

    attention = rng.uniform(0.5, 0.9, PROMPTS)
    readings = EndReadings(
        logit_difference=difference,
        io_probability=np.full(PROMPTS, 0.25),
        corrupted=np.zeros(PROMPTS),
        effects=plant(0.0, -0.5 * difference, 0.25 * difference),
        attention_io=plant(0.1, attention),
        attention_s=plant(0.1, 1 - attention),
        projection_io=plant(0.0, 7 * attention + 2),
        projection_s=plant(0.0, 7 * (1 - attention) + 2),
        effects_of_nothing=np.zeros((2, LAYERS, HEADS)),
    )
    copied = plant(0.0, 1.0)[:COPY_PROMPTS]
    negatively = plant(0.0, 0.0, 1.0)[:COPY_PROMPTS]
    return Estimator(
        readings, Variants(0.5 * difference, difference), CopyReadings(copied, negatively), 0.1, 20, rng, seeds=(0,)
    )


def test_the_planted_heads_and_no_others_are_found(estimator: Estimator):
    movers = estimator.find()
    assert movers == ([HELPING], [HINDERING])
    search = estimator.estimate_search("another")
    assert (search["name-movers-found"].value, search["negative-name-movers-found"].value) == (1, 1)
    assert search["movers-sit-late"].value == pytest.approx((1 / 2 + 2 / 2) / 2)
    assert search["patching-clean-into-clean"].value == 0
    assert "paper-name-movers-found" not in search
    assert estimator.estimate_search(PAPER_MODEL)["paper-name-movers-found"].value == 0


def test_the_behaviour_is_that_of_the_planted_prompts(estimator: Estimator):
    behaviour = estimator.estimate_behaviour()
    assert behaviour["logit-difference"].value == pytest.approx(estimator.readings.logit_difference.mean())
    assert behaviour["io-above-subject"].value == 1
    assert behaviour["longer-prefix"].value == pytest.approx(0.5)
    assert behaviour["with-bos"].value == pytest.approx(1)


def test_the_planted_name_mover_is_described_on_the_half_that_did_not_find_it(estimator: Estimator):
    described = estimator.describe_name_movers([HELPING])
    held_out = estimator.readings.attention_io[(estimator.halves.describing, *HELPING)]
    assert described["name-movers-attend-to-io"].value == pytest.approx(held_out.mean())
    assert described["name-movers-attend-to-io"].n == PROMPTS // 2
    assert described["attention-predicts-projection"].value == pytest.approx(1)
    assert described["attention-predicts-projection-within-io"].value == pytest.approx(1)
    assert described["name-movers-copy"].value == 1
    assert described["name-movers-held-out-effect"].value == pytest.approx(-0.5)


def test_random_heads_of_the_layer_show_the_background_alone(estimator: Estimator):
    control = estimator.describe_random_heads(estimator.find())
    assert control["random-heads-attend-to-io"].value == pytest.approx(0.1)
    assert control["random-heads-effect"].value == 0
    assert control["random-heads-copy"].value == 0


def test_copy_scores_are_averaged_over_all_heads_and_over_the_negative_ones(estimator: Estimator):
    copying = estimator.describe_copying([HINDERING])
    assert copying["negative-name-movers-copy-negatively"].value == 1
    assert copying["average-head-does-not-copy"].value == pytest.approx(1 / (LAYERS * HEADS))
    assert "no head passed the line" in (
        estimator.describe_copying([])["negative-name-movers-copy-negatively"].reason or ""
    )


def test_a_layer_of_movers_alone_leaves_no_control(estimator: Estimator):
    crowded = [Head(1, head) for head in range(HEADS)]
    control = estimator.describe_random_heads(estimator.find()._replace(name_movers=crowded))
    assert "every head of layer 1" in (control["random-heads-copy"].reason or "")
