"""Stage: compares what the methods predicted with what retraining gave, and measures every claim and control.

python -P -m replications.trak.measure SETTING
"""

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from replications.common.arrays import read_arrays, write_arrays
from replications.common.claims import load_claims
from replications.common.files import write_bytes
from replications.common.measurements import Measurement, write_measurements
from replications.common.params import StageParams, load_params, load_setting
from replications.common.paths import artifacts_dir, replication_dir, results_dir
from replications.common.provenance import record_run
from replications.common.stage import parse_setting
from replications.common.tables import write_rows
from replications.trak.data import SUBSET, Images, load_images
from replications.trak.estimates import (
    Numbers,
    find_falls,
    measure_ceiling,
    measure_falls,
    measure_leave_one_out,
    measure_scores,
    strongest_effects,
    tabulate_falls,
    tabulate_scores,
)
from replications.trak.lds import bootstrap_scores
from replications.trak.settings import NAME, Setting
from replications.trak.tables import Fall, Score

SHOWN = 10  # targets whose attributions are drawn
EACH = 5  # images of each kind


class Params(StageParams):
    """Section `measure` of `params.yaml`."""

    seed: int
    resamples: int
    single: int
    few: int
    many: int
    resampled: int
    strongest: int


Arrays = Mapping[str, Mapping[str, np.ndarray]]


def measure_all(
    setting: Setting, params: Params, arrays: Arrays, seconds: Mapping[str, float], attempted: list[str]
) -> tuple[dict[str, Measurement], list[Score], list[Fall]]:
    """Returns the measurements of the claims that are attempted, and the rows of the tables.

    Args:
        setting: that was run.
        params: of this stage.
        arrays: `truth`, `predictions`, `attributions` and `counterfactual` of the stages before.
        seconds: of the stages before; `network` is the time to train one.
        attempted: ids of the claims and controls of this setting.
    """
    rng = np.random.default_rng(params.seed)
    outputs, retrained = arrays["truth"]["outputs"], arrays["counterfactual"]
    found = bootstrap_scores(arrays["predictions"], outputs.mean(1).T, params.resamples, rng)
    numbers = Numbers(params.single, params.few, params.many, params.resampled)
    falls = find_falls(retrained)
    ways = measure_scores(found, setting, numbers, setting.targets) | measure_falls(falls, rng)
    ways["noise-ceiling"] = lambda: measure_ceiling(outputs, params.resamples, rng)
    if "influence" in retrained:
        scores = arrays["attributions"]["trak"]
        ways |= measure_leave_one_out(retrained, scores, params.strongest, rng)
    measured = {}
    for name in attempted:
        print(f"measuring {name} ({len(measured) + 1} of {len(attempted)})", flush=True)
        measured[name] = ways[name]()
    rows = tabulate_scores(found, seconds, seconds["network"], len(setting.training.checkpoints))
    return measured, rows, tabulate_falls(falls, setting.removed, rng)


def collect_pictures(images: Images, arrays: Arrays, strongest: int) -> dict[str, np.ndarray]:
    """Returns what the figures show: targets with their most helpful and most harmful images, and single effects."""
    scores = arrays["attributions"]["trak"][:SHOWN].astype(np.float32)
    order = np.argsort(scores, axis=1, kind="stable")
    pictures = {"targets": images.test[:SHOWN], "target_labels": images.test_labels[:SHOWN]}
    for kind, rows in (("helpful", order[:, ::-1][:, :EACH]), ("harmful", order[:, :EACH])):
        pictures |= {kind: images.train[rows], f"{kind}_labels": images.train_labels[rows]}
    if "influence" in arrays["counterfactual"]:
        predicted, actual = strongest_effects(arrays["counterfactual"], strongest)
        pictures |= {"predicted": predicted[:SHOWN], "actual": actual[:SHOWN]}
    return pictures | {"classes": np.array(images.classes), "brightest": np.array(images.brightest)}


def main() -> None:
    """Writes `measured.json`, `run.json`, `scores.csv`, `falls.csv`, `networks.json` and `pictures.npz`."""
    name = parse_setting(NAME)
    params, setting = load_params(NAME, "measure", Params), load_setting(NAME, name, Setting)
    source, results = artifacts_dir(NAME, name), results_dir(NAME, name)
    attempted = [s.id for s in load_claims(NAME).statements() if s.expect[name].not_attempted is None]
    with record_run(NAME, name, seeds=[params.seed]) as run:
        parts = ("truth", "predictions", "attributions", "counterfactual")
        arrays = {part: read_arrays(source / f"{part}.npz") for part in parts}
        if setting.data == "fashion":
            run.add_hash("fashion-mnist.npz", hashlib.sha256((replication_dir(NAME) / SUBSET).read_bytes()).hexdigest())
        training = json.loads((source / "training.json").read_text(encoding="utf-8"))
        seconds = json.loads((source / "seconds.json").read_text(encoding="utf-8"))
        seconds["network"] = training["seconds_per_network"]
        measured, scores, falls = measure_all(setting, params, arrays, seconds, attempted)
        write_rows(results / "scores.csv", scores, Score)
        write_rows(results / "falls.csv", falls, Fall)
        write_bytes(results / "networks.json", (source / "training.json").read_bytes())
        write_arrays(results / "pictures.npz", collect_pictures(load_images(setting), arrays, params.strongest))
        write_measurements(NAME, name, measured)


if __name__ == "__main__":
    main()
