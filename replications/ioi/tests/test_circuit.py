"""The second half on tiny models, as the paper's setting runs it."""

from pathlib import Path

import pytest

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.models import LanguageModel
from replications.common.tables import read_rows, write_rows
from replications.common.verdicts import Verdict
from replications.ioi.circuit import Params, measure_circuit
from replications.ioi.dataset import Prompt
from replications.ioi.estimates import PAPER_MODEL
from replications.ioi.measure import Params as MeasureParams
from replications.ioi.measure import measure_model
from replications.ioi.movers import Head
from replications.ioi.roles import INDUCTION, PAPER_CIRCUIT, PREVIOUS_TOKEN, S_INHIBITION
from replications.ioi.tables import NAME_MOVER, NodeRow, PathRow, RemovalRow

FIRST = MeasureParams(seed=1, batch_size=16, mover_line=0.02, copied_within=5, copy_prompts=4, random_draws=10)
PARAMS = Params(
    seed=2, batch_size=16, path_line=0.1, difference_line=0.01, attention_line=0.1, backup_line=0.02, search_prompts=20,
    knockout_prompts=12, mlp_prompts=6, random_sets=2, random_draws=3, greedy_prompts=4, greedy_runs=2, greedy_steps=2,
    greedy_candidates=2, random_tokens=10, random_sequences=2,
)  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("model", "model_name", "setting"),
    [("gpt2", PAPER_MODEL, "gpt2-small"), ("llama", "another", "smollm2-135m")],
    indirect=["model"],
)
def test_both_halves_measure_every_claim_of_a_setting(
    model: LanguageModel,
    of_few_forms: list[Prompt],
    model_name: str,
    setting: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    small = {
        NAME_MOVER: [Head(2, 1)],
        S_INHIBITION: [Head(1, 1)],
        INDUCTION: [Head(1, 0)],
        PREVIOUS_TOKEN: [Head(0, 0)],
    }
    paper = {role: [] for role in PAPER_CIRCUIT} | small
    monkeypatch.setattr(
        "replications.ioi.circuit.PAPER_CIRCUIT", paper
    )  # the paper's heads, in a model of three layers
    measured, rows, _ = measure_model(model, model_name, of_few_forms, FIRST)
    results = measure_circuit(model, model_name, of_few_forms, rows, PARAMS)
    judged = judge_setting(load_claims("ioi"), setting, measured | results.measured)
    assert all(claim.verdict is not Verdict.NOT_RUN for claim in judged.claims)
    assert results.measured["path-effects-of-nothing"].value < 1e-4
    assert results.measured["mean-ablating-nothing"].value < 1e-4
    if model_name == PAPER_MODEL:
        assert {Head(row.layer, row.head) for row in results.nodes if row.role} == {
            heads[0] for heads in small.values() if heads
        }
    for name, written, kind in (
        ("circuit", results.nodes, NodeRow), ("paths", results.paths, PathRow),
        ("removals", results.removals, RemovalRow),
    ):  # fmt: skip
        write_rows(tmp_path / f"{name}.csv", written, kind)
        assert len(read_rows(tmp_path / f"{name}.csv", kind)) == len(written) > 0


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("model", ["llama"], indirect=True)
def test_without_any_mover_the_rest_of_the_circuit_does_not_exist_and_nothing_fails(
    model: LanguageModel, of_few_forms: list[Prompt]
):
    _, rows, _ = measure_model(model, "another", of_few_forms, FIRST.model_copy(update={"mover_line": 1e9}))
    results = measure_circuit(model, "another", of_few_forms, rows, PARAMS.model_copy(update={"backup_line": 1e9}))
    assert results.nodes == [] and results.measured["s-inhibition-heads-found"].value == 0
    assert "no head of the class S-inhibition" in (results.measured["signal-both-inverted"].reason or "")
    assert results.measured["faithfulness"].value == results.measured["empty-circuit"].value
