"""Path patching of all heads, against loops that rerun the model with TransformerLens hooks for each head.

Two maps: paths to the final residual stream, and paths to the queries of heads that were found before. For the first,
also how the time grows with the heads and with the prompts.

The model has the shape of six layers of SmolLM2-135M and random weights, so that nothing is downloaded: the cost of a
forward pass does not depend on the weights.
"""

import tempfile
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from tokenizers import Tokenizer, models
from torch import Tensor
from transformer_lens.model_bridge import TransformerBridge
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from benchmarks.limits import count_limit
from benchmarks.timing import Comparison, Growth, compare_in_turn, time_median
from replications.common.models import wrap_model
from replications.ioi.decoder import embed, take_apart
from replications.ioi.encoding import END, PromptBatch
from replications.ioi.forward import run_everywhere
from replications.ioi.method import direct_effects, logit_difference, run_at_end
from replications.ioi.movers import Head
from replications.ioi.paths import Case, Target, path_effects

LAYERS, HEADS, PROMPTS, POSITIONS, VOCABULARY = 6, 9, 16, 18, 4096
RECEIVERS = (Head(4, 1), Head(4, 5))
HEADS_BY_LAYER, MANY_PROMPTS = (3, 9, 36), (8, 32, 128)


def compare() -> Iterator[Comparison | Growth]:
    """Yields the comparisons, each after a check that both sides compute the same effects; then how the time grows."""
    torch.manual_seed(0)
    yield from _compare_with_loops(build_model(HEADS))
    yield Growth(
        f"path patching to the final residual stream, {PROMPTS} prompts", "heads",
        {LAYERS * heads: _time_direct_effects(heads, PROMPTS) for heads in HEADS_BY_LAYER},
        "Each head adds one path, recomputed by the MLPs above it; the two runs that all paths share weigh more the "
        "fewer heads there are.",
    )  # fmt: skip
    yield Growth(
        f"path patching to the final residual stream, {LAYERS * HEADS} heads", "prompts",
        {prompts: _time_direct_effects(HEADS, prompts) for prompts in MANY_PROMPTS},
        "Each prompt is run and recomputed on its own; what is done once a layer weighs more the fewer there are.",
    )  # fmt: skip


def _time_direct_effects(heads: int, prompts: int) -> float:
    bridge = build_model(heads)
    clean_tokens, corrupted_tokens, (io_token, s_token) = draw_prompts(prompts)
    return time_median(lambda: run_direct_effects(bridge, clean_tokens, corrupted_tokens, io_token, s_token), rounds=3)


