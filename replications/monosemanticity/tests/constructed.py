"""Small things whose answer is known: text with every context, a transformer, planted sparse codes."""

import base64
from pathlib import Path

import numpy as np
import torch

WORDS = ("value", "result", "index", "matrix", "loader", "config", "token", "layer", "path", "state")
SCRIPTS = {"arabic": "ابتثجحخد", "hebrew": "אבגדהוזח", "cyrillic": "абвгдежз"}


def write_corpus(folder: Path, files: int, seed: int = 0) -> None:
    """Writes text files that look like Python source, in which every declared context occurs."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"{number:03}.txt").write_text("\n".join(_block(rng) for _ in range(6)), encoding="utf-8")


def _block(rng: np.random.Generator) -> str:
    word = lambda: str(rng.choice(WORDS))  # noqa: E731
    script = SCRIPTS[str(rng.choice(list(SCRIPTS)))]
    letters = " ".join("".join(rng.choice(list(script), 5)) for _ in range(4))
    return "\n".join([
        f"import {word()}", f"from {word()} import {word()}", f"def {word()}({word()}, {word()}={rng.integers(99)}):",
        f'    """Returns the {word()} of the {word()}."""', f"    {word()} = '{letters}'",
        f"    key = '{base64.b64encode(rng.bytes(48)).decode()}'", f"    digest = '{rng.bytes(16).hex()}'",
        f"    return {word()} + {rng.random():.4f}", "",
    ])  # fmt: skip


def plant_codes(
    features: int, neurons: int, vectors: int, active: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns random unit directions, and vectors that are each a sum of few of them."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.nn.functional.normalize(torch.randn(features, neurons, generator=generator), dim=1)
    on = torch.rand(vectors, features, generator=generator) < active / features
    codes = on * (0.5 + torch.rand(vectors, features, generator=generator))
    return directions, codes @ directions
