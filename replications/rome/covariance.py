"""Second moments of the keys of ordinary text, computed once per model and layer and kept beside the models."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from replications.common.models import model_cache
from replications.rome.decoder import Decoder
from replications.rome.encoding import encode
from replications.rome.method import second_moments
from replications.rome.text import load_paragraphs

CONTEXT, ROWS = 256, 4  # tokens in a row, rows at once


def load_moments(
    decoder: Decoder,
    tokenizer: PreTrainedTokenizerBase,
    weights_sha256: str,
    layers: Sequence[int],
    *,
    tokens: int,
    text: str | None,
) -> dict[int, Float[Tensor, "d_mlp d_mlp"]]:
    """Returns C of each layer: the mean over tokens of the outer product of what W_proj reads.

    Raises:
        TextUnavailableError: there is no text.
    """
    name = hashlib.sha256(json.dumps([weights_sha256, text, tokens, CONTEXT]).encode()).hexdigest()[:16]
    files = {layer: model_cache().parent / "covariance" / f"{name}-{layer}.safetensors" for layer in layers}
    missing = [layer for layer in layers if not files[layer].is_file()]
    if missing:
        rows = encode_text(load_paragraphs(text), tokenizer, tokens)
        for layer, moments in _estimate(decoder, rows, missing).items():
            _save(moments, files[layer])
    return {layer: load_file(files[layer])["moments"].to(decoder.device) for layer in layers}


def encode_text(
    paragraphs: Sequence[str], tokenizer: PreTrainedTokenizerBase, tokens: int
) -> Int[Tensor, "row position"]:
    """Returns at least so many tokens of paragraphs in random order, in rows of one length.

    Raises:
        ValueError: the text is too short.
    """
    found: list[int] = []
    needed = -(-tokens // CONTEXT) * CONTEXT
    for place in np.random.default_rng(0).permutation(len(paragraphs)):
        found += encode(paragraphs[place] + "\n", tokenizer)
        if len(found) >= needed:
            return torch.tensor(found[:needed]).reshape(-1, CONTEXT)
    raise ValueError(f"got {len(found)} tokens of text; expected {needed}; lower covariance_tokens or name more text")


def _estimate(
    decoder: Decoder, rows: Int[Tensor, "row position"], layers: Sequence[int]
) -> dict[int, Float[Tensor, "d_mlp d_mlp"]]:
    sums: dict[int, Tensor] = {}
    batches = rows.to(decoder.device).split(ROWS)
    for batch in tqdm(batches, desc=f"second moments of {rows.numel()} tokens", unit="batch"):
        for layer, moments in second_moments(decoder, layers, batch).items():
            sums[layer] = sums[layer] + moments if layer in sums else moments
    return {layer: (total / rows.numel()).cpu() for layer, total in sums.items()}


def _save(moments: Float[Tensor, "d_mlp d_mlp"], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".moments.")
    os.close(descriptor)
    save_file({"moments": moments.contiguous()}, temporary)
    Path(temporary).replace(path)
