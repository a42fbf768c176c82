"""A slow, independent way to intervene: whole prompts, every position, PyTorch hooks on Hugging Face's modules."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Edit = Callable[[int, Tensor], Tensor]


def attention_projections(model: nn.Module) -> list[tuple[nn.Module, ...]]:
    """Returns, for each layer, the modules that make queries, keys and values (one module, or three)."""
    if hasattr(model, "transformer"):
        return [(block.attn.c_attn,) for block in model.transformer.h]
    return [(layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj) for layer in model.model.layers]


def output_projections(model: nn.Module) -> list[nn.Module]:
    """Returns the W_O of each layer, whose input is all heads' mixed values side by side."""
    return [part for name, part in model.named_modules() if name.endswith(("attn.c_proj", "self_attn.o_proj"))]


@dataclass
class Run:
    """What a run leaves: logits at END, and by layer mixed values, and queries, keys and values, heads side by side."""

    logits: Tensor
    mixed: list[Tensor]
    projected: list[Tensor]


@torch.no_grad()
def run_plainly(
    model: nn.Module, tokens: Tensor, edit_mixed: Edit | None = None, edit_projected: Edit | None = None
) -> Run:
    """Runs the model with edits of the mixed values, and of queries, keys and values side by side, of each layer."""
    outputs, inputs = output_projections(model), attention_projections(model)
    mixed: list[Tensor] = [torch.empty(0)] * len(outputs)
    projected: list[list[Tensor]] = [[torch.empty(0)] * len(parts) for parts in inputs]
    handles = []
    for layer, (output, parts) in enumerate(zip(outputs, inputs, strict=True)):

        def replace_mixed(module: nn.Module, args: tuple[Tensor, ...], layer: int = layer) -> tuple[Tensor, ...]:
            mixed[layer] = args[0].clone() if edit_mixed is None else edit_mixed(layer, args[0].clone())
            return (mixed[layer],)

        handles.append(output.register_forward_pre_hook(replace_mixed))
        sizes = [part.weight.shape[0] if isinstance(part, nn.Linear) else part.weight.shape[1] for part in parts]
        for place, part in enumerate(parts):

            def replace(
                module: nn.Module, args: object, result: Tensor, layer: int = layer, place: int = place, sizes=sizes
            ):
                first = sum(sizes[:place])
                if edit_projected is not None:  # the edit sees its own columns of all three side by side
                    side_by_side = result.new_zeros(*result.shape[:-1], sum(sizes))
                    side_by_side[..., first : first + sizes[place]] = result
                    result = edit_projected(layer, side_by_side)[..., first : first + sizes[place]]
                projected[layer][place] = result.clone()
                return result

            handles.append(part.register_forward_hook(replace))
    logits = model(tokens).logits[:, -1]
    for handle in handles:
        handle.remove()
    return Run(logits, mixed, [torch.cat(parts, dim=-1) for parts in projected])
