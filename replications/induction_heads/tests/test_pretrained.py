"""The evaluators on a model wrapped by TransformerLens: a tiny Llama, grouped queries, rotary positions and MLPs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.models import LanguageModel, wrap_model
from replications.common.params import load_params
from replications.common.verdicts import Verdict
from replications.induction_heads import hooked, measure, pretrained
from replications.induction_heads.figures import draw_pretrained
from replications.induction_heads.hooked import SilentInterventionError, check_intervention
from replications.induction_heads.method import PERIOD, copying_scores, prefix_matching_scores
from replications.induction_heads.pretrained import (
    HeadScores,
    ablate,
    cut_texts,
    draw_sequences,
    estimate_heads,
    estimate_repetition,
    estimate_text,
    repetition_gain,
    score_heads,
    text_losses,
)
from replications.induction_heads.settings import Pretrained


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    words = {"<bos>": 0} | {f"w{number}": number for number in range(1, 120)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<bos>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    folder = tmp_path_factory.mktemp("tokenizer")  # the bridge wants a tokenizer that comes from a folder
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<bos>").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=3,
        hidden_size=48,
        intermediate_size=64,
        vocab_size=120,
        max_position_embeddings=600,
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    llama = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in llama.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return wrap_model(llama, PreTrainedTokenizerFast.from_pretrained(folder), "0" * 64, "tiny llama")


@pytest.fixture(scope="module")
def repeated(model: LanguageModel) -> torch.Tensor:
    return draw_sequences(model.tokenizer, np.random.default_rng(0))[1]


def test_frozen_patterns_change_nothing_and_silencing_a_head_equals_subtracting_its_output(model, repeated):
    tokens, bridge = repeated[:2], model.bridge
    patterns = hooked.attention_patterns(bridge, tokens)
    whole = torch.nn.functional.cross_entropy(bridge(tokens)[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    assert torch.allclose(hooked.losses_ablated(bridge, tokens, patterns, []), whole, atol=1e-4)

    layer, head = 2, 4  # in the last layer patterns of later layers play no part, so the head can be taken out by hand
    names = [f"blocks.{layer}.hook_in", f"blocks.{layer}.attn.hook_out", f"blocks.{layer}.attn.o.hook_in"]
    _, cache = bridge.run_with_cache(tokens, names_filter=names, return_cache_object=False)
    mixed = cache[names[2]].reshape(*tokens.shape, bridge.cfg.n_heads, bridge.cfg.d_head)
    stream = cache[names[0]] + cache[names[1]] - mixed[:, :, head] @ bridge.W_O[layer, head]
    block = bridge.blocks[layer]
    logits = bridge.unembed(bridge.ln_final(stream + block.mlp(block.ln2(stream))))
    by_hand = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
    assert torch.allclose(hooked.losses_ablated(bridge, tokens, patterns, [(layer, head)]), by_hand, atol=1e-4)


def test_an_intervention_that_does_nothing_is_refused(model, repeated):
    check_intervention(model.bridge, repeated[:2], [(1, 0)])
    with pytest.raises(SilentInterventionError, match="with 0 heads silenced"):
        check_intervention(model.bridge, repeated[:2], [])


def test_raised_logits_are_those_of_the_modules_of_hugging_face(model, repeated):
    tokens, layer = repeated[:1], 1
    residual = hooked.residuals_before(model.bridge, tokens)[layer]
    raised = hooked.raised_logits(model.bridge, layer, residual)
    patterns = hooked.attention_patterns(model.bridge, tokens)[layer]
    # The heads' raises, mixed by attention and added up, are the attention layer's own direct effect on the logits.
    name = f"blocks.{layer}.attn.hook_out"
    _, cache = model.bridge.run_with_cache(tokens, names_filter=[name], return_cache_object=False)
    direct = (cache[name] * model.bridge.ln_final.weight) @ model.bridge.W_U
    assert torch.allclose((patterns @ raised).sum(1), direct, atol=1e-3)


def test_eigenvalues_are_those_of_the_circuit_over_the_vocabulary(model):
    bridge = model.bridge
    block, head = bridge.blocks[1], 3
    group = head // 2  # six heads share three values
    embedded = bridge.W_E * block.ln1.weight
    circuit = embedded @ block.attn.W_V[group] @ block.attn.W_O[head] @ (bridge.ln_final.weight[:, None] * bridge.W_U)
    eigenvalues = torch.linalg.eigvals(circuit)
    expected = eigenvalues.sum().real / eigenvalues.abs().sum()
    assert hooked.copying_by_eigenvalues(bridge)[1, head].item() == pytest.approx(expected.item(), abs=1e-2)


def test_every_claim_of_the_pretrained_setting_is_measured(
    model, repeated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    rng = np.random.default_rng(0)
    files = [" ".join(f"w{n}" for n in rng.integers(1, 120, size=600)) for _ in range(12)]
    texts = cut_texts(files, model.tokenizer, 11, rng)
    assert texts.shape == (11, 512) and (texts[:, 0] == 0).all()
    with pytest.raises(ValueError, match="got 12 files"):
        cut_texts(files, model.tokenizer, 13, rng)
    scores = score_heads(model, texts, rng)
    heads = [(1, 2), (2, 0)]
    measured = {
        **estimate_heads(scores, 0.4, rng),
        **estimate_text(
            text_losses(model, texts[:3]), ablate(model, texts[:3], heads, 2, rng), ((40, 60), (490, 510)), rng
        ),
        **estimate_repetition(ablate(model, repeated[:3], heads, 2, rng), rng),
    }
    judged = judge_setting(load_claims("induction_heads"), "smollm2-135m", measured)
    assert all(claim.verdict is not Verdict.NOT_RUN for claim in judged.claims)
    assert measured["agrees-with-transformerlens"].value < 1e-5
    patterns = hooked.attention_patterns(model.bridge, repeated[:1])[0]
    assert (
        prefix_matching_scores(patterns).shape
        == (6,)
        == copying_scores(
            patterns,
            hooked.raised_logits(model.bridge, 0, hooked.residuals_before(model.bridge, repeated[:1])[0]),
            repeated[:1],
        ).shape
    )


def test_a_model_without_an_induction_head_is_measured_and_drawn_by_its_strongest_heads(
    model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    monkeypatch.setattr(pretrained, "EXAMPLES", 2)
    monkeypatch.setattr(measure, "load_language_model", lambda name, path: model)
    words = " ".join(f"w{n}" for n in np.random.default_rng(0).integers(1, 120, size=600))
    monkeypatch.setattr(measure, "read_wheels", lambda wheels: [words] * 3)
    params = load_params("induction_heads", "measure", measure.Params)
    params = params.model_copy(
        update={"induction_line": 1.1, "random_draws": 1, "ablated_heads": 2, "texts": 2, "ablated_texts": 1}
    )
    measured = measure.measure_pretrained(Pretrained(model="tiny", path=None), params, tmp_path)
    assert "no head counts as an induction head" in (measured["literal-copying-head"].reason or "")
    assert measured["repetition-lost-without-induction-heads"].value is not None
    judged = judge_setting(load_claims("induction_heads"), "smollm2-135m", measured)
    assert all(claim.verdict is not Verdict.NOT_RUN for claim in judged.claims)
    draw_pretrained(tmp_path, tmp_path / "figures")
    assert len(list((tmp_path / "figures").glob("*-light.svg"))) == 3


def test_induction_heads_are_those_beyond_both_lines_strongest_first():
    prefix = np.array([[[0.9, 0.5], [0.3, 0.7]]])
    copying = np.array([[[0.1, 0.2], [0.9, -0.1]]])
    scores = HeadScores(prefix, copying, prefix[0], prefix[0], prefix[0])
    assert scores.find_induction_heads(0.4) == [(0, 0), (0, 1)]
    assert scores.find_strongest(3) == [(0, 0), (1, 1), (0, 1)]  # whatever they copy
    measured = estimate_heads(scores, 0.4, np.random.default_rng(0))
    assert measured["induction-heads-before-half-depth"].value == 1
    assert measured["literal-copying-head"].value == pytest.approx(0.2)
    assert "no head counts as an induction head" in (
        estimate_heads(scores, 0.95, np.random.default_rng(0))["literal-copying-head"].reason or ""
    )


def test_the_gain_of_repetition_is_the_first_copys_loss_minus_the_later_ones():
    losses = np.concatenate([np.full(PERIOD, 5.0), np.full(3 * PERIOD, 2.0)])
    losses[::PERIOD] = 100  # the first token of each copy cannot be guessed and does not count
    assert repetition_gain(losses[None]).tolist() == [3.0]
