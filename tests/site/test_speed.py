"""The page on speed shows what result files hold, and claims nothing without one."""

import json
import re
from functools import cache
from html import unescape

import pytest

from bibliography import load_library
from docs.records import Records, load_records
from docs.render import render
from docs.speed import NO_SPEEDS, RESULTS, list_stages, read_speed
from docs.strength import read_strength

SCORE = {"lowest": 97, "median": 98.5, "highest": 100}
AUDIT = {
    "lighthouse": "lighthouse@1",
    "machine": "2 cores",
    "summary": {"home": {"performance": SCORE, "best-practices": SCORE}},
    "runs": {"home": [{}, {}, {}]},
}
BUILD = {
    "machine": "a machine",
    "rows": [
        {"what": what, "counted": "entries", "unit": "s", "by_size": {"166": seconds, "332": 2 * seconds},
         "growth_exponent": 1.0, "why": f"One {what} a paper."}
        for what, seconds in (("the whole", 5.0), ("reading", 2.0), ("writing", 2.5))
    ],
}  # fmt: skip
PAIR = {
    "what": "sorting", "peer": "a peer", "ours_s": 2.0, "peer_s": 1.0, "peer_over_ours": 0.5, "lowest": 0.4,
    "highest": 0.6, "rounds": 5, "limit": {"gflop": 1.0, "gbyte": 1.0, "arithmetic_s": 0.125, "traffic_s": 0.5},
    "why": "Ours sorts twice.",
}  # fmt: skip
PAIRS = {"machine": "a machine, 2 cores", "versions": {"peer": "1.2", "torch": "2.13.0"}, "rows": [PAIR, PAIR]}


@cache
def load_papers_alone() -> Records:
    return Records(load_library(), ())


def show(folder, stages=()) -> str:
    strength = read_strength(folder / "mutants.json")
    records = load_papers_alone()
    return render("speed.md", "speed", records, speed=read_speed(folder), stages=stages, strength=strength).content


