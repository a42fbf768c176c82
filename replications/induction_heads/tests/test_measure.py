"""The whole measurement of the trained settings on tiny runs, and the numbers on evidence that is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.params import load_params, load_setting
from replications.common.tables import read_rows
from replications.common.verdicts import Verdict
from replications.induction_heads import corpora
from replications.induction_heads.estimates import Estimator, ablated_share, previous_token_head_composes
from replications.induction_heads.evaluation import Probes
from replications.induction_heads.evidence import Lines, RunEvidence
from replications.induction_heads.measure import Params, measure_trained
from replications.induction_heads.method import PERIOD, prefix_matching_scores, previous_token_scores
from replications.induction_heads.runs import save_run, train_to_arrays
from replications.induction_heads.settings import Setting
from replications.induction_heads.tables import HeadRow, read_curves
from replications.induction_heads.tests.test_dataset import make_text
from replications.induction_heads.tests.test_training import PARAMS, shrink
from replications.induction_heads.training import History, RunName

LINES = Lines(induction=0.4, bump=1.0, copying=0.5)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    monkeypatch.setattr(corpora, "load_text", lambda source, path, vocabulary: make_text())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["laptop", "gpu"])
def test_every_claim_of_a_trained_setting_is_measured_on_a_tiny_run(name: str, tmp_path: Path):
    setting = load_setting("induction_heads", name, Setting)
    experiments = {}
    for key, experiment in setting.experiments.items():
        models = {
            n: c.model_copy(update={"width": 16, "layers": min(c.layers, 3)}) for n, c in experiment.models.items()
        }
        short = {"steps": 5, "snapshots": 5, "seeds": (0,), "heads": 2, "device": "cpu", "bump_from": 0, "processes": 1}
        experiments[key] = shrink(name, key, models=models, **short)
        for model in models:
            run = RunName(key, model, 0)
            trained = train_to_arrays(experiments[key], PARAMS, tmp_path / "checkpoints", run)
            save_run(tmp_path / "models" / str(run), trained)
    tiny = setting.model_copy(update={"experiments": experiments})
    claims = load_claims("induction_heads")
    wanted = [s.id for s in claims.statements() if s.expect[name].not_attempted is None]
    params = load_params("induction_heads", "measure", Params)
    measured = measure_trained(tiny, tmp_path / "models", wanted, params, PARAMS, tmp_path)
    judged = judge_setting(claims, name, measured)
    assert all(claim.verdict is not Verdict.NOT_RUN for claim in judged.claims)
    assert measured["one-layer-induction-heads"].value == 0  # nothing can form in five steps
    assert "no head counts as an induction head" in (measured["icl-lost-without-induction-heads"].reason or "")
    rows = read_rows(tmp_path / "heads.csv", HeadRow)
    assert {row.model.split("/")[0] for row in rows} == set(experiments)
    assert {curve.model for curve in read_curves(tmp_path / "curves.safetensors")} >= {"one-layer", "two-layer"}


def evidence(hand_built, repeated) -> RunEvidence:
    """The hand-built circuit as if it had been trained: scores rise from 0 to what they are, half of the way at 50."""
    run = hand_built.run(repeated)
    prefix = np.array([prefix_matching_scores(p).numpy() for p in run.patterns])
    previous = np.array([previous_token_scores(p).numpy() for p in run.patterns])
    rise = np.array([0, 0.0, 0.5, 1, 1])[:, None, None]
    losses = np.ones((5, 100)) * np.array([3, 2.9, 2.0, 1.0, 0.99])[:, None]
    losses[:, PERIOD:] -= np.array([0, 0, 1.0, 2.0, 2.0])[:, None] * 0.4
    history = History(
        np.array([0, 25, 50, 75, 100.0]), losses, rise * prefix, rise * np.ones((2, 1)), previous[None], previous
    )
    experiment = shrink("laptop", "phrases", early=(5, 15), late=(60, 99), bump_from=0)
    probes = Probes(documents=repeated, repeated=repeated, plain=repeated, watched=repeated)
    return RunEvidence(RunName("phrases", "two-layer", 0), experiment, history, hand_built, probes, LINES)


def test_the_evidence_of_the_hand_built_circuit_is_what_it_was_built_for(hand_built, repeated):
    run = evidence(hand_built, repeated)
    assert run.induction_heads == [(1, 0)]
    assert run.previous_token_head == (0, 0)
    assert run.half_prefix == pytest.approx(50) and run.half_in_context == pytest.approx(50)
    assert run.in_context_in_window == pytest.approx(0.8)  # the window from 0.1 to 0.9 of a straight rise
    assert run.in_context[-1] == pytest.approx(-0.8)
    assert previous_token_head_composes(run)


def test_ablating_the_hand_built_induction_head_takes_all_of_the_in_context_score(hand_built, repeated):
    run = evidence(hand_built, repeated)
    assert ablated_share(run) == pytest.approx(1, abs=0.02)
    assert run.share_lost_without([(1, 0)]) > 0.9
    assert run.share_lost_without([]) == pytest.approx(0, abs=1e-6)
    assert run.draw_other_heads(np.random.default_rng(0)) == [(0, 0)]
    assert abs(run.share_lost_without([(0, 0)])) < 0.05  # patterns frozen: what the first layer wrote is in them


def test_a_run_in_which_nothing_forms_counts_with_all_its_tokens(hand_built, repeated):
    run = evidence(hand_built, repeated)
    flat = replace(run, history=replace(run.history, prefix=0 * run.history.prefix))
    assert flat.formed_at == 100 and run.formed_at == pytest.approx(45)
    assert flat.induction_heads == []


def test_a_comparison_pairs_models_of_the_same_seed():
    class Stub:
        def __init__(self, value: float) -> None:
            self.in_context = np.array([0, value])

    runs = {"phrases": {"a": [Stub(-1), Stub(-4)], "b": [Stub(-2), Stub(-4)]}}
    estimator = Estimator(runs, np.random.default_rng(0), 1, (0, 1))  # type: ignore[arg-type]
    paired = estimator.paired(lambda run, other: run.in_context[-1] / other.in_context[-1], "a", "b")
    assert paired.value == pytest.approx(0.75) and (paired.low, paired.high) == (0.5, 1.0)
