"""The whole pipeline in the small: every claim is measured, and every figure can be drawn."""

import numpy as np
import pytest
import torch

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.params import load_params
from replications.trak.attribute import Params as AttributeParams
from replications.trak.attribute import scale_to_one, score_all
from replications.trak.counterfactual import leave_one_out, plan, read_outputs, remove_most_helpful
from replications.trak.figures import FIGURES, Results
from replications.trak.measure import Params, collect_pictures, measure_all
from replications.trak.retraining import join, retrain
from replications.trak.scoring import Clock
from replications.trak.settings import NAME
from replications.trak.train import plan_pool, plan_truth

NUMBERS = {"resamples": 20, "few": 4, "many": 4, "resampled": 8, "strongest": 10}


def run_pipeline(setting, images):
    """Returns what the stages hand on, without their files."""
    masks, truth = plan_truth(setting, 0)
    pool_masks, pool = plan_pool(setting, 0)
    results = [[retrain(setting, images, task) for task in tasks] for tasks in (truth, pool)]
    outputs = join(results[0], "outputs").reshape(setting.subsets, setting.repeats, setting.targets)
    weights = join(results[1], "weights")[: setting.kept]
    params = load_params(NAME, "attribute", AttributeParams).model_copy(
        update={"arnoldi_steps": 4, "arnoldi_rank": 2, "lasso_iterations": 5}
    )
    known, clock = {"masks": pool_masks, "outputs": join(results[1], "outputs")}, Clock()
    scored = list(score_all(setting, params, images, known, weights, clock))
    predictions = {f"{s.method}@{s.models}": s.scores @ masks.T.astype(np.float32) for s in scored}
    kept = {s.method: scale_to_one(s.scores) for s in scored if s.method != "trak-shuffled"}
    kept = {
        name: kept[name]
        for name in ("trak", "influence-last-layer", "tracin-last", "representation-similarity", "random")
    }
    after = [retrain(setting, images, task) for task in plan(setting, kept, 0)]
    retrained = read_outputs(setting, len(kept), after) | {"methods": np.array(list(kept))}
    if setting.network == "linear":
        retrained |= leave_one_out(setting, images)
    seconds = {part: float(np.mean(times)) for part, times in clock.seconds.items()} | {"network": 0.1}
    arrays = {
        "truth": {"masks": masks, "outputs": outputs}, "predictions": predictions, "attributions": kept,
        "counterfactual": retrained,
    }  # fmt: skip
    return arrays, seconds


@pytest.mark.parametrize("name", ["fashion", "digits"])
def test_every_claim_is_measured_and_every_figure_drawn(name, request):
    setting = request.getfixturevalue("setting" if name == "fashion" else "logistic")
    images = request.getfixturevalue("images" if name == "fashion" else "digits")
    arrays, seconds = run_pipeline(setting, images)
    params = load_params(NAME, "measure", Params).model_copy(update=NUMBERS)
    claims = load_claims(NAME)
    attempted = [s.id for s in claims.statements() if s.expect[name].not_attempted is None]
    measured, scores, falls = measure_all(setting, params, arrays, seconds, attempted)
    assert [claim.id for claim in judge_setting(claims, name, measured).claims if claim.value is not None] == attempted
    ceiling = measured.get("noise-ceiling")
    results = Results(setting, scores, falls, collect_pictures(images, arrays, 5), ceiling.value if ceiling else None)
    for figure, (draw, _) in FIGURES.items():
        if figure != "leave-one-out" or name == "digits":
            assert draw(results).axes


def test_the_most_helpful_images_are_removed():
    masks = remove_most_helpful(np.array([[0.1, -5.0, 3.0, 2.0]]), 2)
    assert masks.tolist() == [[True, True, False, False]]


def test_removals_of_different_methods_have_the_same_seeds(setting, rng):
    scores = {name: rng.standard_normal((12, 48)) for name in ("a", "b")}
    tasks = plan(setting, scores, 0)
    seeds = {task.name.rsplit("-", 1)[0]: [] for task in tasks}
    for task in tasks:
        seeds[task.name.rsplit("-", 1)[0]] += task.seeds
    assert seeds["without-3"] == seeds["all"] * 2


def test_a_setting_for_a_gpu_is_refused_without_one(setting, monkeypatch):
    from replications.trak.retraining import DeviceUnavailableError, check_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailableError, match="expects one"):
        check_device(setting.model_copy(update={"device": "cuda"}))
