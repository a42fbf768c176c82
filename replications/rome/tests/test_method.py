"""The update of rank one, key and value, fine-tuning: known answers."""

import pytest
import torch

from replications.rome.decoder import read_key
from replications.rome.method import (
    Rewriting,
    TuningParams,
    ValueParams,
    edited,
    factorise,
    find_association,
    fine_tune,
    rank_one_update,
    second_moments,
)
from replications.rome.runs import pad, run_rows, target_log_probability

LAYER = 1
BARE = Rewriting(contexts=[(3, 5, 7, 9, 11)], target=(2, 4), after=3, essence=(5, 7, 1, 2), essence_after=3)
PREFIXED = Rewriting(
    contexts=[(3, 5, 7, 9, 11), (8, 8, 3, 5, 7, 9, 11), (6, 1, 2, 3, 5, 7, 9, 11)],
    target=(2,), after=3, essence=(5, 7, 1, 2), essence_after=3,
)  # fmt: skip
VALUE = ValueParams(steps=15, step=0.1, kl_factor=0.0625, decay=0.1, clamp=10.0, stop_loss=0.01)


@pytest.fixture
def problem():
    """A matrix, keys and their C, and a key with the value it is to have."""
    generator = torch.Generator().manual_seed(0)
    w, keys = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((5, 8), (8, 40)))
    key, value = torch.randn(8, generator=generator), torch.randn(5, generator=generator)
    return w, keys, key.double(), value.double()


def test_the_edited_matrix_maps_the_key_to_the_value(problem):
    w, keys, key, value = problem
    update = rank_one_update(w.float(), factorise(keys @ keys.T), key.float(), value.float())
    torch.testing.assert_close((w.float() + update) @ key.float(), value.float(), rtol=1e-5, atol=1e-5)


def test_keys_orthogonal_to_the_edited_one_in_the_norm_of_c_are_not_moved(problem):
    w, keys, key, value = problem
    moments = keys @ keys.T
    update = rank_one_update(w, factorise(moments), key, value)
    direction = torch.linalg.solve(moments, key)
    other = torch.randn(8, dtype=torch.float64)
    other -= direction * (direction @ other) / (direction @ direction)
    assert (update @ other).abs().max() < 1e-12
    assert (update @ key).abs().max() > 0.1


def test_no_other_matrix_with_that_value_keeps_the_old_associations_better(problem):
    w, keys, key, value = problem
    values = w @ keys
    found = w + rank_one_update(w, factorise(keys @ keys.T), key, value)
    # Least squares with the constraint, solved directly: minimise |W K - V| subject to W k = v, row by row of W.
    system = torch.zeros(9, 9, dtype=torch.float64)
    system[:8, :8], system[:8, 8], system[8, :8] = keys @ keys.T, key, key
    direct = torch.linalg.solve(system, torch.cat([keys @ values.T, value[None]]))[:8].T
    torch.testing.assert_close(found, direct, rtol=1e-8, atol=1e-8)


def test_second_moments_are_those_of_the_keys_that_the_model_computes(model, decoder):
    tokens = torch.randint(40, (2, 6), generator=torch.Generator().manual_seed(0))
    name = "transformer.h.1.mlp.c_proj" if hasattr(model, "transformer") else "model.layers.1.mlp.down_proj"
    seen = []
    handle = model.get_submodule(name).register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].flatten(0, 1)))
    with torch.no_grad():
        model(tokens)
    handle.remove()
    torch.testing.assert_close(second_moments(decoder, [1], tokens)[1], seen[0].T @ seen[0], rtol=1e-4, atol=1e-3)


def test_after_an_edit_the_weights_are_the_same_bit_by_bit_even_if_it_fails(model, decoder):
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    change = torch.randn(decoder.layers[LAYER].w_down.shape)
    with pytest.raises(RuntimeError, match="on purpose"), edited(decoder, LAYER, change):
        changed = [n for n, w in model.state_dict().items() if not torch.equal(w, before[n])]
        assert len(changed) == 1  # the model itself is edited, in this matrix alone
        raise RuntimeError("on purpose")
    assert all(torch.equal(weights, before[name]) for name, weights in model.state_dict().items())


def test_the_edited_model_has_the_loss_that_the_search_for_the_value_ended_with(decoder):
    params = ValueParams(steps=6, step=0.1, kl_factor=0.0, decay=0.0, clamp=100.0, stop_loss=0.0)
    association = find_association(decoder, LAYER, BARE, params)
    # A covariance in which the keys of all other positions are so frequent that the update cannot move them.
    run = run_rows(decoder, pad([[*BARE.contexts[0], *BARE.target[:-1]]], decoder.device))
    keys = read_key(decoder, decoder.layers[LAYER], run.residual[LAYER][0] + run.attention[LAYER][0]).double()
    place = len(BARE.contexts[0]) - BARE.after
    torch.testing.assert_close(keys[place].float(), association.key)
    others = torch.cat([keys[:place], keys[place + 1 :]])
    factor = factorise(1e6 * others.T @ others + torch.eye(keys.shape[1], dtype=torch.float64))
    update = rank_one_update(decoder.layers[LAYER].w_down, factor, association.key, association.value)
    with edited(decoder, LAYER, update):
        found = -target_log_probability(decoder, [BARE.contexts[0]], [BARE.target])
    assert association.loss[1] < association.loss[0]
    assert float(found) == pytest.approx(association.loss[1], rel=1e-2)


def test_the_key_is_the_mean_over_prefixes_of_what_the_matrix_reads_at_the_subjects_last_token(model, decoder):
    association = find_association(decoder, LAYER, PREFIXED, VALUE)
    name = "transformer.h.1.mlp.c_proj" if hasattr(model, "transformer") else "model.layers.1.mlp.down_proj"
    read = []
    handle = model.get_submodule(name).register_forward_hook(lambda _, inputs, __: read.append(inputs[0][0, -3]))
    with torch.no_grad():
        for context in PREFIXED.contexts:  # one by one, so without padding
            model(torch.tensor([context]))
    handle.remove()
    torch.testing.assert_close(association.key, torch.stack(read).mean(0), rtol=1e-4, atol=1e-5)
    assert association.loss[1] < association.loss[0]


def test_the_value_stays_within_the_clamp_and_one_step_is_no_change(decoder):
    still = find_association(decoder, LAYER, BARE, ValueParams(1, 0.1, 0.0, 0.0, 1.0, 0.0))
    moved = find_association(decoder, LAYER, BARE, ValueParams(20, 5.0, 0.0, 0.0, 0.5, 0.0))
    bias = decoder.layers[LAYER].down[1]
    written = still.value if bias is None else still.value + bias
    assert (moved.value - still.value).norm() == pytest.approx(0.5 * float(written.norm()), rel=1e-4)


def test_fine_tuning_makes_the_object_likelier_and_the_bound_holds(decoder):
    prompt, target = (3, 5, 7, 9), (2, 4)
    before = target_log_probability(decoder, [prompt], [target])
    free = fine_tune(decoder, LAYER, prompt, target, TuningParams(20, 0.01, 0.03))
    bounded = fine_tune(decoder, LAYER, prompt, target, TuningParams(20, 0.01, 0.03, bound=0.002))
    assert bounded.abs().max() <= 0.002 < free.abs().max()
    torch.testing.assert_close(target_log_probability(decoder, [prompt], [target]), before)  # the model is untouched
    for change in (free, bounded):
        with edited(decoder, LAYER, change):
            assert target_log_probability(decoder, [prompt], [target]) > before
