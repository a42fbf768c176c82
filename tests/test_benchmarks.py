"""What benchmarks count and fit has known answers; nothing is timed here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.func import grad, vmap
from torch.nn.functional import conv2d

from benchmarks import limits, memory, mutants
from benchmarks.environments import is_installed
from benchmarks.killed import Watch
from benchmarks.limits import Limit, Machine, count_limit
from benchmarks.mutation_engine import rank
from benchmarks.small import SMALL
from benchmarks.timing import Comparison, Growth
from replications.common.paths import list_replications


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine of a thousand operations and a hundred bytes a second."""
    monkeypatch.setattr(limits, "measure_machine", lambda: Machine(1000, 100))


def test_a_matrix_product_costs_its_multiplications_and_additions_and_the_bytes_of_three_matrices():
    left, right = torch.ones(2, 3), torch.ones(3, 5)
    assert count_limit(lambda: left @ right) == Limit(60, 4 * (6 + 15 + 10), 0.06, 1.24)


def test_views_move_nothing():
    array = torch.ones(6)
    assert count_limit(lambda: array.view(2, 3).T[0]).bytes == 0


def test_gradients_of_many_networks_at_once_cost_as_much_as_one_by_one():
    images, first, second = torch.ones(5, 2, 3, 9, 9), torch.ones(5, 4, 3, 3, 3), torch.ones(5, 6, 4, 3, 3)
    gradient = grad(lambda a, b, x: conv2d(conv2d(x, a), b).square().sum(), argnums=(0, 1))
    together = count_limit(lambda: vmap(gradient)(first, second, images)).operations
    alone = count_limit(lambda: [gradient(*own) for own in zip(first, second, images, strict=True)]).operations
    # 49 and 25 places; forward, then both gradients, but that of the images
    assert together == alone == 5 * 2 * 2 * (49 * 4 * 27 * 2 + 25 * 6 * 36 * 3)


def test_the_exponent_of_a_power_is_found():
    row = Growth("work", "entries", {10: 3.0, 100: 300.0, 1000: 30_000.0}, "pairs").as_row()
    assert (row["growth_exponent"], row["unit"], row["why"]) == (2.0, "s", "pairs")


def test_a_ratio_says_how_many_times_as_long_the_peer_takes():
    row = Comparison("work", "peer", (1.0, 2.0, 4.0), (2.0, 6.0, 4.0)).as_row()
    assert (row["peer_over_ours"], row["lowest"], row["highest"]) == (2.0, 1.0, 3.0)
    assert "why" not in row
    assert "limit" not in row


def test_a_peer_counts_as_installed_in_its_very_version_only():
    assert is_installed(f"pytest=={pytest.__version__}")
    assert not is_installed("pytest==0.0.1")
    assert not is_installed("no-such-package==1.0")


HOLD = "import time; held = bytearray(100 * 2**20); time.sleep(4)"
PARENT = (
    f"import subprocess, sys; [p.wait() for p in [subprocess.Popen([sys.executable, '-c', {HOLD!r}]) for _ in '12']]"
)


def test_what_all_processes_hold_at_once_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "INTERVAL_S", 0.1)
    row = memory.watch([sys.executable, "-c", PARENT], tmp_path)
    assert row["processes"] == 3
    assert 200 <= row["peak_mb"] < 300


def test_a_run_that_failed_has_no_peak(tmp_path: Path):
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        memory.watch([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


def test_every_replication_has_a_small_setting_at_which_its_stages_are_killed():
    assert set(list_replications()) <= set(SMALL)


def test_a_file_that_is_begun_under_its_own_name_is_seen_and_one_that_is_only_read_is_not(tmp_path):
    watch, folder = Watch(tmp_path, 0), tmp_path / "replications" / "toy"
    folder.mkdir(parents=True)
    watch("open", (str(folder / "a.json"), "w", os.O_WRONLY | os.O_CREAT))
    watch("open", (str(folder / ".b.json.x1"), None, os.O_RDWR | os.O_CREAT))
    watch("open", (str(folder / "c.json"), "r", os.O_RDONLY))
    watch("open", (str(tmp_path / "elsewhere"), "w", os.O_WRONLY))
    assert (watch.changes, watch.in_place) == (2, ["replications/toy/a.json"])


def test_a_removal_below_an_open_folder_is_seen(tmp_path):
    watch, folder = Watch(tmp_path, 0), tmp_path / ".cache"
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    watch("os.remove", ("a.json", descriptor))
    watch("os.remove", ("a.json", -1))
    os.close(descriptor)
    assert watch.changes == 1


def write_results(clone: Path, ends: dict[str, int | None]) -> Path:
    """A clone with a module of three functions and the file in which mutmut keeps how its mutants ended."""
    for folder in (clone / "bibliography", clone / "mutants" / "bibliography"):
        folder.mkdir(parents=True)
    (clone / "bibliography" / "a.py").write_text("def f(): ...\nclass A:\n    def g(self): ...\n    def h(self): ...\n")
    meta = clone / "mutants" / "bibliography" / "a.py.meta"
    meta.write_text(json.dumps({"exit_code_by_key": ends, "durations_by_key": {}}))
    return meta


BRANCHES = {"bibliography/a.py": {"num_branches": 4, "covered_branches": 3}}


def test_every_end_of_a_mutant_is_counted_once(tmp_path: Path):
    ends = {"f__mutmut_1": 1, "f__mutmut_2": 0, "f__mutmut_3": 33, "A_g__mutmut_1": -24, "A_g__mutmut_2": 2}
    write_results(tmp_path, ends)
    assert list(mutants.count_modules(tmp_path, BRANCHES)) == [
        {
            "package": "bibliography", "module": "a", "mutants": 5, "tried": 5, "killed": 2, "timed_out": 1,
            "survived": 1, "untested": 1, "functions": 3, "functions_changed": 2, "branches": 4, "branches_run": 3,
            "survivors": ["f__mutmut_2", "f__mutmut_3"],
        }
    ]  # fmt: skip


def test_a_run_that_was_stopped_counts_what_comes_before_the_first_that_was_not_tried(tmp_path: Path):
    names = sorted((f"f__mutmut_{number}" for number in range(9)), key=rank)
    ends: dict[str, int | None] = dict.fromkeys(names, 1)
    ends |= {names[0]: 0, names[4]: None, names[5]: 0}
    write_results(tmp_path, ends)
    [row] = mutants.count_modules(tmp_path, BRANCHES)
    assert (row["mutants"], row["tried"], row["killed"], row["survived"]) == (9, 4, 3, 1)
    assert row["survivors"] == [names[0]]


def test_after_another_commit_only_what_was_killed_is_known(tmp_path: Path):
    meta = write_results(tmp_path, {"a": 1, "b": 0, "c": 33, "d": -24, "e": None})
    (meta.parent / "a.py").write_text("x = 1\n")
    mutants.forget(tmp_path / "mutants")
    assert json.loads(meta.read_text())["exit_code_by_key"] == {"a": 1, "b": None, "c": None, "d": None, "e": None}
    assert [path for path in (tmp_path / "mutants").rglob("*") if path.is_file()] == [meta]


def test_results_that_a_kill_left_half_written_are_made_anew_with_their_mutants(tmp_path: Path):
    meta = write_results(tmp_path, {"a": 1})
    module = meta.with_suffix("")
    module.write_text("x = 1\n")
    mutants.drop_broken(tmp_path / "mutants")
    assert meta.exists() and module.exists()
    meta.write_text(meta.read_text()[:20])
    mutants.drop_broken(tmp_path / "mutants")
    assert not meta.exists() and not module.exists()
