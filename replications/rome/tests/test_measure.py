"""From traces and edits to measurements: every claim is measured, and the statistics are what they are called."""

import numpy as np
import pytest
import torch

from replications.common.claims import load_claims
from replications.common.models import LanguageModel
from replications.common.params import load_params, load_setting
from replications.rome.covariance import encode_text
from replications.rome.decoder import take_apart
from replications.rome.edit_estimates import (
    collect_sweep,
    correlation,
    estimate_edits,
    estimate_localization,
    estimate_texts,
    explained,
)
from replications.rome.editing import Editor, Params, draw_prefixes
from replications.rome.encoding import LAST_SUBJECT, ROLES, encode_prompt
from replications.rome.evaluation import Questions, harmonic_score, ngram_entropy, probabilities, score, write_on
from replications.rome.figures import draw_averages, draw_map, draw_scores, draw_severed, draw_sweep
from replications.rome.method import factorise
from replications.rome.prepare import find_known
from replications.rome.runs import next_token_logits, pad
from replications.rome.settings import DeviceUnavailableError, Setting, load_decoder
from replications.rome.tables import FT, IDENTITY, ROME, UNEDITED, parse_row, read_edits, write_edits
from replications.rome.trace_estimates import estimate_traces, find_site
from replications.rome.traces import Params as TraceParams
from replications.rome.traces import Tracer, join_traces, read_traces, trace_map, write_traces

FACTS = 6


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)


@pytest.fixture
def setting() -> Setting:
    small = {"window": 2, "layer_step": 1, "window_step": 1, "edit_layer": 1, "sweep_layers": (0, 1, 3), "v_step": 0.1}
    return load_setting("rome", "smollm2-135m", Setting).model_copy(update=small)


@pytest.fixture
def tracer(decoder, setting) -> Tracer:
    params = load_params("rome", "measure", TraceParams).model_copy(update={"draws": 2})
    return Tracer(decoder, params, setting, scale=0.5)


@pytest.fixture
def editor(decoder, setting, tokenizer) -> Editor:
    params = load_params("rome", "edit", Params).model_copy(
        update={"prefixes": 2, "v_steps": 3, "ft_steps": 2, "text_tokens": 4}
    )
    width = decoder.layers[0].w_down.shape[1]
    factors = {layer: factorise(torch.eye(width) + 0.1) for layer in setting.edited_layers}
    prefixes = draw_prefixes(decoder, tokenizer, params)
    return Editor(decoder, tokenizer, params, setting, factors, prefixes)


@pytest.mark.usefixtures("quick")
def test_every_claim_is_measured_and_every_figure_is_drawn(tracer, editor, setting, fact, tokenizer, tmp_path):
    prompt = encode_prompt(fact, tokenizer)
    pieces = [tracer.trace(prompt, case, windowed=case < 5, controlled=case < 2) for case in range(FACTS)]
    traces = join_traces(pieces, tracer)
    example = trace_map(tracer, prompt, 0, [*map(str, prompt.tokens), "France"])
    write_traces(tmp_path / "traces.npz", traces, example)
    traces, example = read_traces(tmp_path / "traces.npz")
    facts = [fact.model_copy(update={"case_id": case}) for case in range(4)]
    done = [editor.run(f, swept=f.case_id < 3, writing=f.case_id < 2, like=facts[:2]) for f in facts]
    write_edits(tmp_path / "edits.csv", [parse_row(row) for piece in done for row in piece["rows"]])
    rows = read_edits(tmp_path / "edits.csv")
    assert all(row.restored for row in rows)
    assert {row.method for row in rows} == {UNEDITED, FT, "FT+L", ROME, IDENTITY}
    texts = [{key[5:]: piece[key] for key in piece if key.startswith("text ")} for piece in done[:2]]
    sweep = collect_sweep(rows, setting.sweep_layers, traces)
    assert sweep.rewrite.shape == (3, 3)
    measured = {
        **estimate_traces(traces, 4, seed=0),
        **estimate_edits(rows, setting.edit_layer, seed=0),
        **estimate_texts(texts, seed=0),
        **estimate_localization(rows, sweep, traces, setting.edit_layer, 4, seed=0),
    }
    claimed = {s.id: s.unit for s in load_claims("rome").statements()}
    assert {name: m.unit for name, m in measured.items()} == claimed
    assert measured["edit-constraint"].value < 1e-4 and measured["weights-restored"].value == 0
    assert measured["no-noise-no-effect"].value < 1e-5 and measured["restoring-everything"].value < 1e-5
    for figure in (
        draw_map(example, traces), draw_averages(traces), draw_severed(traces), draw_scores(rows, setting.edit_layer),
        draw_sweep(rows, traces, setting),
    ):  # fmt: skip
        assert figure.axes


def test_a_trace_is_the_same_whatever_was_traced_before(tracer, fact, tokenizer):
    prompt = encode_prompt(fact, tokenizer)
    first = tracer.trace(prompt, 5, windowed=True, controlled=False)
    tracer.trace(prompt, 6, windowed=True, controlled=True)
    again = tracer.trace(prompt, 5, windowed=True, controlled=False)
    assert all(np.array_equal(first[name], again[name], equal_nan=True) for name in first)


