"""A whole setting at a tiny size: two transformers and five dictionaries on constructed text, trained once."""

import numpy as np
import pytest
import yaml

from replications.common.paths import replication_dir
from replications.monosemanticity.evidence import Evidence
from replications.monosemanticity.settings import MeasureParams, Setting, TrainParams
from replications.monosemanticity.tests.constructed import write_corpus
from replications.monosemanticity.train import fit_dictionaries, sweep
from replications.monosemanticity.units import fit_transformer, load_transformer, open_workshop, typical_length

TINY = {
    "corpus": "folder", "vocabulary": 320, "held_out": 0.3, "context": 32, "width": 16, "neurons": 24, "heads": 2,
    "transformer_tokens": 12_000, "transformer_batch": 8, "sweep": [0.1, 0.4], "sweep_features": 16,
    "sweep_vectors": 8_000, "batch": 256, "rate": 0.003, "resample_inputs": 512, "evaluation_tokens": 6_400,
    "dictionaries": {
        "A/0": {"transformer": "A", "features": 24, "vectors": 20_000},
        "A/1": {"transformer": "A", "features": 64, "vectors": 20_000},
        "A/2": {"transformer": "A", "features": 96, "vectors": 10_000},
        "B/1": {"transformer": "B", "features": 64, "vectors": 20_000},
        "random/1": {"transformer": "random", "features": 64, "vectors": 10_000},
    },
}  # fmt: skip
FEW = {
    "fewest_active": 3, "clamp_prompts": 3, "clamp_tokens": 4, "explained": 8, "explain_examples": 8,
    "score_examples": 8, "rare": 0.0001, "neighbours": 5.0,
}  # fmt: skip


@pytest.fixture(scope="session")
def evidence(tmp_path_factory) -> Evidence:
    """What the tiny setting's models give; the same through the same functions as the stages."""
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERP_MODEL_CACHE", str(folder / "cache" / "models"))
        write_corpus(folder / "text", files=40)
        params = yaml.safe_load((replication_dir("monosemanticity") / "params.yaml").read_text(encoding="utf-8"))
        given = params["settings"]["laptop"] | TINY | {"path": str(folder / "text")}
        setting = Setting.model_validate(given, strict=False)
        training = TrainParams.model_validate(params["train"], strict=False)
        workshop = open_workshop(folder / "models", setting, training)
        for name in setting.seeds:
            fit_transformer(workshop, name)
        sweep(workshop, typical_length(workshop, load_transformer(workshop, "A")) / setting.neurons)
        fit_dictionaries(workshop, 0.1)
        measured = MeasureParams.model_validate(params["measure"] | FEW, strict=False)
        read = Evidence(workshop, measured)
        assert read.labels  # read while the cache is there
    return read


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
