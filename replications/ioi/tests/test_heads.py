"""Attention, projection and copy score: hand-built heads, and a second way to compute each."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from replications.common.models import LanguageModel, wrap_model
from replications.ioi.correlation import lowest_correlation, pearson
from replications.ioi.dataset import Prompt
from replications.ioi.encoding import PromptBatch, encode_prompts
from replications.ioi.heads import attention_to, copies, name_directions, projection_on, residual_after_first_mlp
from replications.ioi.method import RunAtEnd, head_outputs, run_at_end
from replications.ioi.movers import Head, NoOtherHeadError, draw_random_heads, find_movers


@pytest.fixture
def batch(model: LanguageModel, prompts: list[Prompt]) -> PromptBatch:
    return max(encode_prompts(prompts, model.tokenizer, batch_size=8), key=len)


@pytest.fixture
def hand_built(tokenizer: PreTrainedTokenizerFast) -> LanguageModel:
    """Layer 0 does nothing; in layer 1 head 0 copies what it attends to, head 1 writes its negative, head 2 nothing."""
    torch.manual_seed(0)
    width = 48
    model = LlamaForCausalLM(
        LlamaConfig(
            num_hidden_layers=2,
            num_attention_heads=3,
            num_key_value_heads=3,
            head_dim=width,
            hidden_size=width,
            intermediate_size=8,
            vocab_size=len(tokenizer),
            tie_word_embeddings=True,
        )
    )
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(nn.functional.normalize(torch.randn(len(tokenizer), width), dim=-1))
        for layer in model.model.layers:
            layer.mlp.down_proj.weight.zero_()
            layer.self_attn.o_proj.weight.zero_()
        identity, attention = torch.eye(width), model.model.layers[1].self_attn
        attention.v_proj.weight.copy_(identity.repeat(3, 1))
        attention.o_proj.weight.copy_(torch.cat([identity, -identity, 0 * identity], dim=1))
    return wrap_model(model, tokenizer, "0" * 64, "hand-built")


def test_a_copying_head_copies_every_name_and_its_negative_none(hand_built: LanguageModel, prompts: list[Prompt]):
    batch = max(encode_prompts(prompts, hand_built.tokenizer, batch_size=8), key=len)
    (residual,) = residual_after_first_mlp(hand_built.bridge, batch.clean, batch.io)
    copied, negatively = copies(hand_built.bridge, residual, batch.io_token, layer=1, within=5)
    copying_head, negative_head, silent_head = 0, 1, 2
    assert copied[:, copying_head].all() and not negatively[:, copying_head].any()
    assert negatively[:, negative_head].all() and not copied[:, negative_head].any()
    assert not copied[:, silent_head].any() and not negatively[:, silent_head].any()


def test_copy_scores_equal_a_slow_loop_over_the_modules_of_hugging_face(
    model: LanguageModel, unwrapped: nn.Module, batch: PromptBatch
):
    config = model.bridge.cfg
    with torch.no_grad():
        hidden = unwrapped(batch.clean, output_hidden_states=True).hidden_states[1]  # after layer 0, attention and MLP
    residual = hidden[torch.arange(len(batch)), batch.s2]
    assert torch.allclose(residual, residual_after_first_mlp(model.bridge, batch.clean, batch.s2)[0], atol=1e-5)
    within, layer = 100, 2  # weights are random, so only a low bar is passed by some heads and not by others
    copied, negatively = copies(model.bridge, residual, batch.s_token, layer, within)
    assert copied.float().mean() not in (0, 1)
    for head in range(config.n_heads):
        logits = {sign: slow_ov_logits(unwrapped, residual, layer, head, config, sign) for sign in (1, -1)}
        for name, token in enumerate(batch.s_token):
            for sign, flags in ((1, copied), (-1, negatively)):
                top = logits[sign][name].argsort(descending=True)[:within]
                assert bool(flags[name, head]) == (token in top)


def slow_ov_logits(model: nn.Module, residual: torch.Tensor, layer: int, head: int, config, sign: int) -> torch.Tensor:
    d_head = config.d_head
    with torch.no_grad():
        if hasattr(model, "transformer"):
            block = model.transformer.h[layer]
            _, _, values = block.attn.c_attn(block.ln_1(residual)).split(config.d_model, dim=-1)
            group, w_o, norm = head, block.attn.c_proj.weight.T, model.transformer.ln_f
        else:
            block = model.model.layers[layer]
            values = block.self_attn.v_proj(block.input_layernorm(residual))
            group = head // (model.config.num_attention_heads // model.config.num_key_value_heads)
            w_o, norm = block.self_attn.o_proj.weight, model.model.norm
        value = values[:, group * d_head : (group + 1) * d_head]
        output = value @ w_o[:, head * d_head : (head + 1) * d_head].T
        return model.lm_head(norm(sign * output))


def test_head_outputs_and_bias_add_up_to_the_attention_output(model: LanguageModel, batch: PromptBatch):
    run = run_at_end(model.bridge, batch.clean)
    total = head_outputs(model.bridge, run.mixed_values).sum(2)
    bias = [getattr(block.attn, "b_O", None) for block in model.bridge.blocks]
    for layer, b in enumerate(bias):
        expected = run.attention_outputs[layer] - (0 if b is None else b)
        assert torch.allclose(total[layer], expected, atol=1e-5)


def test_the_projection_is_that_of_the_folded_and_centred_model(
    model: LanguageModel, unwrapped: nn.Module, batch: PromptBatch
):
    unwrapped = deepcopy(unwrapped)  # it is folded in place
    ours = projection_on(model.bridge, run_at_end(model.bridge, batch.clean), batch.io_token)
    folded = wrap_model(unwrapped, model.tokenizer, "0" * 64, "folded").bridge
    folded.enable_compatibility_mode(disable_warnings=True, fold_value_biases=False)
    run = run_at_end(folded, batch.clean)
    outputs = torch.einsum("lbhd,lhdm->lbhm", run.mixed_values, folded.W_O)
    theirs = torch.einsum("lbhm,mb->blh", outputs, folded.W_U[:, batch.io_token])
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_name_directions_turn_a_final_residual_into_the_logit_difference(model: LanguageModel, batch: PromptBatch):
    bridge = model.bridge
    residual = torch.randn(len(batch), bridge.cfg.d_model)
    centred = residual - residual.mean(-1, keepdim=True) if bridge.cfg.normalization_type == "LN" else residual
    scale = (centred.pow(2).mean(-1) + bridge.cfg.eps).sqrt()
    difference = name_directions(bridge, batch.io_token) - name_directions(bridge, batch.s_token)
    logits = bridge.unembed(bridge.ln_final(residual)) - bridge.unembed(bridge.ln_final(torch.zeros_like(residual)))
    rows = torch.arange(len(batch))
    expected = logits[rows, batch.io_token] - logits[rows, batch.s_token]
    assert torch.allclose((residual * difference).sum(-1) / scale, expected, atol=1e-3)


def test_attention_is_read_at_the_names_and_summed_over_both_subjects():
    attention = torch.zeros(1, 2, 1, 5)  # layer batch head position
    attention[0, 0, 0] = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.0])
    attention[0, 1, 0] = torch.tensor([0.5, 0.0, 0.25, 0.0, 0.25])
    nothing = torch.empty(0)
    run = RunAtEnd(nothing, nothing, nothing, nothing, attention)
    assert attention_to(run, torch.tensor([1, 0])).flatten().tolist() == pytest.approx([0.2, 0.5])
    summed = attention_to(run, torch.tensor([0, 2]), torch.tensor([3, 4]))
    assert summed.flatten().tolist() == pytest.approx([0.5, 0.5])


def test_pearson_is_one_for_a_line_and_zero_for_a_constant():
    x = np.arange(5.0)
    assert pearson(x, 3 * x + 1) == pytest.approx(1)
    assert pearson(x, -x) == pytest.approx(-1)
    assert pearson(x, np.ones(5)) == 0


def test_the_lowest_correlation_is_that_of_the_worst_head_over_the_pooled_points():
    attention = np.array([[0.0, 0.0], [1.0, 1.0]])
    projection = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert lowest_correlation(attention, projection) == pytest.approx(-1)
    assert lowest_correlation(
        attention[:, :1], projection[:, :1], attention[:, :1], projection[:, :1]
    ) == pytest.approx(1)


def test_movers_are_the_heads_beyond_the_line_strongest_first():
    effects = np.array([[-0.1, 0.05, -0.4], [0.3, -0.09, 0.1]])
    movers = find_movers(effects, line=0.1)
    assert [str(head) for head in movers.name_movers] == ["0.2", "0.0"]
    assert [str(head) for head in movers.negative_name_movers] == ["1.0", "1.2"]


def test_random_heads_are_of_the_same_layers_and_never_excluded():
    found, excluded = [Head(3, 1), Head(5, 0)], [Head(3, 1), Head(5, 0), Head(5, 2)]
    drawn = draw_random_heads(found, excluded, n_heads=4, draws=200, rng=np.random.default_rng(0))
    assert drawn.shape == (200, 2, 2)
    assert {tuple(head) for head in drawn.reshape(-1, 2)} == {(3, 0), (3, 2), (3, 3), (5, 1), (5, 3)}
    with pytest.raises(NoOtherHeadError, match="every head of layer 3"):
        draw_random_heads(found, [Head(3, head) for head in range(4)], 4, 1, np.random.default_rng(0))