def test_the_best_layer_is_chosen_on_one_half_and_measured_on_the_other():
    effects = np.full((4, len(ROLES), 2), np.nan)
    effects[:, ROLES.index(LAST_SUBJECT)] = [[1, 0], [0.2, 0.7], [1, 0], [0.4, 0.9]]
    site = find_site(effects, LAST_SUBJECT)
    assert site.chosen == 0
    assert site.held_out[:, site.chosen].mean() == pytest.approx(0.3)


def test_scores_count_the_wanted_order():
    found = np.array([[0.1, 0.6], [0.3, 0.2], [0.1, 0.2], [0.5, 0.1], [0.2, 0.3]])
    scores = score(found, paraphrases=2)
    assert (scores.efficacy, scores.paraphrase, scores.neighborhood) == (1.0, 0.5, 0.5)
    assert scores.efficacy_magnitude == pytest.approx(0.5) and scores.paraphrase_magnitude == pytest.approx(0)
    assert scores.neighborhood_magnitude == pytest.approx(0.15) and scores.new == 0.6


def test_s_is_the_harmonic_mean_of_the_means():
    parts = [np.array([1.0]), np.array([0.964]), np.array([0.754])]
    assert harmonic_score(*parts) == pytest.approx(0.892, abs=5e-4)  # Table 4, ROME on GPT-2 XL
    assert harmonic_score(np.zeros(2), np.ones(2), np.ones(2)) == 0


def test_probabilities_are_those_of_the_whole_model_for_one_token_and_for_several(model, decoder):
    prompts = [[3, 4, 5], [6, 7], [8, 9, 10, 11]]
    one = probabilities(decoder, Questions(prompts[0], [prompts[1]], [prompts[2]], [1], [2]))
    several = probabilities(decoder, Questions(prompts[0], [prompts[1]], [prompts[2]], [1], [2, 3]))
    for prompt, found, of_several in zip(prompts, one, several, strict=True):
        with torch.no_grad():
            after = model(torch.tensor([[*prompt, 2, 3]])).logits[0].softmax(-1)
        place = len(prompt) - 1
        assert found == pytest.approx(after[place, [1, 2]].numpy(), rel=1e-4)
        assert of_several[1] == pytest.approx(float((after[place, 2] * after[place + 1, 3]).sqrt()), rel=1e-4)


def test_writing_with_kept_keys_is_what_running_everything_again_gives(decoder):
    prompts = [[3, 4, 5], [6, 7]]
    written = write_on(decoder, prompts, 5, 1, torch.Generator().manual_seed(0))
    for prompt, found in zip(prompts, written, strict=True):
        tokens = list(prompt)
        for _ in range(5):
            tokens.append(int(next_token_logits(decoder, pad([tokens], decoder.device)).argmax()))
        assert tokens[len(prompt) :] == found


def test_the_entropy_of_a_text_is_that_of_its_bigrams_and_trigrams():
    # Bigrams: four different ones, 2 bits. Trigrams: three different ones, log2(3) bits.
    assert ngram_entropy("one two three four five") == pytest.approx((2 / 3 * 2 + 4 / 3 * np.log2(3)) / 2)
    assert ngram_entropy("no no no no no no") == 0


def test_the_variance_explained_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 3))
    y = 0.5 * x + np.array([0, 1, 3]) + rng.normal(size=(20, 3))
    dummies = np.tile(np.eye(3), (20, 1))

    def r_squared(design: np.ndarray) -> float:
        fitted = design @ np.linalg.lstsq(design, y.ravel(), rcond=None)[0]
        return 1 - ((y.ravel() - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum()

    expected = r_squared(dummies), r_squared(np.column_stack([dummies, x.ravel()]))
    assert explained(y, x) == pytest.approx(expected)
    assert correlation(np.ones(5), np.arange(5.0)) == 0
    assert correlation(x[:, 0], 2 * x[:, 0]) == pytest.approx(1)


def test_a_fact_is_known_if_the_model_says_its_first_token(decoder, fact, tokenizer):
    prompt = encode_prompt(fact, tokenizer)
    answer = int(next_token_logits(decoder, pad([prompt.tokens], decoder.device)).argmax())
    wrong = type(prompt)(prompt.tokens, prompt.subject, ((answer + 1) % 40,))
    assert find_known(decoder, [type(prompt)(prompt.tokens, prompt.subject, (answer, 5)), wrong], 8) == [True, False]


def test_text_is_cut_into_rows_and_too_little_is_refused(tokenizer):
    rows = encode_text(["the city of Paris"] * 200, tokenizer, 300)
    assert rows.shape == (2, 256)
    with pytest.raises(ValueError, match="lower covariance_tokens"):
        encode_text(["the city"], tokenizer, 300)


def test_a_setting_for_a_gpu_is_refused_without_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("replications.rome.settings.load_language_model", lambda *_: pytest.fail("loaded first"))
    with pytest.raises(DeviceUnavailableError, match="run another setting"):
        load_decoder(load_setting("rome", "gpu", Setting))


def test_the_weights_of_a_wrapped_model_are_taken_apart_too(model, decoder, tmp_path, tokenizer):
    from replications.common.models import wrap_model

    tokens = [[3, 4, 5]]
    expected = next_token_logits(decoder, pad(tokens, decoder.device))
    tokenizer.save_pretrained(tmp_path)
    wrapped: LanguageModel = wrap_model(model, type(tokenizer).from_pretrained(tmp_path), "0" * 64, "tiny")
    again = take_apart(wrapped.bridge.original_model)
    torch.testing.assert_close(next_token_logits(again, pad(tokens, again.device)), expected)
