"""Stage: writes the feature browser's files: an index of all features of A/1, and shards with their examples.

python -P -m replications.monosemanticity.export SETTING
"""

import json
from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from replications.common.files import write_text
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.stage import parse_setting
from replications.common.tables import read_rows
from replications.monosemanticity.coding import encode_text
from replications.monosemanticity.evidence import MAIN
from replications.monosemanticity.examples import describe_feature
from replications.monosemanticity.records import FeatureRow
from replications.monosemanticity.settings import Setting, TrainParams
from replications.monosemanticity.units import Workshop, load_autoencoder, load_transformer, open_workshop
from replications.monosemanticity.vectors import cut_windows, spread
from replications.monosemanticity.vocabulary import read_vocabulary

REPLICATION = "monosemanticity"


class Params(StageParams):
    """Section `export` of `params.yaml`."""

    seed: int
    top_examples: int
    quantile_examples: int
    before: int
    after: int
    shard: int


def index(rows: Sequence[FeatureRow], tokens: Sequence[str], shard: int) -> dict[str, object]:
    """Returns the table of features in columns, small enough for the first view.

    Densities are logarithms to two digits, correlations whole hundredths.
    """
    contexts = sorted({row.context for row in rows if row.context})
    return {
        "shard": shard,
        "tokens": list(tokens),
        "contexts": contexts,
        "density": [round(100 * float(np.log10(row.density))) if row.density > 0 else None for row in rows],
        "token": [row.token for row in rows],
        "match": [round(100 * row.match_pearson) for row in rows],
        "labels": {row.feature: contexts.index(row.context) for row in rows if row.context},
    }


@torch.no_grad()
def shards(workshop: Workshop, rows: Sequence[FeatureRow], params: Params) -> dict[str, list[dict[str, object]]]:
    """Returns what is shown of each feature, `params.shard` features a file."""
    setting = workshop.setting
    dictionary = setting.dictionaries[MAIN]
    transformer, (autoencoder, _) = load_transformer(workshop, dictionary.transformer), load_autoencoder(workshop, MAIN)
    windows = cut_windows(workshop.text.held_out, setting.context)
    windows = windows[spread(len(windows), setting.evaluation_tokens // setting.context)]
    codes = encode_text(transformer, autoencoder, windows).tocsc()
    weights = transformer.logit_weights(autoencoder.decoder).cpu().numpy()
    decoder = autoencoder.decoder
    cosine = (decoder @ decoder.T).cpu().numpy()
    np.fill_diagonal(cosine, -1)
    vocabulary, rng = read_vocabulary(workshop.text.tokenizer), np.random.default_rng(params.seed)
    shown = [
        describe_feature(
            row, codes[:, [row.feature]], windows, weights[row.feature], cosine[row.feature], vocabulary, params, rng
        )
        for row in tqdm(rows, desc="features", unit="feature")
    ]
    return {
        f"{first // params.shard}": shown[first : first + params.shard] for first in range(0, len(shown), params.shard)
    }


def main() -> None:
    """Writes `results/<setting>/browser/`: index.json and a file for each shard."""
    name = parse_setting(REPLICATION)
    params, setting = load_params(REPLICATION, "export", Params), load_setting(REPLICATION, name, Setting)
    training = load_params(REPLICATION, "train", TrainParams)
    results = results_dir(REPLICATION, name)
    models = artifacts_dir(REPLICATION, name) / "models"
    workshop = open_workshop(models, setting, training)
    rows = read_rows(results / "features.csv", FeatureRow)
    tokens = read_vocabulary(workshop.text.tokenizer).show_all()
    files = {"index": index(rows, tokens, params.shard)} | shards(workshop, rows, params)
    for file, content in files.items():
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        write_text(results / "browser" / f"{file}.json", text + "\n")


if __name__ == "__main__":
    main()
