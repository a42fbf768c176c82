"""The network against TransformerLens with the same weights."""

import torch
from transformer_lens.config import TransformerBridgeConfig
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.sources.tl_legacy import convert_tl_checkpoint

from replications.grokking.dataset import MODULUS, select_pairs
from replications.grokking.network import D_HEAD, D_MODEL, HEADS, NEURONS, VOCABULARY, compute_neurons, draw_weights
from replications.grokking.network import run_network as run


def test_the_network_is_that_of_transformer_lens():
    config = TransformerBridgeConfig(
        d_model=D_MODEL,
        d_head=D_HEAD,
        n_heads=HEADS,
        n_layers=1,
        n_ctx=3,
        d_vocab=VOCABULARY,
        d_vocab_out=VOCABULARY,
        d_mlp=NEURONS,
        act_fn="relu",
        normalization_type=None,
        seed=0,
    )
    weights = draw_weights(5)
    named = {"embed.W_E": weights.W_E, "pos_embed.W_pos": weights.W_pos, "unembed.W_U": weights.W_U}
    named |= {f"blocks.0.attn.{name}": getattr(weights, name) for name in ("W_Q", "W_K", "W_V", "W_O")}
    named |= {f"blocks.0.attn.b_{name}": torch.zeros(HEADS, D_HEAD) for name in "QKV"}
    named |= {"blocks.0.attn.b_O": torch.zeros(D_MODEL), "unembed.b_U": torch.zeros(VOCABULARY)}
    named |= {f"blocks.0.mlp.{name}": getattr(weights, name) for name in ("W_in", "b_in", "W_out", "b_out")}
    bridge = TransformerBridge.boot_native(config)
    bridge.load_state_dict(convert_tl_checkpoint(named, config), strict=True)
    pairs = select_pairs(torch.arange(0, MODULUS**2, 61))
    tokens = torch.stack([pairs.a, pairs.b, torch.full_like(pairs.a, MODULUS)], dim=1)
    with torch.no_grad():
        logits, cache = bridge.run_with_cache(tokens)
    assert torch.allclose(run(weights, pairs), logits[:, -1], atol=2e-5)
    assert torch.allclose(compute_neurons(weights, pairs)[1], cache["blocks.0.mlp.hook_post"][:, -1], atol=1e-5)
