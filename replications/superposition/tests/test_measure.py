"""The whole pipeline at a small size: every claim is measured, every figure drawn, and a stopped training goes on."""

import json

import numpy as np
import pytest
import yaml

from replications.common.arrays import read_arrays, write_curves
from replications.common.claims import load_claims
from replications.common.judge import judge_setting
from replications.common.paths import replication_dir
from replications.superposition import units
from replications.superposition.figures import FIGURES
from replications.superposition.measure import measure_all
from replications.superposition.settings import Measuring, Training

BRIEF = {"seeds": 2, "batch": 8, "steps": 6}


@pytest.fixture(scope="module")
def written() -> dict:
    return yaml.safe_load((replication_dir("superposition") / "params.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def training(written) -> Training:
    """Everything as in the real run, but hardly trained."""
    short = json.loads(json.dumps(written["train"]))
    for sweep in short["sweeps"].values():
        sweep |= BRIEF | {"restarts": min(sweep["restarts"], 2)}
    short["sweeps"]["uniform"] |= {"features": 30, "hidden": 5}
    short["sweeps"]["large-demonstration"] |= {"features": 24, "hidden": 6}
    return Training.model_validate_json(json.dumps(short))


@pytest.fixture(scope="module")
def arrays(training, tmp_path_factory):
    return units.join_sweeps(units.run_units(training, 2, tmp_path_factory.mktemp("units"), "key"), training)


def test_every_claim_is_measured_and_every_figure_drawn(arrays, training, written, monkeypatch, tmp_path):
    monkeypatch.setattr("replications.common.bootstrap.RESAMPLES", 5)
    measuring = Measuring.model_validate(written["measure"] | {"attacked": 3, "evaluated": 20})
    measured, curves = measure_all(arrays, training, measuring)
    assert len(judge_setting(load_claims("superposition"), "toy-models", measured).claims) == len(measured)
    write_curves(tmp_path / "curves.npz", curves)
    again = read_arrays(tmp_path / "curves.npz")
    assert all(np.allclose(again[name], curves[name], rtol=1e-5, atol=1e-6) for name in curves)
    for draw, _ in FIGURES.values():
        assert draw(again).axes


def test_a_stopped_training_goes_on_to_the_same_result(arrays, training, monkeypatch, tmp_path):
    trained, train_unit = [], units.train_unit

    def stop_after_five(unit, params):
        if len(trained) == 5:
            raise KeyboardInterrupt
        trained.append(unit)
        return train_unit(unit, params)

    monkeypatch.setattr(units, "train_unit", stop_after_five)
    with pytest.raises(KeyboardInterrupt):
        units.run_units(training, 1, tmp_path, "key")
    monkeypatch.setattr(units, "train_unit", train_unit)
    kept = len(list(tmp_path.iterdir()))
    assert kept >= 4
    joined = units.join_sweeps(units.run_units(training, 1, tmp_path, "key"), training)
    assert all((joined[name] == arrays[name]).all() for name in arrays)
    assert len(list(tmp_path.iterdir())) == len(units.list_units(training))
