"""Partial forward passes and path patching to inner nodes, against a slow implementation with plain PyTorch hooks."""

import pytest
import torch
from torch import Tensor, nn

from replications.common.models import LanguageModel
from replications.ioi.backup import knocked_out_effects
from replications.ioi.dataset import Prompt
from replications.ioi.decoder import Decoder, embed
from replications.ioi.encoding import END, S1_NEXT, S2, PromptBatch, encode_prompts
from replications.ioi.forward import final_residual, propagate, refuse_unsupported, run_everywhere
from replications.ioi.method import UnsupportedArchitectureError, direct_effects, logit_difference, run_at_end
from replications.ioi.movers import Head
from replications.ioi.paths import Case, Target, path_effects
from replications.ioi.tests.plain_hooks import run_plainly


@pytest.fixture
def batch(model: LanguageModel, prompts: list[Prompt]) -> PromptBatch:
    return max(encode_prompts(prompts, model.tokenizer, batch_size=6), key=len)


@pytest.fixture
def case(decoder: Decoder, batch: PromptBatch) -> Case:
    return Case(batch, *(run_everywhere(decoder, embed(decoder, tokens)) for tokens in (batch.clean, batch.corrupted)))


def columns_of(kind: str, head: Head, decoder: Decoder) -> slice:
    """Where a head's query, or its group's key or value, lies among queries, keys and values side by side."""
    group = head.head * decoder.n_groups // decoder.n_heads
    place = {
        "query": head.head, "key": decoder.n_heads + group, "value": decoder.n_heads + decoder.n_groups + group,
    }[kind]  # fmt: skip
    return slice(place * decoder.d_head, (place + 1) * decoder.d_head)


def slow_path_effect(model: nn.Module, decoder: Decoder, batch: PromptBatch, target: Target, sender: Head) -> Tensor:
    """Algorithm 1 of the paper's Appendix B for one receiver; a key or value is read by the receiver alone."""
    (receiver,), rows = target.receivers, torch.arange(len(batch))
    source, node = batch.position(target.source), batch.position(target.node)
    original, new = run_plainly(model, batch.clean), run_plainly(model, batch.corrupted)
    of_sender = slice(sender.head * decoder.d_head, (sender.head + 1) * decoder.d_head)

    def freeze_all_but_sender(layer: int, mixed: Tensor) -> Tensor:
        frozen = original.mixed[layer].clone()
        if layer == sender.layer:
            frozen[rows, source, of_sender] = new.mixed[layer][rows, source, of_sender]
        return frozen

    pass_c = run_plainly(model, batch.clean, edit_mixed=freeze_all_but_sender)
    column = columns_of(target.kind, receiver, decoder)

    def patch_receiver(layer: int, projected: Tensor) -> Tensor:
        if layer == receiver.layer:
            projected[rows, source, column] = pass_c.projected[layer][rows, source, column]
        return projected

    read = run_plainly(model, batch.clean, edit_projected=patch_receiver).mixed[receiver.layer]
    of_receiver = slice(receiver.head * decoder.d_head, (receiver.head + 1) * decoder.d_head)

    def replace_output(layer: int, mixed: Tensor) -> Tensor:
        if layer == receiver.layer:
            mixed[rows, node, of_receiver] = read[rows, node, of_receiver]
        return mixed

    pass_d = run_plainly(model, batch.clean, edit_mixed=replace_output)
    return logit_difference(pass_d.logits - original.logits, batch.io_token, batch.s_token)


@pytest.mark.parametrize(
    ("kind", "source", "node"), [("query", END, END), ("value", S2, END), ("key", S2, END), ("key", S1_NEXT, S2)]
)
def test_path_effects_equal_a_slow_implementation_with_plain_hooks(
    unwrapped: nn.Module, decoder: Decoder, case: Case, kind: str, source: str, node: str
):
    receiver = Head(1, 1)
    target = Target((receiver,), kind, source, node)
    found = path_effects(decoder, case, target).by_sender
    assert found.abs().max() > 1e-3  # there is something to compare
    for head in range(decoder.n_heads):
        slow = slow_path_effect(unwrapped, decoder, case.batch, target, Head(0, head))
        assert torch.allclose(found[0, head], slow, rtol=0, atol=1e-5)
    assert found[receiver.layer :].abs().max() == 0  # nothing above the receiver sends to it


