"""The training stage at a small size: two networks at a time, files, a kill and its aftermath."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from replications.common.params import load_params
from replications.grokking import train as stage
from replications.grokking.records import read_network, read_snapshot
from replications.grokking.settings import Network, Setting

SMALL = {"fraction": 0.01, "weight_decay": 1.0, "epochs": 20, "target": 0.0, "settle": 0}


class StopsLater(threading.Event):
    """An event that is set when it is asked for the second time."""

    def is_set(self) -> bool:
        asked, self.asked = getattr(self, "asked", False), True
        return asked


@pytest.fixture
def params() -> stage.Params:
    rare = {
        "evaluate_every": 10,
        "checkpoint_every": 10,
        "snapshot_every": 20,
        "early_snapshot_every": 10,
        "early_epochs": 10,
    }
    return load_params("grokking", "train", stage.Params).model_copy(update=rare)


def test_a_setting_is_trained_and_a_killed_run_goes_on(params, tmp_path):
    networks = {f"seed-{seed}": Network(seed=seed, **SMALL, snapshots=seed == 0) for seed in (0, 1)}
    setting = Setting(device="cpu", networks=networks)
    stage.train_all(setting, params, tmp_path / "whole")
    stage.publish(setting, params, tmp_path / "whole", tmp_path)
    assert sorted(path.name for path in (tmp_path / "networks").iterdir()) == [
        "seed-0.safetensors",
        "seed-1.safetensors",
    ]
    kept = sorted((tmp_path / "snapshots" / "seed-0").iterdir())
    assert [path.stem for path in kept] == ["00000", "00020"]
    trained = read_network(tmp_path / "networks" / "seed-0.safetensors")
    assert torch.equal(read_snapshot(kept[-1]).W_E, trained.weights.W_E)

    place = stage._folder_of(tmp_path / "killed", "seed-0", networks["seed-0"], params, "cpu")
    # In a thread of the same kind: more cores add up in another order, which changes the last bits.
    with ThreadPoolExecutor(1, initializer=stage._prepare_thread) as pool:
        killed = pool.submit(stage.train_one, "seed-0", networks["seed-0"], params, "cpu", place, StopsLater())
    with pytest.raises(InterruptedError, match="seed-0: stopped at epoch 10"):
        killed.result()
    stage.train_all(setting, params, tmp_path / "killed")
    stage.publish(setting, params, tmp_path / "killed", tmp_path / "again")
    again = read_network(tmp_path / "again" / "networks" / "seed-0.safetensors")
    for name, w in trained.weights.named().items():
        assert torch.equal(w, again.weights.named()[name]), name
    assert len(list((tmp_path / "again" / "snapshots" / "seed-0").iterdir())) == 2


def test_a_finished_network_is_not_trained_again(params, tmp_path, monkeypatch, capsys):
    setting = Setting(device="cpu", networks={"seed-0": Network(seed=0, **SMALL | {"epochs": 0}, snapshots=False)})
    stage.train_all(setting, params, tmp_path)
    monkeypatch.setattr(stage, "train_one", None)
    stage.train_all(setting, params, tmp_path)
    assert "1 of 1 networks were trained before" in capsys.readouterr().out
    longer = setting.model_copy(
        update={"networks": {"seed-0": setting.networks["seed-0"].model_copy(update={"epochs": 9})}}
    )
    with pytest.raises(TypeError):  # it would be trained
        stage.train_all(longer, params, tmp_path)
