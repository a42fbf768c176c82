"""The way from trained networks to verdicts and figures at a small size, and estimates whose answer is known."""

import json

import numpy as np
import pytest
import yaml

from replications.common.arrays import read_arrays, write_curves
from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.paths import replication_dir
from replications.common.tables import read_rows, write_rows
from replications.grokking import estimates, figures, measure, progress
from replications.grokking import train as stage
from replications.grokking.controls import estimate_controls
from replications.grokking.records import read_network
from replications.grokking.settings import Setting
from replications.grokking.tables import (
    Frequencies,
    Progress,
    read_frequencies,
    select_rows,
    write_frequencies,
)

PARAMS = yaml.safe_load((replication_dir("grokking") / "params.yaml").read_text(encoding="utf-8"))
EPOCHS = np.arange(0, 10001, 1000.0)
SEEDS = {name: network["seed"] for name, network in PARAMS["settings"]["until-cleanup"]["networks"].items()}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """All networks of the default setting, hardly trained on few pairs."""
    folder = tmp_path_factory.mktemp("artifacts")
    written = json.loads(json.dumps(PARAMS["settings"]["until-cleanup"]))
    for network in written["networks"].values():
        network |= {"epochs": 2, "fraction": network["fraction"] / 100}
    written["networks"] = {
        name: n for name, n in written["networks"].items() if name[-2:] != "-2" and name != "much-data-1"
    }
    setting = Setting.model_validate_json(json.dumps(written))
    rare = {
        "evaluate_every": 2,
        "checkpoint_every": 2,
        "snapshot_every": 2,
        "early_snapshot_every": 2,
        "early_epochs": 1,
    }
    params = stage.Params.model_validate_json(json.dumps(PARAMS["train"] | rare))
    stage.train_all(setting, params, folder / "unfinished")
    stage.publish(setting, params, folder / "unfinished", folder)
    return setting, folder


def test_every_claim_is_measured_and_every_figure_drawn(artifacts, monkeypatch, tmp_path):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    setting, folder = artifacts
    found, rows = progress.follow_all(setting, folder, PARAMS["progress"]["threshold"])
    assert [(row.network, row.epoch) for row in rows] == [
        (f"seed-{seed}", epoch) for seed in (0, 1) for epoch in (0, 2)
    ]
    write_frequencies(
        tmp_path / "frequencies.json", {name: Frequencies((3, 9), found[name].embedding) for name in found}
    )
    write_rows(tmp_path / "progress.csv", rows, Progress)
    found, rows = read_frequencies(tmp_path / "frequencies.json"), read_rows(tmp_path / "progress.csv", Progress)
    trained = measure.read_artifacts(setting, folder)
    params = measure.Params.model_validate_json(json.dumps(PARAMS["measure"] | {"other_draws": 2}))
    measured, curves = measure.measure_all(setting, trained, found, rows, params)
    assert len(judge_setting(load_claims("grokking"), "until-cleanup", measured).claims) == len(measured)
    assert measured["cleanup-ends"].reason == "it did not happen or is not defined in the network of seed 0, 1"
    assert measured["untrained-neurons-of-one-frequency"].value == 0
    write_curves(tmp_path / "curves.npz", curves)
    assert (tmp_path / "curves.npz").stat().st_size < 500_000
    curves = read_arrays(tmp_path / "curves.npz")
    for draw, _ in figures.FIGURES.values():
        assert draw(curves, rows).axes


def test_history_and_progress_are_those_of_the_weights(artifacts):
    """A second way: squares summed over the file; losses that exist at every snapshot."""
    setting, folder = artifacts
    trained = read_network(folder / "networks" / "seed-0.safetensors")
    found, rows = progress.follow_all(
        setting.model_copy(update={"networks": {"seed-0": setting.networks["seed-0"]}}), folder, threshold=1.0
    )
    assert len(found["seed-0"].key) == 1
    assert trained.history["epoch"].tolist() == [0, 2]
    weights = sum((w.double() ** 2).sum() for w in trained.weights.named().values())
    assert float(trained.history["squared_weights"][-1]) == pytest.approx(float(weights))
    assert all(np.isfinite([row.restricted, row.excluded, row.gini_map]).all() for row in rows)


