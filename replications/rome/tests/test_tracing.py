"""Causal tracing: laws, a second way to compute it, and a model whose facts are stored where we put them."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks.causal_tracing import rerun_for_each_state
from replications.rome.decoder import Decoder, UnsupportedModelError, take_apart
from replications.rome.encoding import AFTER, FIRST, FURTHER, LAST, LAST_SUBJECT, MIDDLE, Prompt, encode_prompt
from replications.rome.tracing import (
    Restoration,
    answer_probability,
    restore_state,
    restored_probability,
    run_clean_and_corrupted,
    window_around,
)

PROMPT = Prompt((3, 5, 7, 9, 11, 13, 15), subject=(1, 4), target=(2,))
BATCH = 60


def trace(decoder: Decoder, noise: float, prompt: Prompt = PROMPT, draws: int = 3):
    return run_clean_and_corrupted(decoder, prompt, draws, noise, torch.Generator().manual_seed(0))


def test_tracing_is_what_rerunning_the_whole_model_with_hooks_gives(model, decoder):
    places, layers = [1, 3, 5, 6], range(4)
    expected = rerun_for_each_state(model, PROMPT, 3, 0.5, places, layers)
    traced = trace(decoder, 0.5)
    for place, of_place in zip(places, expected, strict=True):
        found = restored_probability(decoder, traced, [place], [restore_state(layer) for layer in layers], BATCH)
        torch.testing.assert_close(found, of_place, rtol=1e-4, atol=1e-7)


def test_without_noise_nothing_has_an_effect(decoder):
    traced = trace(decoder, 0.0)
    variants = [restore_state(1), Restoration(mlp=frozenset({0, 1})), Restoration(attention=frozenset({2}))]
    found = restored_probability(decoder, traced, [3], variants, BATCH)
    torch.testing.assert_close(
        found, answer_probability(decoder, traced.clean, 2).expand_as(found), rtol=1e-4, atol=1e-7
    )


def test_restoring_everything_gives_the_clean_probability(decoder):
    traced = trace(decoder, 1.0)
    corrupted, clean = (answer_probability(decoder, run, 2) for run in (traced.corrupted, traced.clean))
    assert (corrupted - clean).abs().max() > 1e-4
    for layer in range(4):
        found = restored_probability(decoder, traced, range(1, 7), [restore_state(layer)], BATCH)
        torch.testing.assert_close(found[0], clean.expand(3), rtol=1e-4, atol=1e-7)


def test_the_last_state_of_the_last_token_is_the_whole_answer_and_of_other_tokens_nothing(decoder):
    traced = trace(decoder, 1.0)
    last = restored_probability(decoder, traced, [6], [restore_state(3)], BATCH)[0]
    torch.testing.assert_close(last, answer_probability(decoder, traced.clean, 2).expand(3), rtol=1e-4, atol=1e-7)
    other = restored_probability(decoder, traced, [3], [restore_state(3)], BATCH)[0]
    torch.testing.assert_close(other, answer_probability(decoder, traced.corrupted, 2), rtol=1e-4, atol=1e-7)


def test_restoring_attention_and_mlp_of_all_layers_is_restoring_all_they_add(decoder):
    traced = trace(decoder, 1.0)
    everywhere = frozenset(range(4))
    both = Restoration(mlp=everywhere, attention=everywhere)
    found = restored_probability(decoder, traced, [6], [both], BATCH)[0]
    # The last token is not of the subject, so its embedding was never spoilt: with all writes clean it is clean.
    torch.testing.assert_close(found, answer_probability(decoder, traced.clean, 2).expand(3), rtol=1e-4, atol=1e-7)


def test_severing_both_kinds_behind_a_state_at_the_last_token_leaves_only_the_state_itself(decoder):
    traced = trace(decoder, 1.0)
    later = frozenset(range(2, 4))
    severed = Restoration(state=2, severed_mlp=later, severed_attention=later)
    found = restored_probability(decoder, traced, [6], [severed], BATCH)[0]
    residual = traced.clean.residual[2][:, -1] + sum(
        written[layer][:, -1] for written in (traced.corrupted.mlp, traced.corrupted.attention) for layer in later
    )
    by_hand = type(traced.clean)([residual[:, None]], [], [], [], [], traced.corrupted.positions)
    torch.testing.assert_close(found, answer_probability(decoder, by_hand, 2), rtol=1e-4, atol=1e-7)


def test_the_size_of_a_batch_changes_nothing(decoder):
    traced, variants = trace(decoder, 1.0), [restore_state(layer) for layer in (3, 0, 2, 1)]
    whole, parts = (restored_probability(decoder, traced, [2], variants, size) for size in (10_000, 1))
    torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-7)


def train_on_pairs(layer: int) -> tuple[GPT2LMHeadModel, list[Prompt]]:
    """Returns a model that learned an object for every pair of subject tokens, with no MLP but that of one layer.

    The object is no sum of what the two tokens say, so it takes an MLP to know it: the facts are in that layer.
    """
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=4, n_head=4, n_embd=32, vocab_size=40, n_positions=8, attn_implementation="eager",
        initializer_range=0.2, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    for number, block in enumerate(model.transformer.h):
        if number != layer:
            block.mlp.c_proj.weight.requires_grad_(False).zero_()
            block.mlp.c_proj.bias.requires_grad_(False).zero_()
    pairs = [(first, second) for first in range(4) for second in range(4)]
    tokens = torch.tensor([[30, first, 10 + second, 31, 32] for first, second in pairs])
    objects = torch.tensor([20 + (first ^ second) for first, second in pairs])
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for _ in range(60):
        loss = torch.nn.functional.cross_entropy(model(tokens).logits[:, -1], objects)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1
    prompts = [Prompt(tuple(row), (1, 3), (int(o),)) for row, o in zip(tokens.tolist(), objects, strict=True)]
    return model.eval(), prompts


@pytest.mark.parametrize("layer", [1, 2])
def test_tracing_finds_the_layer_whose_mlp_stores_the_facts(layer):
    model, prompts = train_on_pairs(layer)
    decoder = take_apart(model)
    effects, total = np.zeros((4, 4)), 0.0
    for prompt in prompts:
        traced = trace(decoder, 0.5, prompt, draws=5)
        answers = [answer_probability(decoder, run, traced.answer).mean() for run in (traced.clean, traced.corrupted)]
        total += float(answers[0] - answers[1])
        for place in range(1, 5):
            variants = [Restoration(mlp=frozenset({number})) for number in range(4)]
            found = restored_probability(decoder, traced, [place], variants, 1000)
            effects[place - 1] += (found.mean(1) - answers[1]).numpy()
    assert effects.max(0).argmax() == layer
    assert effects.max() > 0.2 * total


def test_windows_are_those_of_the_paper():
    assert window_around(17, 10, 48) == frozenset(range(13, 23))
    assert window_around(1, 6, 30) == frozenset(range(5))
    assert window_around(10, 1, 30) == {10}


def test_every_token_from_the_subject_on_has_one_role():
    prompt = Prompt(tuple(range(10)), subject=(2, 5), target=(1,))
    assert prompt.places() == {FIRST: [2], MIDDLE: [3], LAST_SUBJECT: [4], AFTER: [5], FURTHER: [6, 7, 8], LAST: [9]}
    assert Prompt((1, 2, 3), (1, 2), (1,)).places()[FIRST] == []


def test_the_subject_is_found_behind_a_prefix(fact, tokenizer):
    prompt = encode_prompt(fact, tokenizer, "people say . ")
    assert tokenizer.decode(prompt.tokens[slice(*prompt.subject)]) == "old Paris"


def test_another_architecture_is_refused():
    model = torch.nn.Linear(1, 1)
    model.config = type("Config", (), {"model_type": "bloom"})
    with pytest.raises(UnsupportedModelError, match="expected llama or gpt2"):
        take_apart(model)
