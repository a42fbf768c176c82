"""The model: smeared keys at their ends, positions out of the residual stream, two ways to the same logits."""

import math

import pytest
import torch

from replications.induction_heads.model import Shape, attend, smear_keys
from replications.induction_heads.tests.conftest import make_model

TOKENS = torch.randint(0, 41, (3, 60), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("changes", [{}, {"mlp": True}, {"smeared": True}, {"layers": 3}])
def test_fused_and_written_out_attention_give_the_same_logits(changes):
    model = make_model(**changes)
    assert torch.allclose(model(TOKENS), model.run(TOKENS).logits, atol=1e-4)


def test_a_smeared_key_is_the_own_key_for_large_a_and_the_key_before_for_very_negative_a():
    model = make_model(layers=1, smeared=True)
    attention = model.attention[0]
    stream = torch.randn(2, 30, 32)
    attention.smear.fill_(math.inf)
    queries, own_keys, values = attention.read(stream, model.positions[:30])
    attention.smear.fill_(-math.inf)
    _, shifted_keys, _ = attention.read(stream, model.positions[:30])
    attention.smear = None
    _, keys, _ = attention.read(stream, model.positions[:30])
    assert torch.equal(own_keys, keys)
    assert torch.equal(shifted_keys[:, :, 1:], keys[:, :, :-1])
    assert torch.equal(shifted_keys[:, :, 0], keys[:, :, 0])  # no interpolation at the first token
    assert torch.equal(attend(queries, own_keys) @ values, attend(queries, keys) @ values)


def test_the_smear_is_a_mean_weighted_by_the_sigmoid():
    keys = torch.tensor([1.0, 3.0, 7.0])[None, None, :, None]
    smeared = smear_keys(keys, torch.tensor([math.log(3)]))  # sigmoid = 3/4
    assert smeared.flatten().tolist() == pytest.approx([1, 0.75 * 3 + 0.25 * 1, 0.75 * 7 + 0.25 * 3])


def test_without_queries_a_model_cannot_tell_the_order_of_earlier_tokens():
    model = make_model(layers=1)
    model.attention[0].W_Q.zero_()
    shuffled = torch.cat([TOKENS[:, torch.randperm(59)], TOKENS[:, 59:]], 1)
    assert torch.allclose(model(TOKENS)[:, -1], model(shuffled)[:, -1], atol=1e-4)


def test_a_token_does_not_change_what_came_before_it():
    model = make_model(smeared=True)
    changed = TOKENS.clone()
    changed[:, 40] = (changed[:, 40] + 1) % 41
    before, after = model(TOKENS), model(changed)
    assert torch.allclose(before[:, :40], after[:, :40], atol=1e-5)
    assert not torch.allclose(before[:, 40:], after[:, 40:])


def test_a_width_that_the_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="got width 30 and 4 heads"):
        Shape(layers=1, heads=4, width=30, vocabulary=5, context=8)
