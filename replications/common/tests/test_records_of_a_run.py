"""Measurements, parameters, provenance and files: what goes in comes out, what is wrong is refused."""

import json
import math
import subprocess
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


def test_a_file_of_measurements_names_every_part(replication):
    write_measurements("toy", "small", {"a": Measurement(1.0, 0.5, 2.0, 7, "nats", (1, 2))})
    assert json.loads((replication / "results" / "small" / "measured.json").read_text()) == {
        "a": {"value": 1.0, "low": 0.5, "high": 2.0, "n": 7, "unit": "nats", "seeds": [1, 2], "reason": None}
    }
    assert exact(3, 9, "heads") == Measurement(3.0, 3.0, 3.0, 9, "heads")
    assert missing("no head", "heads") == Measurement(None, None, None, 0, "heads", (), "no head")


def test_a_setting_that_was_not_measured_says_how_to_measure_it(replication):
    with pytest.raises(FileNotFoundError, match="run `make repro NAME=toy` first"):
        read_measurements("toy", "small")


def test_a_value_and_a_reason_why_there_is_none_are_refused():
    with pytest.raises(ValueError, match=r"^got value 1 and the reason 'none'; expected one of the two$"):
        Measurement(1, 1, 1, 1, "1", reason="none")
    with pytest.raises(ValueError, match=r"^got value None and the reason 'none'; expected one of the two$"):
        Measurement(None, 1, None, 1, "1", reason="none")


@pytest.mark.parametrize("numbers", [(1, 1, 2), (2, 1, 2), (1, 1, 1)])
def test_a_value_may_lie_at_an_end_of_its_interval(numbers):
    assert Measurement(*numbers, 1, "1").value == numbers[0]


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


def test_a_bootstrap_says_of_how_many_items_and_seeds_and_draws_as_many_items_as_there_are():
    lengths = set()

    def measure(sample):
        lengths.add(len(sample))
        return sample.sum()

    measured = bootstrap(measure, [np.ones(7)], np.random.default_rng(0), unit="nats", seeds=(3, 4))
    assert measured == Measurement(7.0, 7.0, 7.0, 7, "nats", (3, 4))
    assert lengths == {7}
    mean = bootstrap_mean([1, 2], np.random.default_rng(0), unit="heads", seeds=(5,))
    assert (mean.value, mean.low, mean.high, mean.n, mean.unit, mean.seeds) == (1.5, 1, 2, 2, "heads", (5,))


def test_a_bootstrap_interval_is_that_of_the_quantiles_and_comes_again_with_its_seed():
    values, generator = np.arange(20.0) ** 2, np.random.default_rng(8)
    draws = [values[generator.integers(20, size=20)].mean() for _ in range(2000)]
    low, high = np.quantile(draws, [0.025, 0.975])
    measured = bootstrap_mean(values, np.random.default_rng(8), unit="1")
    assert (measured.low, measured.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(("extreme", "ends"), [(np.ptp, "high"), (lambda sample: -np.ptp(sample), "low")])
def test_an_interval_reaches_to_a_value_that_no_sample_reaches(extreme, ends):
    measured = bootstrap(
        lambda sample: float(extreme(sample)) if len(set(sample)) == 50 else 0.0,
        [np.arange(50.0)],
        np.random.default_rng(0),
        unit="1",
    )
    assert getattr(measured, ends) == measured.value != 0
    assert getattr(measured, "low" if ends == "high" else "high") == 0


@pytest.mark.parametrize("samples", [[], [np.zeros(0)], [np.zeros(0), np.zeros(0)]])
def test_the_bootstrap_refuses_no_samples_at_all(samples):
    with pytest.raises(ValueError, match=r"^got samples of lengths \[0?\]; expected one length, at least 1$"):
        bootstrap(lambda *samples: 0.0, samples, np.random.default_rng(0), unit="1")


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
        (
            "measure: {prompts: x, widths: [y]}",
            r"params.yaml: section 'measure': prompts: Input should be a valid integer; "
            r"widths.0: Input should be a valid integer; expected the keys \['prompts', 'widths'\]$",
        ),
        ("other: {}", r"params.yaml: got no section 'measure'; expected one with the keys \['prompts', 'widths'\]$"),
        ("other: {}", "got no section 'measure'"),
        ("[1, 2]", "got list; expected sections named like the stages"),
    ],
)
def test_wrong_parameters_are_named(replication, text, message):
    (replication / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=message):
        load_params("toy", "measure", Params)


