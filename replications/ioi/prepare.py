"""Stage: draws the prompts (or reads the authors' own) and writes them.

python -P -m replications.ioi.prepare SETTING
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from replications.common.files import write_json
from replications.common.models import load_tokenizer
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir
from replications.common.stage import parse_setting
from replications.ioi.dataset import load_prompts, make_prompts, select_vocabulary
from replications.ioi.settings import Setting


class Params(StageParams):
    """Section `prepare` of `params.yaml`."""

    prompts: int
    seed: int
    minimum_names: int
    minimum_words: int


def main() -> None:
    """Writes `artifacts/<setting>/prompts.json`."""
    name = parse_setting("ioi")
    params, setting = load_params("ioi", "prepare", Params), load_setting("ioi", name, Setting)
    vocabulary = select_vocabulary(
        load_tokenizer(setting.model, setting.path), params.minimum_names, params.minimum_words
    )
    rng = np.random.default_rng(params.seed)
    # Deviation: fewer-prompts
    if setting.data is None:
        prompts = make_prompts(vocabulary, params.prompts, rng)
    else:
        prompts = load_prompts(Path(setting.data), vocabulary.names, rng)[: params.prompts]
    write_json(
        artifacts_dir("ioi", name) / "prompts.json",
        {"dropped_words": vocabulary.dropped, "prompts": [asdict(prompt) for prompt in prompts]},
    )
    print(f"{len(prompts)} prompts; {len(vocabulary.dropped)} words are more than one token: {vocabulary.dropped}")


if __name__ == "__main__":
    main()
