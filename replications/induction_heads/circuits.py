"""What the weights say: composition of heads, eigenvalues of OV circuits, and the loss by order of composition.

Source: elhage2021framework. Vectors are rows, so a head's OV matrix is W_V W_O and its QK matrix W_Q W_K^T.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.induction_heads.method import token_losses
from replications.induction_heads.model import Attention, Transformer

BASELINE_DRAWS = 50  # random pairs; the mean's standard error is then below a thousandth


@dataclass(frozen=True)
class Composition:
    """Composition scores of earlier heads (first axis) with later ones (second), random baseline subtracted."""

    query: Float[Tensor, "earlier later"]
    key: Float[Tensor, "earlier later"]
    value: Float[Tensor, "earlier later"]


def ov_matrices(attention: Attention) -> Float[Tensor, "head d_model d_model"]:
    """Returns W_V W_O of every head of a layer."""
    return (attention.W_V @ attention.W_O).detach().cpu()


def qk_matrices(attention: Attention) -> Float[Tensor, "head d_model d_model"]:
    """Returns W_Q W_K^T of every head of a layer: query side first."""
    return (attention.W_Q @ attention.W_K.transpose(1, 2)).detach().cpu()


def compose(earlier: Attention, later: Attention, generator: torch.Generator) -> Composition:
    """Returns how much each later head's queries, keys and values read what each earlier head wrote.

    Source: elhage2021framework, § Two-Layer Transformers, composition scores.
    """
    written, looked_up, moved = ov_matrices(earlier), qk_matrices(later), ov_matrices(later)
    _, width, d_head = earlier.W_V.shape
    baseline = expected_composition(width, d_head, generator)
    return Composition(
        query=relative_norm(written, looked_up) - baseline,
        key=relative_norm(written, looked_up.transpose(1, 2)) - baseline,
        value=relative_norm(written, moved) - baseline,
    )


def relative_norm(
    first: Float[Tensor, "earlier d_model d_model"], second: Float[Tensor, "later d_model d_model"]
) -> Float[Tensor, "earlier later"]:
    """Returns the Frobenius norm of each product over the product of the Frobenius norms."""
    products = torch.einsum("emn,lnk->elmk", first, second)
    norms = torch.linalg.matrix_norm(first)[:, None] * torch.linalg.matrix_norm(second)
    return torch.linalg.matrix_norm(products) / norms


def expected_composition(width: int, d_head: int, generator: torch.Generator) -> float:
    """Returns the mean of `relative_norm` for products of random matrices of the shapes of a head."""

    def draw() -> Tensor:
        down = torch.randn(BASELINE_DRAWS, width, d_head, generator=generator)
        return down @ torch.randn(BASELINE_DRAWS, d_head, width, generator=generator)

    first, second = draw(), draw()
    products = torch.linalg.matrix_norm(first @ second)
    return (products / (torch.linalg.matrix_norm(first) * torch.linalg.matrix_norm(second))).mean().item()


def ov_eigenvalues(model: Transformer, layer: int) -> Float[Tensor, "head d_head"]:
    """Returns the nonzero eigenvalues (complex) of each head's full OV circuit, W_E W_V W_O W_U.

    The circuit is vocabulary by vocabulary; a product AB has the nonzero eigenvalues of BA, here d_head by d_head.

    Source: elhage2021framework, § One-Layer Transformers, eigenvalues.
    """
    attention, embedding, unembedding = model.attention[layer], model.embedding.detach(), model.unembedding.detach()
    small = attention.W_O.detach() @ (unembedding @ embedding) @ attention.W_V.detach()
    return torch.linalg.eigvals(small)


def positive_share(eigenvalues: Tensor) -> Float[Tensor, " head"]:
    """Returns the sum of eigenvalues over the sum of their sizes, from -1 to 1; 1 = copies.

    Source: elhage2021framework, § One-Layer Transformers; olsson2022context, App. Validating evaluators.
    """
    return eigenvalues.sum(-1).real / eigenvalues.abs().sum(-1)


def losses_by_order(model: Transformer, tokens: Int[Tensor, "batch position"]) -> list[float]:
    """Returns the mean loss of the direct path alone, then with heads, then with heads through heads, …, in nats.

    All patterns are those of the whole model. A head of order n reads what the heads of order n - 1 wrote.

    Source: elhage2021framework, § Two-Layer Transformers, term importance.
    """
    patterns = model.run(tokens).patterns
    written: list[Tensor] | None = None
    losses = []
    for _ in range(model.shape.layers + 1):
        losses_now, written = _run_replaced(model, tokens, patterns, written)
        losses.append(losses_now)
    return losses


def loss_of_layers(model: Transformer, tokens: Int[Tensor, "batch position"], layers: set[int]) -> float:
    """Returns the mean loss of the direct path and the individual heads (order 1) of some layers, in nats.

    Source: elhage2021framework, § Two-Layer Transformers, term importance by layer.
    """
    _, written = _run_replaced(model, tokens, model.run(tokens).patterns, None)
    stream = model.embedding[tokens]
    for layer in sorted(layers):
        stream = stream + model.attention[layer].write(written[layer])
    return token_losses(model.unembed(stream), tokens).mean().item()


def _run_replaced(
    model: Transformer, tokens: Tensor, patterns: Sequence[Tensor], written: Sequence[Tensor] | None
) -> tuple[float, list[Tensor]]:
    """Returns the loss when heads write `written` (nothing if None), and what they would have written themselves."""
    own: list[Tensor] = []

    def replace(layer: int, mixed: Tensor) -> Tensor:
        own.append(mixed)
        return torch.zeros_like(mixed) if written is None else written[layer]

    run = model.run(tokens, patterns=patterns, edit=replace)
    return token_losses(run.logits, tokens).mean().item(), own