@pytest.fixture
def folder(tmp_path):
    for name, content in (("lighthouse", AUDIT), ("pairs", PAIRS), ("site", BUILD)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_a_score_is_shown_with_its_noise(folder):
    page = show(folder)
    assert "| home | 98.5 [97, 100] | 98.5 [97, 100] |" in page
    assert "3 runs of each page on 2 cores" in page


def test_growth_is_shown_with_its_reason_and_what_dominates_the_build(folder):
    page = show(folder)
    assert "| Cost (s) by entries | 166 | 332 | Exponent | Why |" in page
    assert "| reading | 2 | 4 | 1.00 | One reading a paper. |" in page
    assert "the largest part at 332 entries, 50 % of the time, is this:\nwriting." in page


def test_a_pair_is_shown_with_its_spread_its_limit_and_where_it_was_measured(folder):
    page = show(folder)
    assert "| sorting | a peer | 2 | 1 | 0.5 [0.4, 0.6] | 0.5, memory |" in page
    assert page.count("*sorting:* Ours sorts twice.") == 1
    assert "Measured on a machine, 2 cores, peer 1.2, torch 2.13.0." in page


def test_every_stage_of_a_run_is_shown_with_its_time_and_memory(tmp_path):
    records = load_records()
    page = unescape(show(tmp_path, list(list_stages(records))))
    for replication in records.replications:
        for setting in replication.was_run:
            for run in (setting.run, *setting.more_runs):
                stage = f"](replications/{replication.slug}.md) | {setting.name} | {run['stage']} | "
                assert re.search(rf"{re.escape(stage)}.* \| {run['peak_memory_mb']} \| ", page), stage


def test_the_memory_of_all_processes_of_a_run_is_shown(folder):
    assert "at once" not in show(folder)
    row = {"replication": "toy", "peak_mb": 2345, "processes": 5}
    (folder / "memory.json").write_text(json.dumps({"machine": "a machine", "rows": [row]}), encoding="utf-8")
    assert "| [toy](replications/toy.md) | 2345 | 5 |" in show(folder)


def test_kills_are_counted_and_what_was_other_after_them_is_told(folder):
    row = {"replication": "toy", "at_a_moment": 2, "at_a_change": 2, "same": 4, "half_written": 0, "faults": {}}
    bad = {"same": 3, "half_written": 1, "faults": {"toy.json is other": 1}}
    rows = [{**row, "stage": "measure"}, {**row, "stage": "judge", "at_a_moment": 10, "at_a_change": 10, **bad}]
    (folder / "faults.json").write_text(json.dumps({"machine": "a machine", "rows": rows}), encoding="utf-8")
    page = show(folder)
    assert "| a new one (`make new`) | 2 | 24 | 4 to 20 | 7 | 1 |" in page
    assert "*toy, judge:* 1 of 20 kills left half of a file under the file's own name.\n" in page
    assert "*toy, judge:* after 1 of 20 kills, toy.json is other." in page
    assert "*toy, measure:*" not in page


def test_what_was_not_measured_is_not_claimed(tmp_path):
    page = show(tmp_path)
    assert page.count("Not measured yet") == 5
    assert "No replication has been run yet" in page
    assert not any(letter.isdigit() for letter in page.split("## Pages")[1])


MUTANTS = {
    "package": "toy", "module": "a", "mutants": 8, "tried": 8, "killed": 4, "timed_out": 2, "survived": 1,
    "untested": 1,
    "functions": 3, "functions_changed": 2, "branches": 4, "branches_run": 3, "survivors": ["f: `x` became `y`"],
}  # fmt: skip


def test_mutants_are_counted_for_each_module_and_added_up_for_its_package(tmp_path):
    other = {
        **MUTANTS,
        "module": "b",
        "killed": 6,
        "timed_out": 2,
        "survived": 0,
        "untested": 0,
        "branches": 0,
        "branches_run": 0,
    }
    content = {"machine": "a machine", "commit": "0123456789", "versions": {"mutmut": "3.0"}, "rows": [MUTANTS, other]}
    (tmp_path / "mutants.json").write_text(json.dumps(content), encoding="utf-8")
    page = show(tmp_path)
    assert "| **toy** | 4 of 6 | 16 | 16 | 10 | 4 | 1 | 1 | 87.5 | 3 of 4 (75.0 %) |" in page
    assert "| toy.a | 2 of 3 | 8 | 8 | 4 | 2 | 1 | 1 | 75.0 | 3 of 4 (75.0 %) |" in page
    assert "| toy.b | 2 of 3 | 8 | 8 | 6 | 2 | 0 | 0 | 100.0 | – |" in page
    assert "Measured on a machine, mutmut 3.0, commit 0123456." in page
    assert "random sample" not in page


def test_a_run_that_was_stopped_is_shown_as_a_sample_with_its_interval(tmp_path):
    none = {**MUTANTS, "module": "b", "tried": 0, "killed": 0, "timed_out": 0, "survived": 0, "untested": 0}
    rows = [
        {**MUTANTS, "mutants": 900, "tried": 100, "killed": 50, "timed_out": 0, "survived": 50, "untested": 0},
        none,
    ]
    content = {"machine": "a machine", "commit": "0123456789", "versions": {"mutmut": "3.0"}, "rows": rows}
    (tmp_path / "mutants.json").write_text(json.dumps(content), encoding="utf-8")
    page = show(tmp_path)
    assert "random sample" in page
    assert "| **toy** | 4 of 6 | 908 | 100 | 50 | 0 | 50 | 0 | 50.0 [40.4, 59.6] | 6 of 8 (75.0 %) |" in page
    assert "| toy.b | 2 of 3 | 8 | 0 | 0 | 0 | 0 | 0 | – | 3 of 4 (75.0 %) |" in page


def test_of_the_mutants_that_are_committed_each_end_is_counted_and_each_survivor_told():
    strength = read_strength()
    if strength is None:
        pytest.skip("make mutants has not been run")
    rows = json.loads((RESULTS / "mutants.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        ends = ("killed", "timed_out", "survived", "untested")
        assert row["mutants"] >= row["tried"] == sum(row[name] for name in ends), row["module"]
        assert len(row["survivors"]) == row["survived"] + row["untested"], row["module"]
        assert row["branches_run"] <= row["branches"] and row["functions_changed"] <= row["functions"]
    assert {part.name for part in strength.packages} == {"bibliography", "replications.common"}


def test_everything_that_is_committed_is_shown():
    shown = [path for path in RESULTS.glob("*.json") if path.stem not in NO_SPEEDS]
    rows = [row for path in shown for row in json.loads(path.read_text()).get("rows", [])]
    page = unescape(show(RESULTS))
    for row in rows:
        assert row["what"] in page
        assert row.get("peer", "") in page