@pytest.mark.parametrize("text", ["other: {}", "settings:", "settings: {large: {prompts: 1}}"])
def test_a_setting_without_parameters_is_named(replication, text):
    (replication / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"params.yaml: got no section 'settings.small'; expected one"):
        load_setting("toy", "small", Params)


@pytest.mark.parametrize(("text", "got"), [("other: {}", "None"), ("run: []", r"\[\]"), ("run: small", "'small'")])
def test_without_a_list_of_settings_nothing_is_run(replication, text, got):
    (replication / "params.yaml").write_text(text)
    expected = rf"params.yaml: got run: {got}; expected a list of settings, the default one first$"
    with pytest.raises(ParamsError, match=expected):
        run_settings("toy")


def test_parameters_may_hold_any_alphabet(replication):
    (replication / "params.yaml").write_bytes("run: [größer]\n".encode())
    assert run_settings("toy") == ["größer"]


def test_replications_are_listed_by_name_without_what_is_shared(replication):
    for name in ("common", "template", "a_first"):
        (replication.parent / name).mkdir()
        (replication.parent / name / "claims.yml").write_text("paper: x\n")
    (replication.parent / "no_claims").mkdir()
    assert paths.list_replications() == ["a_first", "toy"]


def test_folders_of_results_and_artifacts_are_made_once(replication):
    for make, name in ((paths.results_dir, "results"), (paths.artifacts_dir, "artifacts")):
        assert make("toy", "small") == make("toy", "small") == replication / name / "small"
        assert (replication / name / "small").is_dir()


def test_without_any_replication_an_unknown_one_says_how_to_start(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        paths.replication_dir("toy")
    assert str(error.value) == "got replication 'toy'; expected one of (none yet); `make new NAME=…` starts a new one"


def test_an_unknown_replication_lists_those_that_exist(replication):
    with pytest.raises(FileNotFoundError, match="got replication 'tyo'; expected one of toy"):
        paths.replication_dir("tyo")


def test_a_file_is_written_for_all_to_read_in_folders_that_are_made(tmp_path):
    path = tmp_path / "new" / "folder" / "a.json"
    files.write_json(path, {"ü": [1]})
    files.write_json(path, {"ü": [1, 2]})
    assert path.read_bytes() == '{\n  "ü": [\n    1,\n    2\n  ]\n}\n'.encode()
    assert path.stat().st_mode & 0o777 == 0o644
    files.write_text(tmp_path / "a.txt", "Größe\n")
    assert (tmp_path / "a.txt").read_bytes() == "Größe\n".encode()


def test_a_file_is_hidden_beside_its_place_until_it_is_whole(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("pathlib.Path.replace", lambda self, target: seen.append((self, target)))
    files.write_bytes(tmp_path / "a.txt", b"x")
    [(part, target)] = seen
    assert target == tmp_path / "a.txt" and part.parent == tmp_path and part.name.startswith(".a.txt.")
    assert part.read_bytes() == b"x"


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


def test_the_commit_of_a_run_is_marked_where_code_or_parameters_differ(tmp_path, monkeypatch):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", "-C", tmp_path, *who, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    monkeypatch.setattr(provenance, "REPOSITORY", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance._describe_commit() == "not in git"
    git("init", "--quiet")
    (tmp_path / "a.py").write_text("x = 1\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "results.json").write_text("{}")
    assert provenance._describe_commit() == commit
    for name in ("a.py", "claims.yml", "params.yaml"):
        (tmp_path / name).write_text("x: 2\n")
        assert provenance._describe_commit() == f"{commit}-dirty"
        git("add", name)
        git("commit", "--quiet", "--message", name)
        commit = git("rev-parse", "HEAD")


def test_a_run_states_the_versions_of_the_libraries_that_make_numbers():
    versions = provenance._installed_versions()
    assert versions["numpy"] == np.__version__
    assert "transformer-lens" in versions and "pytest" not in versions


def test_a_second_stage_of_the_same_setting_is_refused(replication, monkeypatch):
    claims = SimpleNamespace(settings={"small": SimpleNamespace(scale="reduced", note="")})
    monkeypatch.setattr("replications.common.stage.load_claims", lambda name: claims)
    with (
        only_one(paths.results_dir("toy", "small"), "a stage"),
        pytest.raises(SystemExit, match=r"got a stage that writes to .*small already; .*wait until it ends"),
    ):
        parse_setting("toy", ["small"])
    assert parse_setting("toy", ["small"]) == parse_setting("toy", ["small"]) == "small"
