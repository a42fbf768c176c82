"""Causal tracing of one fact, against an implementation that reruns the full model for every restored state.

The model has the shape of SmolLM2-135M with six of its layers and random weights, so that nothing is downloaded: the
cost of a forward pass does not depend on the weights.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.limits import count_limit
from benchmarks.timing import Comparison, compare_in_turn
from replications.rome.decoder import take_apart
from replications.rome.encoding import Prompt
from replications.rome.tracing import restore_state, restored_probability, run_clean_and_corrupted

LAYERS, VOCABULARY, DRAWS, NOISE, BATCH_TOKENS = 6, 8192, 10, 0.1, 2400
PROMPT = Prompt(tuple(range(10, 20)), subject=(3, 6), target=(7,))


def compare() -> Iterator[Comparison]:
    """Yields the comparison; both sides restore the same states, which is checked first."""
    torch.manual_seed(0)
    model = build_model()
    decoder = take_apart(model)
    layers, places = range(LAYERS), range(PROMPT.subject[0], len(PROMPT.tokens))

    def ours() -> Float[Tensor, "place layer draw"]:
        generator = torch.Generator().manual_seed(0)
        traced = run_clean_and_corrupted(decoder, PROMPT, DRAWS, NOISE, generator)
        variants = [restore_state(layer) for layer in layers]
        return torch.stack([restored_probability(decoder, traced, [place], variants, BATCH_TOKENS) for place in places])

    def direct() -> Float[Tensor, "place layer draw"]:
        return rerun_for_each_state(model, PROMPT, DRAWS, NOISE, places, layers)

    assert torch.allclose(ours(), direct(), rtol=1e-3, atol=1e-7)
    yield compare_in_turn(
        f"causal tracing, {len(places)} tokens x {LAYERS} layers x {DRAWS} draws",
        "the full model rerun for each restored state", ours, direct, limit=count_limit(ours),
    )  # fmt: skip


def build_model() -> LlamaForCausalLM:
    """Returns six layers in the shape of SmolLM2-135M with random weights."""
    config = LlamaConfig(
        num_hidden_layers=LAYERS, num_attention_heads=9, num_key_value_heads=3, hidden_size=576,
        intermediate_size=1536, vocab_size=VOCABULARY, attn_implementation="eager", tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@torch.no_grad()
def rerun_for_each_state(
    model: Any, prompt: Prompt, draws: int, noise: float, places: Sequence[int], layers: Sequence[int]
) -> Float[Tensor, "place layer draw"]:
    """Returns the probability of the answer as a user of PyTorch's hooks would get it: one forward pass per state.

    All draws of noise run in one batch, as in the authors' code.
    """
    generator = torch.Generator().manual_seed(0)
    start, end = prompt.subject
    blocks = model.model.layers if hasattr(model, "model") else model.transformer.h
    embedding = model.get_input_embeddings()
    tokens = torch.tensor([prompt.tokens])
    added = noise * torch.randn(draws, end - start, embedding.weight.shape[1], generator=generator)
    states: list[Tensor] = []
    handles = [block.register_forward_hook(lambda _, __, out: states.append(_first(out))) for block in blocks]
    model(tokens)
    for handle in handles:
        handle.remove()

    def spoil(_: object, __: object, embedded: Tensor) -> Tensor:
        embedded = embedded.clone()
        embedded[:, start:end] += added
        return embedded

    found = torch.empty(len(places), len(layers), draws)
    corruption = embedding.register_forward_hook(spoil)
    for row, place in enumerate(places):
        for column, layer in enumerate(layers):

            def put_back(_: object, __: object, out: Any, place: int = place, layer: int = layer) -> Any:
                changed = _first(out).clone()
                changed[:, place] = states[layer][0, place]
                return (changed, *out[1:]) if isinstance(out, tuple) else changed

            handle = blocks[layer].register_forward_hook(put_back)
            logits = model(tokens.expand(draws, -1)).logits[:, -1]
            handle.remove()
            found[row, column] = logits.softmax(-1)[:, prompt.target[0]]
    corruption.remove()
    return found


def _first(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple) else output
