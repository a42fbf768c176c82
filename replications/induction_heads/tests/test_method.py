"""The evaluators on a circuit built by hand, on even attention, and against slow loops."""

import numpy as np
import pytest
import torch

from replications.induction_heads.method import (
    PERIOD,
    copying_scores,
    draw_random_sequences,
    in_context_score,
    prefix_matching_scores,
    previous_token_scores,
    raised_logits,
    run_ablated,
    select_usual_tokens,
    token_losses,
)
from replications.induction_heads.model import normalise
from replications.induction_heads.tests.conftest import make_model

FIRST, INDUCTION = 0, 1  # layers of the hand-built circuit


def test_the_hand_built_induction_head_scores_one_on_prefix_matching_and_copying(hand_built, repeated, plain):
    prefix = [prefix_matching_scores(p).item() for p in hand_built.run(repeated).patterns]
    copying = [
        copying_scores(p, raised, plain).item()
        for p, raised in zip(hand_built.run(plain).patterns, raised_logits(hand_built, plain), strict=True)
    ]
    assert prefix[INDUCTION] == pytest.approx(1)
    assert copying[INDUCTION] == pytest.approx(1)
    assert prefix[FIRST] == pytest.approx(0, abs=1e-6)
    assert copying[FIRST] == -1  # what it writes, the unembedding does not read


def test_the_hand_built_circuit_predicts_every_repeated_token(hand_built, repeated):
    losses = token_losses(hand_built.run(repeated).logits, repeated)
    first_guessable = (
        PERIOD + 1
    )  # entry i is the loss of token i + 1, and the first repeated token is no repetition yet
    assert losses[:, first_guessable:].max() < 0.01
    assert losses[:, :first_guessable].min() > 1


def test_the_hand_built_previous_token_head_scores_one_on_its_evaluator(hand_built, plain):
    scores = [previous_token_scores(p).item() for p in hand_built.run(plain).patterns]
    assert scores[FIRST] == pytest.approx(1)
    assert scores[INDUCTION] < 0.2


