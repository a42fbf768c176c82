"""The whole measurement at a small size: every claim is measured, and every figure drawn."""

import json

import numpy as np
import pytest
import yaml

from replications.common.arrays import read_arrays, write_curves
from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.paths import replication_dir
from replications.hopfield.figures import FIGURES
from replications.hopfield.measure import measure_all
from replications.hopfield.settings import Params
from replications.hopfield.spheres import all_stored, compare_attention

SMALL = {
    "power_neurons": {"2": [200, 400], "3": [40, 60], "4": [30, 40]},
    "load_factors": [0.3, 0.5, 1.0, 2.0, 4.0],
    "loaded_neurons": 20,
    "loaded_rate": 0.2,
    "probes": 10,
    "basins": {
        "0": {"neurons": [8, 12], "wrong": [0, 0]},
        "10": {"neurons": [10, 20], "wrong": [1, 2]},
        "20": {"neurons": [10, 20], "wrong": [2, 4]},
        "30": {"neurons": [10, 20], "wrong": [3, 6]},
    },
    "single_neurons": [10, 12],
    "curve_doublings": 5,
    "storage_draws": 2,
    "sphere_dimensions": [8, 10],
    "bound_dimensions": [20],
    "bound_counts": [5],
    "bound_betas": [1.0],
}


@pytest.fixture(scope="module")
def params() -> Params:
    written = yaml.safe_load((replication_dir("hopfield") / "params.yaml").read_text(encoding="utf-8"))
    return Params.model_validate_json(json.dumps(written["measure"] | SMALL))


def test_every_claim_is_measured_and_every_figure_drawn(params, monkeypatch, tmp_path):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 5)
    measured, curves = measure_all(params, sets=6)
    assert len(judge_setting(load_claims("hopfield"), "random-patterns", measured).claims) == len(measured)
    write_curves(tmp_path / "curves.npz", curves)
    again = read_arrays(tmp_path / "curves.npz")
    assert all(np.allclose(again[name], curves[name], rtol=1e-6) for name in curves)
    for draw, _ in FIGURES.values():
        assert draw(again).axes


def test_the_update_is_pytorchs_attention(params):
    assert compare_attention(params, np.random.default_rng(0)) < 1e-13


def test_patterns_are_stored_if_they_are_few_and_not_if_they_are_many(params, monkeypatch):
    rng = np.random.default_rng(0)
    assert all_stored(1.0, 3.0, 20, 0.001, params, rng)
    monkeypatch.setattr("replications.hopfield.spheres.storage_bound", lambda *example: 500)
    assert not all_stored(0.1, 1.0, 8, 0.001, params, rng)