def test_queries_of_several_receivers_are_patched_together(unwrapped: nn.Module, decoder: Decoder, case: Case):
    batch, receivers = case.batch, (Head(1, 1), Head(2, 0), Head(2, 2))
    sender, rows = Head(0, 2), torch.arange(len(case.batch))
    of_sender = slice(sender.head * decoder.d_head, (sender.head + 1) * decoder.d_head)
    original, new = run_plainly(unwrapped, batch.clean), run_plainly(unwrapped, batch.corrupted)

    def freeze(layer: int, mixed: Tensor) -> Tensor:
        frozen = original.mixed[layer].clone()
        if layer == sender.layer:
            frozen[:, -1, of_sender] = new.mixed[layer][:, -1, of_sender]
        return frozen

    pass_c = run_plainly(unwrapped, batch.clean, edit_mixed=freeze)

    def patch(layer: int, projected: Tensor) -> Tensor:
        for receiver in receivers:
            column = columns_of("query", receiver, decoder)
            if receiver.layer == layer:
                projected[rows, -1, column] = pass_c.projected[layer][rows, -1, column]
        return projected

    slow = run_plainly(unwrapped, batch.clean, edit_projected=patch).logits - original.logits
    found = path_effects(decoder, case, Target(receivers, "query", END, END)).by_sender[sender]
    assert torch.allclose(found, logit_difference(slow, batch.io_token, batch.s_token), rtol=0, atol=1e-5)


def test_all_paths_together_are_the_corrupted_input(unwrapped: nn.Module, decoder: Decoder, case: Case):
    batch, receiver = case.batch, Head(2, 3)
    new, column = run_plainly(unwrapped, batch.corrupted), columns_of("query", receiver, decoder)

    def patch(layer: int, projected: Tensor) -> Tensor:
        if layer == receiver.layer:
            projected[:, -1, column] = new.projected[layer][:, -1, column]
        return projected

    slow = run_plainly(unwrapped, batch.clean, edit_projected=patch).logits - run_plainly(unwrapped, batch.clean).logits
    found = path_effects(decoder, case, Target((receiver,), "query", END, END)).of_all
    assert torch.allclose(found, logit_difference(slow, batch.io_token, batch.s_token), rtol=0, atol=1e-5)


def test_patching_with_the_clean_run_changes_nothing(decoder: Decoder, case: Case):
    nothing = Case(case.batch, case.clean, case.clean)
    for kind, source, node in (("query", END, END), ("key", S1_NEXT, S2), ("value", S2, END)):
        effects = path_effects(decoder, nothing, Target((Head(1, 0), Head(2, 1)), kind, source, node))
        assert effects.by_sender.abs().max() < 1e-5 and effects.of_all.abs().max() < 1e-5


def test_a_run_everywhere_is_the_model_of_hugging_face(unwrapped: nn.Module, decoder: Decoder, batch: PromptBatch):
    run = run_everywhere(decoder, embed(decoder, batch.clean))
    with torch.no_grad():
        outputs = unwrapped(batch.clean, output_attentions=True, output_hidden_states=True)
    assert torch.allclose(run.attention, torch.stack(outputs.attentions), atol=1e-6)
    assert torch.allclose(run.residuals[:-1], torch.stack(outputs.hidden_states[:-1]), atol=1e-5)
    mixed = torch.stack(run_plainly(unwrapped, batch.clean).mixed)
    assert torch.allclose(run.mixed_values.flatten(3), mixed, atol=1e-5)


def test_recomputing_some_positions_from_some_layer_changes_nothing(decoder: Decoder, case: Case):
    batch, clean, rows = case.batch, case.clean, torch.arange(len(case.batch)).unsqueeze(1)
    positions = torch.stack([batch.position(slot) for slot in (S1_NEXT, S2, END)], dim=1)
    for start in range(decoder.n_layers):
        residual = clean.residuals[start][rows, positions].expand(2, -1, -1, -1)
        final = final_residual(propagate(decoder, start, residual, positions, clean))
        assert torch.allclose(final, clean.residuals[-1, :, -1].expand(2, -1, -1), atol=1e-5)


def test_a_model_with_another_block_is_refused(decoder: Decoder, batch: PromptBatch):
    refuse_unsupported(decoder, batch.clean)
    handle = decoder.bridge.blocks[1].attn.register_forward_hook(
        lambda module, args, output: (2 * output[0], *output[1:])
    )
    try:
        with pytest.raises(UnsupportedArchitectureError, match="away from the model's own"):
            refuse_unsupported(decoder, batch.clean)
    finally:
        handle.remove()


def test_direct_effects_with_nothing_knocked_out_are_the_plain_ones(model: LanguageModel, decoder: Decoder, case: Case):
    batch = case.batch
    clean, corrupted = run_at_end(model.bridge, batch.clean), run_at_end(model.bridge, batch.corrupted)
    plain = direct_effects(model.bridge, clean, corrupted.mixed_values, batch.io_token, batch.s_token)
    found = knocked_out_effects(decoder, batch, (case.clean, case.corrupted), case.clean.mixed_values, ())
    assert torch.allclose(found, plain, atol=1e-5)


def test_a_head_that_is_knocked_out_has_no_direct_effect(decoder: Decoder, case: Case):
    head = Head(1, 2)
    means = torch.randn_like(case.clean.mixed_values)
    found = knocked_out_effects(decoder, case.batch, (case.clean, case.corrupted), means, [head])
    assert found[head].abs().max() < 1e-6 and found.abs().max() > 1e-3