def test_even_attention_scores_its_chance_value():
    length = 4 * PERIOD + 1
    even = torch.ones(length, length).tril() / torch.arange(1, length + 1)[:, None]
    # By hand: a token in repeat r (from 0) has r earlier occurrences, so r of its q + 1 keys are targets.
    expected = np.mean([(q - 1) // PERIOD / (q + 1) for q in range(PERIOD + 1, length)])
    assert prefix_matching_scores(even[None, None]).item() == pytest.approx(expected, rel=1e-5)
    assert previous_token_scores(even[None, None]).item() == pytest.approx(
        np.mean(1 / np.arange(2, length + 1)), rel=1e-5
    )


def test_prefix_matching_equals_a_loop_over_tokens_and_their_earlier_occurrences(repeated):
    patterns = make_model().run(repeated).patterns[1]
    total = []
    for tokens, pattern in zip(repeated.tolist(), patterns, strict=True):
        for query in range(PERIOD + 1, len(tokens)):
            followed = [k + 1 for k in range(1, query) if tokens[k] == tokens[query]]
            total.append(pattern[:, query, followed].sum(-1))
    assert torch.allclose(prefix_matching_scores(patterns), torch.stack(total).mean(0), atol=1e-6)


def test_a_head_that_raises_only_other_tokens_scores_minus_one_and_one_that_raises_all_alike_little(plain):
    batch, length = plain.shape
    pattern = torch.eye(length).expand(batch, 1, length, length)
    raised = torch.zeros(batch, 1, length, 50)
    raised[..., plain.unique()] = 1.0
    alike = copying_scores(pattern, raised, plain).item()
    assert alike == pytest.approx(4 * (1 / (length + 1)) - 1, rel=1e-5)  # 1 of 25 equal raises: (1/25) / (26/25)
    others = raised.clone()
    others.scatter_(3, plain[:, None, :, None], -1.0)
    assert copying_scores(pattern, others, plain).item() == -1


def test_raised_logits_equal_each_heads_matrices_applied_by_hand(plain):
    model = make_model()
    stream = model.embedding[plain]
    raised = raised_logits(model, plain)
    for layer, attention in enumerate(model.attention):
        for head in range(model.shape.heads):
            by_hand = normalise(stream) @ attention.W_V[head] @ attention.W_O[head] @ model.unembedding
            assert torch.allclose(raised[layer][:, head], by_hand, atol=1e-4)
        stream = stream + attention.write(model.run(plain).mixed_values[layer])


def test_frozen_ablation_of_a_head_equals_subtracting_its_output_by_hand(repeated):
    model = make_model(layers=1)
    whole = model.run(repeated)
    output = whole.mixed_values[0][:, 2] @ model.attention[0].W_O[2]
    stream = model.embedding[repeated] + model.attention[0].write(whole.mixed_values[0]) - output
    assert torch.allclose(run_ablated(model, repeated, {(0, 2)}).logits, model.unembed(stream), atol=1e-5)


def test_frozen_ablation_keeps_every_pattern_and_changes_later_values(repeated):
    model = make_model()
    whole, ablated = model.run(repeated), run_ablated(model, repeated, {(0, 1)})
    assert all(torch.equal(a, b) for a, b in zip(whole.patterns, ablated.patterns, strict=True))
    assert not ablated.mixed_values[0][:, 1].any()
    assert not torch.allclose(ablated.mixed_values[1], whole.mixed_values[1])


def test_ablating_no_head_changes_nothing_and_ablating_the_circuit_ends_the_prediction(hand_built, repeated):
    whole = hand_built.run(repeated).logits
    assert torch.allclose(run_ablated(hand_built, repeated, set()).logits, whole, atol=1e-5)
    losses = token_losses(run_ablated(hand_built, repeated, {(INDUCTION, 0)}).logits, repeated)
    assert losses[:, PERIOD:].mean() > 1


def test_the_in_context_score_is_late_minus_early_and_negative_for_a_model_that_learns():
    losses = np.arange(10, 0, -1.0)  # token 1 has loss 10, token 10 has loss 1
    assert in_context_score(losses, (2, 2), (9, 9)) == pytest.approx(2 - 9)
    assert in_context_score(np.stack([losses, losses]), (1, 2), (9, 10)).tolist() == pytest.approx([1.5 - 9.5] * 2)


def test_random_sequences_hold_different_usual_tokens_and_too_few_are_refused():
    counts = np.arange(100)
    usual = select_usual_tokens(counts)
    assert usual.tolist() == list(range(50, 90))  # neither the ten most common nor the less common half
    drawn = draw_random_sequences(usual, np.random.default_rng(0))
    assert drawn.shape == (10, PERIOD)
    assert all(len(set(row)) == PERIOD for row in drawn.tolist())
    with pytest.raises(ValueError, match="got 24 usual tokens; expected at least 25"):
        draw_random_sequences(usual[:24], np.random.default_rng(0))


def test_transformerlens_finds_the_same_prefix_matching_score(repeated):
    from transformer_lens.head_detector import (
        compute_head_attention_similarity_score,
        get_induction_head_detection_pattern,
    )

    patterns = make_model().run(repeated[:1]).patterns[0]
    target = get_induction_head_detection_pattern(repeated[:1])
    theirs = [
        compute_head_attention_similarity_score(
            p, target, exclude_bos=False, exclude_current_token=False, error_measure="mul"
        )
        for p in patterns[0]
    ]
    later = repeated.shape[1] - PERIOD - 1  # theirs is a mean over all queries, ours over those with an earlier repeat
    ours = prefix_matching_scores(patterns) * later / repeated.shape[1]
    assert torch.allclose(ours, torch.tensor(theirs), atol=1e-5)