def grokked(seed: int, excluded: np.ndarray, squared: np.ndarray) -> estimates.Grokked:
    history = {
        "epoch": EPOCHS,
        "test_loss": np.array([5, 9, 10, 10, 10, 10, 4, 1, 1e-6, 1e-7, 1e-7]),
        "test_accuracy": np.array([0, 0, 0, 0, 0, 0, 0.3, 0.9, 1, 1, 1]),
        "squared_weights": squared,
    }
    rising = np.interp(EPOCHS, [0, 2000, 6000, 8000, 10000], [0.2, 0.2, 0.3, 0.6, 0.7])
    series = {
        "epoch": EPOCHS,
        "excluded": excluded,
        "restricted": np.array([5, 5, 5, 2, 1, 1, 1, 0, 0, 0, 0.0]),
        "gini_embedding": rising,
        "gini_map": rising,
    }
    return estimates.Grokked(seed, None, None, history, series, 1e-5)


def test_phases_of_known_curves_are_measured():
    excluded = np.array([5, 2, 1, 3, 4, 5, 6, 8, 8, 8, 8.0])
    squared = np.interp(EPOCHS, [0, 2000, 6000, 8000, 10000], [900, 1000, 800, 500, 500])
    measured = estimates.estimate_phases([grokked(s, excluded, squared) for s in (0, 1, 2)], np.random.default_rng(0))
    found = {name: m.value for name, m in measured.items()}
    assert found == pytest.approx(
        {
            "memorisation-ends": 2,
            "cleanup-begins": 6,
            "cleanup-ends": 8,
            "restricted-loss-falls-first": 0.5,
            "excluded-loss-rises": 5,
            "embedding-sparsens-in-cleanup": 0.75,
            "neuron-map-sparsens-in-cleanup": 0.75,
            "weights-shrink-in-cleanup": 3,
        }
    )
    assert measured["cleanup-ends"].seeds == (0, 1, 2)


def test_weights_that_do_not_fall_before_cleanup_have_no_speed():
    rising = np.interp(EPOCHS, [0, 6000, 10000], [900, 1000, 500])
    network = grokked(4, np.array([5, 2, 1, 3, 4, 5, 6, 8, 8, 8, 8.0]), rising)
    measured = estimates.estimate_phases([network], np.random.default_rng(0))
    assert "seed 4" in measured["weights-shrink-in-cleanup"].reason


def test_controls_are_read_off_their_histories():
    never = {"epoch": EPOCHS, "test_accuracy": np.full(11, 0.2)}
    at = {e: {"epoch": EPOCHS, "test_accuracy": (e <= EPOCHS).astype(float)} for e in (1000, 2000, 8000)}
    histories = {"seed-0": at[8000], "much-data-0": at[1000], "much-data-1": at[2000], "strong-decay": at[2000]}
    histories |= {"little-data": never, "no-decay": never, "weak-decay": never}
    measured = estimate_controls(histories, SEEDS, 0.1, np.random.default_rng(0))
    assert measured["much-data-generalises-at-once"].value == 1.5
    assert measured["stronger-decay-is-faster"].value == 0.25
    assert measured["no-decay-never-generalises"].value == pytest.approx(0.2)
    assert measured["weak-decay-epoch"].reason == "not within the 10,000 epochs of training"


def test_rows_of_a_network_come_in_order():
    rows = [Progress("a", 5, 1, 1, 1, 1, 1), Progress("b", 0, 1, 1, 1, 1, 1), Progress("a", 0, 2, 1, 1, 1, 1)]
    assert select_rows(rows, "a")["restricted"].tolist() == [2, 1]
