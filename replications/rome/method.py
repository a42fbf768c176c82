"""ROME: a new fact as one key and one value, written into one matrix by an update of rank one.

Source: meng2022rome, § 3.1 and Appendix E.5; where the authors' code differs, the code (deviation published-code).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from replications.rome.decoder import Decoder, attend, embed, read_key, run_mlp, unembed
from replications.rome.runs import Rows, Run, pad, run_on, run_rows


@dataclass(frozen=True)
class Rewriting:
    """What an edit is made from, in tokens. The subject's last token is equally far from the end of every row.

    Attributes:
        contexts: the prompt behind each prefix; the bare prompt first.
        target: tokens of the new object.
        after: tokens of the prompt from the subject's last one on, that one included.
        essence: "{subject} is a", whose continuation should not change.
        essence_after: its tokens from the subject's last one on.
    """

    contexts: Sequence[Sequence[int]]
    target: Sequence[int]
    after: int
    essence: Sequence[int]
    essence_after: int


@dataclass(frozen=True)
class ValueParams:
    """How v* is found: steps and size of Adam's step, weights of the loss's parts, largest change in norms of v0."""

    steps: int
    step: float
    kl_factor: float
    decay: float
    clamp: float
    stop_loss: float


@dataclass(frozen=True)
class Association:
    """A key and the value that W_proj is to give for it; `loss` before the first step and after the last."""

    key: Float[Tensor, " d_mlp"]
    value: Float[Tensor, " d_model"]
    loss: tuple[float, float]


@torch.no_grad()
def second_moments(
    decoder: Decoder, layers: Sequence[int], tokens: Float[Tensor, "row position"]
) -> dict[int, Float[Tensor, "d_mlp d_mlp"]]:
    """Returns, for each layer, the sum over tokens of the outer product of what W_proj reads; K Kᵀ in eq. 2."""
    positions = torch.arange(tokens.shape[1], device=tokens.device).expand(tokens.shape)
    residual, sums = embed(decoder, tokens, positions), {}
    for number in range(max(layers) + 1):
        layer = decoder.layers[number]
        middle = residual + attend(decoder, layer, residual[None], positions)[0][0]
        if number in layers:
            keys = read_key(decoder, layer, middle).flatten(0, 1)
            sums[number] = keys.T @ keys
        residual = middle + run_mlp(decoder, layer, middle)
    return sums


def factorise(moments: Float[Tensor, "d_mlp d_mlp"]) -> Float[Tensor, "d_mlp d_mlp"]:
    """Returns the Cholesky factor of C in float64, which every edit of a layer uses.

    Raises:
        torch.linalg.LinAlgError: C is singular; estimate it over more tokens than keys have entries.
    """
    return torch.linalg.cholesky(moments.double())


def rank_one_update(
    w: Float[Tensor, "d_model d_mlp"],
    factor: Float[Tensor, "d_mlp d_mlp"],
    key: Float[Tensor, " d_mlp"],
    value: Float[Tensor, " d_model"],
) -> Float[Tensor, "d_model d_mlp"]:
    """Returns Λ (C⁻¹ k*)ᵀ, the smallest change of W in the norm of C that makes W k* = v*.

    Source: meng2022rome, eq. 2: Λ = (v* - W k*) / ((C⁻¹ k*)ᵀ k*).
    """
    key, w64 = key.double(), w.double()
    direction = torch.cholesky_solve(key[:, None], factor)[:, 0]  # C⁻¹ k*
    error = value.double() - w64 @ key
    return torch.outer(error / (direction @ key), direction).to(w.dtype)


@contextmanager
def edited(decoder: Decoder, layer: int, change: Float[Tensor, "d_model d_mlp"]) -> Iterator[None]:
    """Changes W_proj of a layer in place, and puts back a copy of what was there afterwards."""
    weights = decoder.layers[layer].w_down
    before = weights.clone()
    try:
        weights += change
        yield
    finally:
        weights.copy_(before)


def find_association(decoder: Decoder, layer: int, rewriting: Rewriting, params: ValueParams) -> Association:
    """Returns k* (mean key of the subject's last token over contexts) and v*.

    Source: meng2022rome, eq. 3 (key) and eq. 4 (value).
    """
    # The essence is the last row, so that one pass serves both parts of the loss.
    rows = pad(
        [*([*context, *rewriting.target[:-1]] for context in rewriting.contexts), rewriting.essence], decoder.device
    )
    with torch.no_grad():
        run = run_rows(decoder, rows)
        length, contexts = rows.tokens.shape[1], len(rewriting.contexts)
        start = length - (rewriting.after + len(rewriting.target) - 1)
        middle = run.residual[layer][:contexts, start] + run.attention[layer][:contexts, start]
        key = read_key(decoder, decoder.layers[layer], middle).mean(0)
    bias = decoder.layers[layer].down[1]
    written = run.mlp[layer][0, start]  # the bare prompt's
    goal = _Goal(decoder, layer, run, [start] * contexts + [length - rewriting.essence_after], rewriting.target, params)
    delta, loss = _find_change(goal, written, params)
    value = written + delta
    return Association(key, value if bias is None else value - bias, loss)


def _find_change(
    goal: "_Goal", written: Float[Tensor, " d_model"], params: ValueParams
) -> tuple[Float[Tensor, " d_model"], tuple[float, float]]:
    delta = torch.zeros_like(written, requires_grad=True)
    optimiser = torch.optim.Adam([delta], lr=params.step)
    first = last = float("nan")
    for step in range(params.steps):
        loss = goal.loss(delta, written.norm())
        last = float(loss.detach())
        first = last if step == 0 else first
        if last < params.stop_loss or step == params.steps - 1:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            largest = params.clamp * written.norm()
            if delta.norm() > largest:
                delta *= largest / delta.norm()
    return delta.detach(), (first, last)


class _Goal:
    """The loss of eq. 4: the new object is likely behind every prefix, and the essence of the subject stays."""

    def __init__(
        self,
        decoder: Decoder,
        layer: int,
        run: Run,
        places: Sequence[int],
        target: Sequence[int],
        params: ValueParams,
    ) -> None:
        """Takes a pass over all contexts and the essence, and where in each row the subject's last token is."""
        self.decoder, self.layer, self.run, self.params = decoder, layer, run, params
        self.target = torch.tensor(target, device=decoder.device)
        self.start = min(places)  # earlier positions cannot see the change
        at = torch.tensor(places, device=decoder.device)[:, None] - self.start
        self.here = torch.arange(run.positions.shape[1] - self.start, device=decoder.device) == at  # row position
        with torch.no_grad():
            self.essence_before = unembed(decoder, run.residual[-1][-1:, -1]).log_softmax(-1)

    def loss(self, delta: Float[Tensor, " d_model"], norm: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Returns the loss when `delta` is added to what the MLP writes at the subject's last token."""
        changed = self.run.residual[self.layer + 1][:, self.start :] + self.here[..., None] * delta
        residual = run_on(self.decoder, self.run, self.layer + 1, changed, self.start)
        count = len(self.target)
        read = torch.cat([residual[:-1, -count:].flatten(0, 1), residual[-1:, -1]])
        logits = unembed(self.decoder, read).log_softmax(-1)
        picked = logits[:-1].unflatten(0, (-1, count)).gather(-1, self.target.expand(len(residual) - 1, -1)[..., None])
        kl = functional.kl_div(logits[-1:], self.essence_before, log_target=True, reduction="batchmean")
        return -picked.mean() + self.params.kl_factor * kl + self.params.decay * delta.norm() / norm**2


@dataclass(frozen=True)
class TuningParams:
    """How a matrix is fine-tuned: steps and size of Adam's step, when to stop, and FT+L's bound on each weight."""

    steps: int
    step: float
    stop_loss: float
    bound: float | None = None


def fine_tune(
    decoder: Decoder, layer: int, prompt: Sequence[int], target: Sequence[int], params: TuningParams
) -> Float[Tensor, "d_model d_mlp"]:
    """Returns the change of W_proj that gradient descent on one fact makes; the model stays as it was.

    Source: meng2022rome, App. E.1 (FT, and FT+L with a bound).
    """
    rows: Rows = pad([[*prompt, *target[:-1]]], decoder.device)
    with torch.no_grad():
        run = run_rows(decoder, rows)
        middle = run.residual[layer] + run.attention[layer]
        key = read_key(decoder, decoder.layers[layer], middle)
    weights, bias = decoder.layers[layer].down
    wanted = torch.tensor(target, device=decoder.device)
    change = torch.zeros_like(weights, requires_grad=True)
    optimiser = torch.optim.Adam([change], lr=params.step)
    for _ in range(params.steps):
        residual = middle + functional.linear(key, weights + change, bias)
        logits = unembed(decoder, run_on(decoder, run, layer + 1, residual, 0)[0, -len(target) :])
        loss = functional.cross_entropy(logits, wanted)
        if float(loss.detach()) < params.stop_loss:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if params.bound is not None:
            with torch.no_grad():
                change.clamp_(-params.bound, params.bound)
    return change.detach()
