"""Runs give the same on a cluster that loses a worker, and the same files."""

from pathlib import Path

import pytest
from safetensors.torch import save

from replications.common.engines import ADDRESS
from replications.induction_heads.tests.test_training import PARAMS, shrink
from replications.induction_heads.train import train_experiment
from replications.induction_heads.training import RunName, train_run


def test_a_cluster_that_loses_a_worker_trains_to_the_same_bits(
    losing_cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    experiment = shrink("laptop", "phrases", seeds=(0, 1, 2))
    train_experiment("phrases", experiment, PARAMS, tmp_path / "cluster", tmp_path / "kept")
    assert losing_cluster
    monkeypatch.delenv(ADDRESS)
    alone = experiment.model_copy(update={"processes": 1})
    train_experiment("phrases", alone, PARAMS, tmp_path / "alone", tmp_path / "kept alone")
    files = sorted(path.relative_to(tmp_path / "alone") for path in (tmp_path / "alone").rglob("*.safetensors"))
    assert len(files) == 2 * 3 * len(experiment.models)
    for file in files:
        assert (tmp_path / "cluster" / file).read_bytes() == (tmp_path / "alone" / file).read_bytes(), file
    model, _ = train_run(experiment, RunName("phrases", "one-layer", 0), PARAMS, tmp_path / "plain", print)
    written = (tmp_path / "alone/phrases/one-layer/seed-0/weights.safetensors").read_bytes()
    assert written == save({key: value.contiguous() for key, value in model.state_dict().items()})
