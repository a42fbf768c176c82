"""The whole measurement at a small size: every claim is measured, and the files read back."""

import numpy as np
import pytest
import yaml

from replications.common.arrays import read_arrays, write_curves
from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.paths import replication_dir
from replications.semantic_development.development import _illusion, _in_order, _tree_contrasts
from replications.semantic_development.figures import draw_items, draw_learning_curves, draw_noise, draw_transfer
from replications.semantic_development.measure import measure_all
from replications.semantic_development.settings import Params

SMALL = {
    "shuffles": 5,
    "tree_features": 200,
    "inputs": 20,
    "outputs": 10,
    "hidden": 10,
    "epochs": 4000,
    "noise_size": 20,
    "alignments": [0.0, 1.0],
    "transfer_epochs": 300,
    "item_steps": 9000,
}


def test_every_claim_is_measured_and_every_figure_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 20)
    params = yaml.safe_load((replication_dir("semantic_development") / "params.yaml").read_text(encoding="utf-8"))
    measured, curves = measure_all(Params.model_validate(params["measure"] | SMALL, strict=False), runs=2)
    judged = judge_setting(load_claims("semantic_development"), "linear-networks", measured)
    assert len(judged.claims) == len(measured)
    write_curves(tmp_path / "curves.npz", curves)
    again = read_arrays(tmp_path / "curves.npz")
    assert all(np.allclose(again[name], curves[name], rtol=1e-6) for name in curves)
    for draw in (draw_items, draw_noise, draw_learning_curves, draw_transfer):
        assert draw(again).axes


def test_levels_are_in_order_only_if_no_mode_overtakes_a_broader_one():
    half = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 1.9, 4.0], [2.0, 1.0, 3.0, 4.0]])
    assert _in_order(half).tolist() == [1, 0, 0]


def test_an_illusion_is_the_siblings_own_property():
    history = np.zeros((2, 1, 7, 4))
    history[1, 0, 3, 1] = 0.8  # the salmon flies
    history[1, 0, 4, 1] = 9.0  # the salmon swims
    assert _illusion(history) == pytest.approx([0.2])


def test_the_contrasts_of_a_tree_are_a_basis():
    basis = np.concatenate(_tree_contrasts(3), axis=1)
    assert np.allclose(basis.T @ basis, np.eye(8))
