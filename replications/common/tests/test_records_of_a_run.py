"""Measurements, parameters, provenance and files: what goes in comes out, what is wrong is refused."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from bibliography.lock import only_one
from replications.common import files, paths, provenance
from replications.common.bootstrap import bootstrap, bootstrap_mean
from replications.common.measurements import Measurement, exact, missing, read_measurements, write_measurements
from replications.common.params import ParamsError, StageParams, load_params, load_setting, run_settings
from replications.common.stage import parse_setting
from tests.disk import small_disk


@pytest.fixture
def replication(tmp_path, monkeypatch):
    """An empty replication called `toy` in a folder of its own."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "claims.yml").write_text("paper: x\n")
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path)
    return folder


class Params(StageParams):
    prompts: int
    widths: tuple[int, ...] = (1,)


def test_measurements_survive_the_file(replication):
    written = {
        "a": Measurement(1.0, 0.5, 2.0, 7, "nats", (1, 2)),
        "b": missing("no head", "heads"),
        "c": exact(3, 9, "1"),
    }
    write_measurements("toy", "small", written)
    assert read_measurements("toy", "small") == written


def test_what_two_stages_measured_is_read_together_and_nothing_twice(replication):
    first, second = exact(1.0, 2, "heads"), missing("not found", "fraction")
    write_measurements("toy", "small", {"first": first})
    write_measurements("toy", "small", {"second": second}, stage="circuit")
    assert (replication / "results" / "small" / "measured-circuit.json").is_file()
    assert read_measurements("toy", "small") == {"first": first, "second": second}
    write_measurements("toy", "small", {"first": first}, stage="circuit")
    with pytest.raises(ValueError, match="got first, which another stage measured too"):
        read_measurements("toy", "small")


def test_a_setting_that_was_not_measured_says_how_to_measure_it(replication):
    with pytest.raises(FileNotFoundError, match="run `make repro NAME=toy` first"):
        read_measurements("toy", "small")


@pytest.mark.parametrize("numbers", [(math.nan, 0, 1), (1, 2, 3), (1, None, 2), (math.inf, 0, math.inf)])
def test_a_value_outside_its_interval_or_not_finite_is_refused(numbers):
    with pytest.raises(ValueError, match="expected"):
        Measurement(*numbers, 1, "1")


def test_the_bootstrap_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=400)
    measured = bootstrap_mean(values, np.random.default_rng(1), unit="1")
    half_width = 1.96 * values.std() / 20
    assert measured.value == pytest.approx(values.mean())
    assert measured.high - measured.low == pytest.approx(2 * half_width, rel=0.06)


def test_the_bootstrap_draws_the_same_items_from_every_sample():
    x = np.arange(50.0)
    measured = bootstrap(lambda a, b: float(np.abs(a - b).max()), [x, x], np.random.default_rng(0), unit="1")
    assert (measured.low, measured.value, measured.high) == (0, 0, 0)


def test_the_bootstrap_refuses_samples_of_different_lengths():
    with pytest.raises(ValueError, match=r"got samples of lengths \[2, 3\]"):
        bootstrap(lambda a, b: 0.0, [np.zeros(2), np.zeros(3)], np.random.default_rng(0), unit="1")


def test_parameters_load_strictly(replication):
    (replication / "params.yaml").write_text(
        "run: [small]\nsettings: {small: {prompts: 3}}\nmeasure: {prompts: 2, widths: [1, 2]}\n"
    )
    assert load_params("toy", "measure", Params) == Params(prompts=2, widths=(1, 2))
    assert load_setting("toy", "small", Params).prompts == 3
    assert run_settings("toy") == ["small"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("measure: {prompts: '2'}", "prompts: Input should be a valid integer"),
        ("measure: {promts: 2}", "promts: Extra inputs are not permitted"),
        ("measure: {}", "prompts: Field required"),
        ("other: {}", "got no section 'measure'"),
        ("[1, 2]", "got list; expected sections named like the stages"),
    ],
)
def test_wrong_parameters_are_named(replication, text, message):
    (replication / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=message):
        load_params("toy", "measure", Params)


def test_an_unknown_replication_lists_those_that_exist(replication):
    with pytest.raises(FileNotFoundError, match="got replication 'tyo'; expected one of toy"):
        paths.replication_dir("tyo")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"x": math.nan})
    assert json.loads(path.read_text()) == {"x": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        files.write_json(folder / "a.json", {"x": 1})
        with pytest.raises(OSError, match="No space left on device"):
            files.write_text(folder / "a.json", "x" * 1_000_000)
        assert json.loads((folder / "a.json").read_text()) == {"x": 1}
        assert list(folder.iterdir()) == [folder / "a.json"]


def test_an_interrupted_rename_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_text(tmp_path / "a.txt", "x")
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_recorded_only_when_it_succeeds(replication, monkeypatch):
    monkeypatch.setattr(provenance, "hash_code", lambda module: f"hash of {module}")
    record = replication / "results" / "small" / "run.json"
    with pytest.raises(RuntimeError), provenance.record_run("toy", "small", seeds=[1]):
        raise RuntimeError
    assert not record.exists()
    with provenance.record_run("toy", "small", seeds=[1]) as run:
        run.add_hash("weights", "abc")
    content = json.loads(record.read_text())
    assert content["code_sha256"] == "hash of replications.toy.measure"
    assert content["seeds"] == [1]
    assert content["sha256"] == {"weights": "abc"}
    assert content["peak_memory_mb"] > 10
    with provenance.record_run("toy", "small", seeds=[1], stage="circuit"):
        pass
    assert (
        json.loads(record.with_name("run-circuit.json").read_text())["code_sha256"]
        == "hash of replications.toy.circuit"
    )


def test_a_second_stage_of_the_same_setting_is_refused(replication, monkeypatch):
    claims = SimpleNamespace(settings={"small": SimpleNamespace(scale="reduced", note="")})
    monkeypatch.setattr("replications.common.stage.load_claims", lambda name: claims)
    with (
        only_one(paths.results_dir("toy", "small"), "a stage"),
        pytest.raises(SystemExit, match=r"got a stage that writes to .*small already; .*wait until it ends"),
    ):
        parse_setting("toy", ["small"])
    assert parse_setting("toy", ["small"]) == parse_setting("toy", ["small"]) == "small"
