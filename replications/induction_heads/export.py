"""Stage: writes what the page's interactive part needs: the model for the browser, and attention over training.

python -P -m replications.induction_heads.export SETTING
"""

import numpy as np
import torch
from safetensors.numpy import load_file

from replications.common.files import write_bytes, write_json
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.stage import parse_setting
from replications.induction_heads.browser_model import export_model
from replications.induction_heads.runs import load_model
from replications.induction_heads.settings import Setting
from replications.induction_heads.words import WORDS

REPLICATION = "induction_heads"
LEVELS = 255  # attention is written as whole numbers up to this


class Params(StageParams):
    """Section `export` of `params.yaml`."""

    model: str
    text: str


def encode_words(text: str) -> torch.Tensor:
    """Returns the tokens of a text, after the start token.

    Raises:
        ValueError: a word is not one of the language's.
    """
    unknown = sorted(set(text.split()) - set(WORDS))
    if unknown:
        raise ValueError(f"got the words {unknown}; expected words of the phrase language (words.py)")
    return torch.tensor([len(WORDS), *(WORDS.index(word) for word in text.split())])


def main() -> None:
    """Writes `results/<setting>/interactive/`: model.onnx, demo.json, attention.json."""
    name = parse_setting(REPLICATION)
    params, setting = load_params(REPLICATION, "export", Params), load_setting(REPLICATION, name, Setting)
    experiment_name, experiment = next(iter(setting.experiments.items()))
    folder = results_dir(REPLICATION, name)
    circuit = load_file(folder / "arrays" / "circuit.safetensors")
    run = f"{experiment_name}/{params.model}/seed-{experiment.seeds[0]}"
    shape = experiment.shape(params.model, len(WORDS) + 1)
    model = load_model(artifacts_dir(REPLICATION, name) / "models" / run / "weights.safetensors", shape)
    heads = [(int(layer), int(head)) for layer, head in (circuit["previous_token_head"], circuit["induction_head"])]
    example = encode_words(params.text)
    write_bytes(folder / "interactive" / "model.onnx", export_model(model, heads[0], heads[1], example))
    probabilities = model(example[None])[0, -1].softmax(-1)
    write_json(
        folder / "interactive" / "demo.json",
        {
            "words": WORDS,
            "start": len(WORDS),
            "longest": experiment.context - 1,
            "text": params.text,
            "likeliest": WORDS[int(probabilities[: len(WORDS)].argmax())],
            "probability": round(float(probabilities.max()), 4),
            "heads": {"previous_token": f"{heads[0][0]}.{heads[0][1]}", "induction": f"{heads[1][0]}.{heads[1][1]}"},
        },
    )
    sequence = [int(token) for token in circuit["watched_sequence"]]
    write_json(
        folder / "interactive" / "attention.json",
        {
            "words": ["start" if token == len(WORDS) else WORDS[token] for token in sequence],
            "tokens": [int(count) for count in circuit["tokens"]],
            "levels": LEVELS,
            "previous_token": _quantise(circuit["watched"][:, 0]),
            "induction": _quantise(circuit["watched"][:, 1]),
        },
    )


def _quantise(patterns: np.ndarray) -> list[str]:
    """Returns each snapshot's pattern, row after row, two hexadecimal digits a number."""
    return [np.round(pattern * LEVELS).astype(np.uint8).tobytes().hex() for pattern in patterns]


if __name__ == "__main__":
    main()
