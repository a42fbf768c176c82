"""The second half on tiny models, as the paper's setting runs it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.models import LanguageModel
from replications.common.tables import read_rows, write_rows
from replications.common.verdicts import Verdict
from replications.ioi.circuit import CircuitResults, Params, measure_circuit
from replications.ioi.dataset import Prompt
from replications.ioi.estimates import PAPER_MODEL
from replications.ioi.experiments import Experiments
from replications.ioi.keeping import Arrays, Keep, KeptArrays, compute_again
from replications.ioi.movers import Head
from replications.ioi.roles import INDUCTION, PAPER_CIRCUIT, PREVIOUS_TOKEN, S_INHIBITION
from replications.ioi.tables import NAME_MOVER, NodeRow, PathRow, RemovalRow
from replications.ioi.tests.conftest import FirstHalf

PARAMS = Params(
    seed=2, batch_size=48, path_line=0.1, difference_line=0.01, attention_line=0.1, backup_line=0.02, search_prompts=20,
    knockout_prompts=12, mlp_prompts=6, random_sets=2, random_draws=3, greedy_prompts=4, greedy_runs=2, greedy_steps=2,
    greedy_candidates=2, random_tokens=10, random_sequences=2,
)  # fmt: skip
SMALL = {
    NAME_MOVER: [Head(2, 1)],
    S_INHIBITION: [Head(1, 1)],
    INDUCTION: [Head(1, 0)],
    PREVIOUS_TOKEN: [Head(0, 0)],
}


def run_second_half(model: LanguageModel, first: FirstHalf, prompts: list[Prompt], keep: Keep = compute_again):
    """The second half; in the paper's model with few of the paper's heads, for this one has three layers."""
    small = {role: SMALL.get(role, []) for role in PAPER_CIRCUIT}
    name = PAPER_MODEL if model.description == "gpt2" else "another"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replications.common.bootstrap.RESAMPLES", 20)
        patch.setattr("replications.ioi.circuit.PAPER_CIRCUIT", small)
        return measure_circuit(Experiments(model, prompts, PARAMS, keep), name, first[1])


@pytest.fixture(scope="module")
def second_half(model: LanguageModel, first_half: FirstHalf, of_few_forms: list[Prompt]) -> CircuitResults:
    return run_second_half(model, first_half, of_few_forms)


def test_both_halves_measure_every_claim_of_a_setting(
    model: LanguageModel, first_half: FirstHalf, second_half: CircuitResults, tmp_path: Path
):
    setting = {"gpt2": "gpt2-small", "llama": "smollm2-135m"}[model.description]
    judged = judge_setting(load_claims("ioi"), setting, first_half[0] | second_half.measured)
    assert all(claim.verdict is not Verdict.NOT_RUN for claim in judged.claims)
    assert second_half.measured["path-effects-of-nothing"].value < 1e-4
    assert second_half.measured["mean-ablating-nothing"].value < 1e-4
    if model.description == "gpt2":
        assert {Head(row.layer, row.head) for row in second_half.nodes if row.role} == {h[0] for h in SMALL.values()}
    for name, written, kind in (
        ("circuit", second_half.nodes, NodeRow), ("paths", second_half.paths, PathRow),
        ("removals", second_half.removals, RemovalRow),
    ):  # fmt: skip
        write_rows(tmp_path / f"{name}.csv", written, kind)
        assert len(read_rows(tmp_path / f"{name}.csv", kind)) == len(written) > 0


@pytest.mark.parametrize("model", ["llama"], indirect=True)
def test_a_run_that_was_killed_goes_on_to_the_same_result(
    model: LanguageModel, first_half: FirstHalf, second_half: CircuitResults, of_few_forms: list[Prompt], tmp_path: Path
):
    done: list[str] = []

    def killed_at(number: int) -> Keep:
        kept = KeptArrays(tmp_path, "this code")

        def keep(inputs: str, compute: Callable[[], Arrays]) -> Arrays:
            def count() -> Arrays:
                if len(done) == number:
                    raise KeyboardInterrupt
                done.append(inputs)
                return compute()

            return kept(inputs, count)

        return keep

    for number in (3, 9):
        with pytest.raises(KeyboardInterrupt):
            run_second_half(model, first_half, of_few_forms, killed_at(number))
    assert run_second_half(model, first_half, of_few_forms, killed_at(-1)) == second_half
    assert len(done) == len(set(done)) > 9  # nothing was computed twice


@pytest.mark.parametrize("model", ["llama"], indirect=True)
def test_without_any_mover_the_rest_of_the_circuit_does_not_exist_and_nothing_fails(
    model: LanguageModel, first_half: FirstHalf, of_few_forms: list[Prompt]
):
    rows = [replace(row, role="") for row in first_half[1]]
    params = PARAMS.model_copy(update={"backup_line": 1e9})
    results = measure_circuit(Experiments(model, of_few_forms, params), "another", rows)
    assert results.nodes == [] and results.measured["s-inhibition-heads-found"].value == 0
    assert "no head of the class S-inhibition" in (results.measured["signal-both-inverted"].reason or "")
    assert results.measured["faithfulness"].value == results.measured["empty-circuit"].value