def draw_prompts(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Returns random clean and corrupted prompts (batch, position), and the two answers' tokens (2, batch)."""
    clean, corrupted = (torch.randint(VOCABULARY, (count, POSITIONS)) for _ in range(2))
    return clean, corrupted, torch.randint(VOCABULARY, (2, count))


def run_direct_effects(
    bridge: TransformerBridge,
    clean_tokens: Int[Tensor, "batch position"],
    corrupted_tokens: Int[Tensor, "batch position"],
    io_token: Int[Tensor, " batch"],
    s_token: Int[Tensor, " batch"],
) -> Float[Tensor, "layer head batch"]:
    """Returns the direct effects by our method: two runs, then all heads together."""
    clean, corrupted = run_at_end(bridge, clean_tokens), run_at_end(bridge, corrupted_tokens)
    return direct_effects(bridge, clean, corrupted.mixed_values, io_token, s_token)


def _compare_with_loops(bridge: TransformerBridge) -> Iterator[Comparison]:
    clean_tokens, corrupted_tokens, (io_token, s_token) = draw_prompts(PROMPTS)
    prompts = clean_tokens, corrupted_tokens, io_token, s_token

    def ours() -> Float[Tensor, "layer head batch"]:
        return run_direct_effects(bridge, *prompts)

    def naive() -> Float[Tensor, "layer head batch"]:
        return patch_one_head_at_a_time(bridge, *prompts)

    assert torch.allclose(ours(), naive(), atol=1e-4)
    what = f"path patching, {LAYERS * HEADS} heads, {PROMPTS} prompts"
    yield compare_in_turn(what, "a loop over TransformerLens hooks", ours, naive, limit=count_limit(ours))
    decoder = take_apart(bridge)
    positions = torch.zeros(PROMPTS, dtype=torch.long)
    batch = PromptBatch(
        np.arange(PROMPTS), clean_tokens, corrupted_tokens, io_token, s_token, positions, positions, positions
    )

    def ours_to_queries() -> Float[Tensor, "layer head batch"]:
        runs = (run_everywhere(decoder, embed(decoder, tokens)) for tokens in (clean_tokens, corrupted_tokens))
        return path_effects(decoder, Case(batch, *runs), Target(RECEIVERS, "query", END, END)).by_sender

    def naive_to_queries() -> Float[Tensor, "layer head batch"]:
        return patch_queries_one_head_at_a_time(bridge, batch)

    assert torch.allclose(ours_to_queries(), naive_to_queries(), atol=1e-4)
    yield compare_in_turn(
        f"path patching to queries, {RECEIVERS[0].layer * HEADS} senders, {PROMPTS} prompts",
        "a loop over TransformerLens hooks", ours_to_queries, naive_to_queries, limit=count_limit(ours_to_queries),
    )  # fmt: skip


def build_model(heads: int) -> TransformerBridge:
    """Returns six layers in the shape of SmolLM2-135M with random weights, its width cut into so many heads."""
    config = LlamaConfig(
        num_hidden_layers=LAYERS,
        num_attention_heads=heads,
        num_key_value_heads=3,
        hidden_size=576,
        intermediate_size=1536,
        vocab_size=VOCABULARY,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    with tempfile.TemporaryDirectory() as folder:  # the bridge reads the tokenizer again from where it came from
        empty = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
        PreTrainedTokenizerFast(tokenizer_object=empty, unk_token="<unk>", bos_token="<unk>").save_pretrained(folder)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        return wrap_model(model, tokenizer, weights_sha256="", description="random weights").bridge


def patch_one_head_at_a_time(
    bridge: TransformerBridge,
    clean_tokens: Int[Tensor, "batch position"],
    corrupted_tokens: Int[Tensor, "batch position"],
    io_token: Int[Tensor, " batch"],
    s_token: Int[Tensor, " batch"],
) -> Float[Tensor, "layer head batch"]:
    """Returns the direct effects as a user of hooks would get them: one forward pass per head, all heads frozen."""
    names = [f"blocks.{layer}.attn.o.hook_in" for layer in range(LAYERS)]
    logits, clean = bridge.run_with_cache(clean_tokens, names_filter=names, return_cache_object=False)
    _, corrupted = bridge.run_with_cache(corrupted_tokens, names_filter=names, return_cache_object=False)
    unpatched = logit_difference(logits[:, -1], io_token, s_token)
    effects = torch.empty(LAYERS, HEADS, PROMPTS)
    for layer in range(LAYERS):
        for head in range(HEADS):
            frozen = {name: clean[name].clone() for name in names}
            frozen[names[layer]][:, -1, head] = corrupted[names[layer]][:, -1, head]
            hooks = [(name, lambda values, hook, kept=kept: kept) for name, kept in frozen.items()]
            patched = bridge.run_with_hooks(clean_tokens, fwd_hooks=hooks)
            effects[layer, head] = logit_difference(patched[:, -1], io_token, s_token) - unpatched
    return effects


def patch_queries_one_head_at_a_time(
    bridge: TransformerBridge, batch: PromptBatch
) -> Float[Tensor, "layer head batch"]:
    """Returns the effects of paths to the receivers' queries at END: two forward passes per sender."""
    names = [f"blocks.{layer}.attn.o.hook_in" for layer in range(LAYERS)]
    logits, clean = bridge.run_with_cache(batch.clean, names_filter=names, return_cache_object=False)
    _, corrupted = bridge.run_with_cache(batch.corrupted, names_filter=names, return_cache_object=False)
    unpatched = logit_difference(logits[:, -1], batch.io_token, batch.s_token)
    read = f"blocks.{RECEIVERS[0].layer}.attn.q.hook_out"
    effects = torch.zeros(LAYERS, HEADS, PROMPTS)
    for layer in range(RECEIVERS[0].layer):
        for head in range(HEADS):
            frozen = {name: clean[name].clone() for name in names}
            frozen[names[layer]][:, -1, head] = corrupted[names[layer]][:, -1, head]
            hooks = [(name, lambda values, hook, kept=kept: kept) for name, kept in frozen.items()]
            seen: dict[str, Tensor] = {}
            hooks.append((read, lambda queries, hook, seen=seen: seen.update(kept=queries.clone())))
            bridge.run_with_hooks(batch.clean, fwd_hooks=hooks)

            def patch(queries: Tensor, hook: object, seen: dict[str, Tensor] = seen) -> Tensor:
                by_head, kept = (x.unflatten(-1, (HEADS, -1)) if x.ndim == 3 else x for x in (queries, seen["kept"]))
                by_head = by_head.clone()
                for receiver in RECEIVERS:
                    by_head[:, -1, receiver.head] = kept[:, -1, receiver.head]
                return by_head.reshape(queries.shape)

            patched = bridge.run_with_hooks(batch.clean, fwd_hooks=[(read, patch)])
            effects[layer, head] = logit_difference(patched[:, -1], batch.io_token, batch.s_token) - unpatched
    return effects
