"""Blind rating of features and neurons by a visitor: writes the page, later reads the ratings; no stage.

python -P -m replications.monosemanticity.rate                 writes artifacts/laptop-rated/rating.html
python -P -m replications.monosemanticity.rate ratings.json    measures the claims of the setting laptop-rated
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from replications.common.bootstrap import bootstrap
from replications.common.files import write_json, write_text
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, results_dir
from replications.common.provenance import record_run
from replications.monosemanticity.coding import encode_text
from replications.monosemanticity.evidence import MAIN
from replications.monosemanticity.rating import make_cards, read_ratings, write_page
from replications.monosemanticity.settings import Setting, TrainParams
from replications.monosemanticity.specific import column
from replications.monosemanticity.units import Workshop, load_autoencoder, load_transformer, open_workshop
from replications.monosemanticity.vectors import cut_windows, read_activations
from replications.monosemanticity.vocabulary import read_vocabulary

REPLICATION, RATED = "monosemanticity", "laptop-rated"
CLAIMS = {"human-features": "feature", "human-neurons": "neuron"}
LEAST_ACTIVE = 20  # tokens on which a unit must be active


class RatedSetting(StageParams):
    """The setting `laptop-rated`: which setting's units are rated, how many of each kind, intervals of each, seed."""

    of: str
    units: int
    intervals: int
    windows: int
    seed: int


def draw_cards(workshop: Workshop, rated: RatedSetting) -> list[tuple[str, object]]:
    """Returns kind and card of features of A/1 and neurons of A in random order."""
    rng = np.random.default_rng(rated.seed)
    transformer, (autoencoder, _) = load_transformer(workshop, "A"), load_autoencoder(workshop, MAIN)
    windows = cut_windows(workshop.text.held_out, workshop.setting.context)[: rated.windows]
    vocabulary = read_vocabulary(workshop.text.tokenizer)
    codes = encode_text(transformer, autoencoder, windows)
    neurons = read_activations(transformer, windows).cpu().numpy()
    live = np.flatnonzero(np.bincount(codes.indices, minlength=codes.shape[1]) >= LEAST_ACTIVE)
    chosen = {"feature": live, "neuron": np.flatnonzero((neurons > 0).sum(0) >= LEAST_ACTIVE)}
    cards: list[tuple[str, object]] = []
    for kind, units in chosen.items():
        for unit in rng.choice(units, min(rated.units, len(units)), replace=False):
            values = column(codes, int(unit)) if kind == "feature" else neurons[:, unit]
            directions = autoencoder.decoder[unit] if kind == "feature" else torch.eye(neurons.shape[1])[unit]
            weights = transformer.logit_weights(directions[None].to(workshop.setting.device))[0].cpu().numpy()
            made = make_cards(values, windows, weights, vocabulary, rated.intervals, rng)
            cards += [(kind, card) for card in made]
    return [cards[place] for place in rng.permutation(len(cards))]


def measure_ratings(text: str, kinds: list[str], seed: int) -> dict[str, Measurement]:
    """Returns the medians that the claims ask for, with intervals over cards."""
    points, rng = read_ratings(text, kinds), np.random.default_rng(seed)
    return {
        claim: bootstrap(lambda sample: float(np.median(sample)), [points[kind]], rng, unit="points")
        for claim, kind in CLAIMS.items()
    }


def main() -> None:
    """Writes the rating page, or reads the ratings named on the command line."""
    parser = argparse.ArgumentParser(description="Blind rating of features and neurons.")
    parser.add_argument("ratings", nargs="?", type=Path, help="the file that the rating page saved")
    path = parser.parse_args().ratings
    rated = load_setting(REPLICATION, RATED, RatedSetting)
    folder = artifacts_dir(REPLICATION, RATED)
    if path is None:
        setting, params = load_setting(REPLICATION, rated.of, Setting), load_params(REPLICATION, "train", TrainParams)
        models = artifacts_dir(REPLICATION, rated.of) / "models"
        workshop = open_workshop(models, setting, params)
        cards = draw_cards(workshop, rated)
        write_text(folder / "rating.html", write_page([card for _, card in cards]))
        write_json(folder / "key.json", [kind for kind, _ in cards])
        print(f"Open {folder / 'rating.html'}; when you have saved ratings.json: make rate RATINGS=ratings.json")
        return
    kinds = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    with record_run(REPLICATION, RATED, seeds=[rated.seed], stage="rate"):
        write_measurements(REPLICATION, RATED, measure_ratings(path.read_text(encoding="utf-8"), kinds, rated.seed))
    # The only run of this setting: the site looks for it under this name.
    results = results_dir(REPLICATION, RATED)
    (results / "run-rate.json").replace(results / "run.json")


if __name__ == "__main__":
    main()
