"""Path patching against a slow, independent implementation on Hugging Face modules, and its laws."""

from collections.abc import Callable

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from replications.common.models import LanguageModel
from replications.ioi.dataset import Prompt
from replications.ioi.encoding import PromptBatch, encode_prompts
from replications.ioi.method import (
    UnsupportedArchitectureError,
    direct_effects,
    io_probability,
    logit_difference,
    run_at_end,
)


@pytest.fixture
def batch(model: LanguageModel, prompts: list[Prompt]) -> PromptBatch:
    return max(encode_prompts(prompts, model.tokenizer, batch_size=8), key=len)


def output_projections(module: nn.Module) -> list[nn.Module]:
    """The W_O of each layer, whose input is all heads' mixed values side by side."""
    return [part for name, part in module.named_modules() if name.endswith(("attn.c_proj", "self_attn.o_proj"))]


def slow_direct_effect(
    model: nn.Module, batch: PromptBatch, layer: int, head: int, d_head: int
) -> Float[Tensor, " batch"]:
    """Algorithm 1 of the paper's Appendix B, word by word: whole prompts, every position, plain PyTorch hooks."""
    projections = output_projections(model)

    def run(tokens: Int[Tensor, "batch position"], frozen: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        seen: list[Tensor] = [torch.empty(0)] * len(projections)

        def hook(place: int) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
            def replace(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
                seen[place] = inputs[0].clone()
                return inputs if frozen is None else (frozen[place],)

            return replace

        handles = [part.register_forward_pre_hook(hook(place)) for place, part in enumerate(projections)]
        logits = model(tokens).logits
        for handle in handles:
            handle.remove()
        return logits[:, -1], seen

    with torch.no_grad():
        original_logits, original = run(batch.clean)  # forward pass B
        _, new = run(batch.corrupted)  # forward pass A
        frozen = [values.clone() for values in original]
        columns = slice(head * d_head, (head + 1) * d_head)
        frozen[layer][:, -1, columns] = new[layer][:, -1, columns]  # the sender, at END
        patched_logits, _ = run(batch.clean, frozen)  # forward pass C; R is the final residual, so D repeats it
    rows = range(len(batch))
    change = patched_logits - original_logits
    return torch.stack([change[row, batch.io_token[row]] - change[row, batch.s_token[row]] for row in rows])


def test_direct_effects_equal_a_slow_implementation_with_plain_hooks(
    model: LanguageModel, unwrapped: nn.Module, batch: PromptBatch
) -> None:
    clean, corrupted = run_at_end(model.bridge, batch.clean), run_at_end(model.bridge, batch.corrupted)
    effects = direct_effects(model.bridge, clean, corrupted.mixed_values, batch.io_token, batch.s_token)
    assert effects.abs().max() > 1e-2  # there is something to compare
    for layer in range(model.bridge.cfg.n_layers):
        for head in range(model.bridge.cfg.n_heads):
            slow = slow_direct_effect(unwrapped, batch, layer, head, model.bridge.cfg.d_head)
            assert torch.allclose(effects[layer, head], slow, rtol=0, atol=1e-5)


def test_patching_with_the_clean_run_changes_nothing(model: LanguageModel, batch: PromptBatch) -> None:
    clean = run_at_end(model.bridge, batch.clean)
    effects = direct_effects(model.bridge, clean, clean.mixed_values, batch.io_token, batch.s_token)
    assert effects.abs().max() == 0


def test_the_run_at_end_is_the_model_of_hugging_face(
    model: LanguageModel, unwrapped: nn.Module, batch: PromptBatch
) -> None:
    clean = run_at_end(model.bridge, batch.clean)
    with torch.no_grad():
        outputs = unwrapped(batch.clean, output_attentions=True, output_hidden_states=True)
    assert torch.allclose(clean.logits, outputs.logits[:, -1], atol=1e-5)
    assert torch.allclose(clean.attention, torch.stack(outputs.attentions)[:, :, :, -1], atol=1e-6)
    assert torch.allclose(clean.residuals, torch.stack(outputs.hidden_states[:-1])[:, :, -1], atol=1e-5)


def test_a_model_with_another_block_is_refused(model: LanguageModel, batch: PromptBatch) -> None:
    clean, corrupted = run_at_end(model.bridge, batch.clean), run_at_end(model.bridge, batch.corrupted)
    handle = model.bridge.blocks[1].mlp.register_forward_hook(lambda module, inputs, output: 2 * output)
    try:
        with pytest.raises(UnsupportedArchitectureError, match="when nothing is patched"):
            direct_effects(model.bridge, clean, corrupted.mixed_values, batch.io_token, batch.s_token)
    finally:
        handle.remove()


def test_behaviour_of_hand_written_logits() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 5.0]])
    io, s = torch.tensor([0, 1]), torch.tensor([2, 2])
    assert logit_difference(logits, io, s).tolist() == [2.0, -5.0]
    quarters = torch.tensor([[0.5, 0.25, 0.25]]).log()
    assert io_probability(quarters, torch.tensor([0])).item() == pytest.approx(0.5)
