"""Causal tracing: spoil the subject, put clean values back, see whether the answer comes back.

Source: meng2022rome, § 2.1 and Appendix B.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from replications.rome.decoder import Decoder, Keys, attend, embed, run_mlp, unembed
from replications.rome.encoding import Prompt
from replications.rome.runs import Run, pad, run_everywhere

NONE: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Restoration:
    """What is put back at the chosen positions of a corrupted run.

    Attributes:
        state: the residual stream before this layer is clean (number of layers = after the last); None = not.
        mlp: layers whose MLP output is clean.
        attention: layers whose attention output is clean.
        severed_mlp: layers whose MLP output stays as in the corrupted run.
        severed_attention: layers whose attention output stays so.
    """

    state: int | None = None
    mlp: frozenset[int] = NONE
    attention: frozenset[int] = NONE
    severed_mlp: frozenset[int] = NONE
    severed_attention: frozenset[int] = NONE

    @property
    def start(self) -> int:
        """The first layer at which anything differs from the corrupted run."""
        return min([*self.mlp, *self.attention, *([] if self.state is None else [self.state])])


@dataclass(frozen=True)
class Traced:
    """A prompt that was run clean and corrupted.

    Attributes:
        clean: one row.
        corrupted: a row for each draw of noise.
        answer: first token of the object.
    """

    clean: Run
    corrupted: Run
    answer: int


def restore_state(layer: int) -> Restoration:
    """Returns the hidden state of a layer, which is what the next one reads."""
    return Restoration(state=layer + 1)


def window_around(centre: int, width: int, n_layers: int) -> frozenset[int]:
    """Returns layers l-4 to l+5 for a width of 10, cut off at the ends.

    Source: meng2022rome, App. B.2.
    """
    return frozenset(range(max(0, centre - (width - 1) // 2), min(n_layers, centre + width // 2 + 1)))


def noise_scale(decoder: Decoder, tokens: Sequence[int], factor: float) -> float:
    """Returns the size of the noise: a multiple of the standard deviation of the subjects' embeddings."""
    return factor * float(decoder.embedding[list(tokens)].std())


@torch.no_grad()
def run_clean_and_corrupted(
    decoder: Decoder, prompt: Prompt, draws: int, scale: float, generator: torch.Generator
) -> Traced:
    """Returns both runs of a prompt; the noise is drawn on the CPU, so that it is the same on every device."""
    rows = pad([prompt.tokens], decoder.device)
    residual = embed(decoder, rows.tokens, rows.positions)
    start, end = prompt.subject
    noise = scale * torch.randn(draws, end - start, residual.shape[-1], generator=generator)
    corrupted = residual.repeat(draws, 1, 1)
    corrupted[:, start:end] += noise.to(decoder.device)
    positions = rows.positions.expand(draws, -1)
    return Traced(
        run_everywhere(decoder, residual, rows.positions),
        run_everywhere(decoder, corrupted, positions),
        prompt.target[0],
    )


@torch.no_grad()
def answer_probability(decoder: Decoder, run: Run, answer: int) -> Float[Tensor, " row"]:
    """Returns the probability of the answer at the end of each row of a run."""
    return unembed(decoder, run.residual[-1][:, -1]).softmax(-1)[:, answer]


def restored_probability(
    decoder: Decoder, traced: Traced, places: Sequence[int], variants: Sequence[Restoration], batch_tokens: int
) -> Float[Tensor, "variant draw"]:
    """Returns the probability of the answer when clean values are put back at the positions `places`.

    Positions before the first place, and layers before the first that differs, are those of the corrupted run and are
    not computed again; variants join the batch at the layer at which they begin to differ.
    """
    draws, length = traced.corrupted.positions.shape
    at_once = max(1, batch_tokens // (draws * (length - min(places))))
    order = sorted(range(len(variants)), key=lambda number: variants[number].start)
    probability = torch.empty(len(variants), draws, device=decoder.device)
    for first in range(0, len(order), at_once):
        chosen = order[first : first + at_once]
        probability[chosen] = _restore_batch(decoder, traced, list(places), [variants[n] for n in chosen])
    return probability


@torch.no_grad()
def _restore_batch(
    decoder: Decoder, traced: Traced, places: list[int], variants: Sequence[Restoration]
) -> Float[Tensor, "variant draw"]:
    clean, corrupted, start = traced.clean, traced.corrupted, min(places)
    at = [place - start for place in places]
    residual = corrupted.residual[0][None, :, start:][:0]
    for number in range(decoder.n_layers + 1):
        joining = sum(variant.start == number for variant in variants)
        if joining:
            unchanged = corrupted.residual[number][None, :, start:].expand(joining, -1, -1, -1)
            residual = torch.cat([residual, unchanged])
        for row in _rows(variants, "state", number):
            residual[row, :, at] = clean.residual[number][0, places]
        if number == decoder.n_layers or not len(residual):
            continue
        layer = decoder.layers[number]
        before: Keys = corrupted.before(number, start)
        attention, _, _ = attend(decoder, layer, residual, corrupted.positions[:, start:], before)
        _replace(attention, variants, "attention", number, places, at, clean.attention, corrupted.attention)
        middle = residual + attention
        mlp = run_mlp(decoder, layer, middle)
        _replace(mlp, variants, "mlp", number, places, at, clean.mlp, corrupted.mlp)
        residual = middle + mlp
    return unembed(decoder, residual[:, :, -1]).softmax(-1)[..., traced.answer]


def _replace(
    written: Float[Tensor, "variant draw position d_model"],
    variants: Sequence[Restoration],
    kind: str,
    number: int,
    places: list[int],
    at: list[int],
    clean: list[Tensor],
    corrupted: list[Tensor],
) -> None:
    """Changes `written` in place: clean where it is restored, as in the corrupted run where it is severed."""
    active = variants[: len(written)]
    for row in _rows(active, kind, number):
        written[row, :, at] = clean[number][0, places]
    for row in _rows(active, f"severed_{kind}", number):
        written[row, :, at] = corrupted[number][:, places]


def _rows(variants: Sequence[Restoration], field: str, number: int) -> Iterator[int]:
    """Yields the variants that a layer's field concerns."""
    for row, variant in enumerate(variants):
        value = getattr(variant, field)
        if value == number if field == "state" else number in value:
            yield row
