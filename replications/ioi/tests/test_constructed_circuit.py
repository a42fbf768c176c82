"""A model whose circuit is known: the search recovers it exactly, and the three criteria are what they must be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from replications.common.models import LanguageModel, wrap_model
from replications.ioi.circuit import CircuitResults, Params, measure_circuit
from replications.ioi.dataset import Prompt, Vocabulary, make_prompts
from replications.ioi.experiments import Experiments
from replications.ioi.measure import Params as MeasureParams
from replications.ioi.measure import measure_model
from replications.ioi.roles import DUPLICATE_TOKEN, INDUCTION, PREVIOUS_TOKEN, S_INHIBITION
from replications.ioi.tables import NAME_MOVER, NodeRow
from replications.ioi.tests.constructed import INHIBITION, build_constructed

NAMES = ("Adam", "Beth", "Carl", "Dan", "Emma", "Frank", "Grace", "Henry")
PLANTED = {
    (NAME_MOVER, "3.0", "END"),
    (S_INHIBITION, "2.0", "END"),
    (INDUCTION, "1.0", "S2"),
    (DUPLICATE_TOKEN, "0.1", "S2"),
    (PREVIOUS_TOKEN, "0.0", "S1+1"),
}
FIRST = MeasureParams(seed=1, batch_size=64, mover_line=0.1, copied_within=5, copy_prompts=4, random_draws=4)
PARAMS = Params(
    seed=2, batch_size=64, path_line=0.1, difference_line=0.01, attention_line=0.1, backup_line=0.02, search_prompts=20,
    knockout_prompts=24, mlp_prompts=4, random_sets=4, random_draws=4, greedy_prompts=4, greedy_runs=2, greedy_steps=5,
    greedy_candidates=5, random_tokens=4, random_sequences=1,
)  # fmt: skip


def difference(inhibition: float) -> float:
    """Attention to IO minus that to S1 and S2, when the name mover's score for S is lower by `inhibition`."""
    of_s = 2 * np.exp(-inhibition)
    return float((1 - of_s) / (1 + of_s))


@pytest.fixture(scope="module")
def constructed_prompts() -> list[Prompt]:
    drawn = make_prompts(Vocabulary(NAMES, ("park", "farm"), ("book", "key")), 900, np.random.default_rng(0))
    chosen = [prompt for prompt in drawn if prompt.form.startswith(("Yesterday", "Last week"))][:60]
    return [replace(prompt, prefix="Snow fell.") for prompt in chosen]  # the model has few positions


@pytest.fixture(scope="module")
def constructed(tmp_path_factory: pytest.TempPathFactory, constructed_prompts: list[Prompt]) -> LanguageModel:
    splitter, folder = pre_tokenizers.Whitespace(), tmp_path_factory.mktemp("tokenizer")
    texts = [text for p in constructed_prompts for text in (p.text, p.corrupted_text, p.prefix, "had good day")]
    words = sorted({word for text in texts for word, _ in splitter.pre_tokenize_str(text)})
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<bos>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = splitter
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<bos>").save_pretrained(folder)
    model = build_constructed(len(vocabulary), [vocabulary[name] for name in NAMES])
    return wrap_model(model, PreTrainedTokenizerFast.from_pretrained(Path(folder)), "0" * 64, "constructed")


@pytest.fixture(scope="module")
def results(constructed: LanguageModel, constructed_prompts: list[Prompt]) -> CircuitResults:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replications.common.bootstrap.RESAMPLES", 20)
        patch.setattr("replications.ioi.measure.observe_variants", lambda model, prompts, size: None)
        patch.setattr("replications.ioi.measure.Estimator.estimate_behaviour", lambda estimator: {})
        _, rows, _ = measure_model(constructed, "constructed", constructed_prompts, FIRST)
        return measure_circuit(Experiments(constructed, constructed_prompts, PARAMS), "constructed", rows)


def test_the_planted_circuit_and_nothing_else_is_found(results: CircuitResults):
    assert {(row.role, str(row.address), row.slot) for row in results.nodes} == PLANTED
    assert all(row.found == row.role for row in results.nodes)


def value(results: CircuitResults, claim: str) -> float:
    found = results.measured[claim].value
    assert found is not None, results.measured[claim].reason
    return found


def test_the_circuit_is_faithful_and_complete(results: CircuitResults):
    assert value(results, "faithfulness") == pytest.approx(1, abs=1e-3)
    for claim in ("completeness-by-class", "completeness-by-random-sets", "completeness-greedy"):
        assert value(results, claim) == pytest.approx(0, abs=1e-3)


def test_every_head_is_as_necessary_as_it_was_built_to_be(results: CircuitResults):
    whole = difference(2 * INHIBITION)
    one_of_two = (whole - difference(INHIBITION)) / whole  # the name is still inhibited by the other early head
    expected = {"0.0": one_of_two, "0.1": one_of_two, "1.0": one_of_two, "2.0": (whole - difference(0)) / whole}
    found = {str(row.address): row.minimality for row in results.nodes}
    assert {head: found[head] for head in expected} == pytest.approx(expected, abs=2e-3)
    assert value(results, "minimality") == pytest.approx(one_of_two, abs=2e-3)


def test_paths_carry_what_they_were_built_to_carry(results: CircuitResults):
    whole = difference(2 * INHIBITION)
    half, none = difference(INHIBITION) / whole - 1, difference(0) / whole - 1
    effects: dict[str, NodeRow] = {str(row.address): row for row in results.nodes}
    expected = {"2.0": none, "1.0": half, "0.1": half, "0.0": half}
    assert {head: effects[head].effect for head in expected} == pytest.approx(expected, abs=2e-3)
    assert {head: effects[head].attention for head in expected} == pytest.approx(dict.fromkeys(expected, 1), abs=1e-3)
    of_all = {row.paths: row.of_all for row in results.paths}
    assert of_all["queries of the name movers"] == pytest.approx(none, abs=2e-3)


def test_the_signal_that_it_carries_is_the_token_and_not_the_position(results: CircuitResults):
    whole, none = difference(2 * INHIBITION), difference(0)
    assert value(results, "signal-inverted-position") == pytest.approx(1, abs=1e-3)
    assert value(results, "signal-longer-prefix") == pytest.approx(1, abs=1e-3)
    assert value(results, "signal-random-token") == pytest.approx(none / whole, abs=2e-3)
    assert "no position signal" in (results.measured["position-signal-from-s2"].reason or "")
    assert value(results, "random-heads-carry-no-signal") == pytest.approx(1, abs=1e-3)
