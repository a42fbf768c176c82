"""The page on speed shows what result files hold, and claims nothing without one."""

import json
from functools import cache

import pytest

from bibliography import load_library
from docs.records import Records
from docs.render import render
from docs.speed import RESULTS, read_speed

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
        {"what": what, "seconds_by_entries": {"166": seconds, "332": 2 * seconds}, "growth_exponent": 1.0}
        for what, seconds in (("the whole", 5.0), ("reading", 2.0), ("writing", 2.5))
    ],
}


@cache
def load_papers_alone() -> Records:
    return Records(load_library(), ())


def show(folder) -> str:
    return render("speed.md", "speed", load_papers_alone(), speed=read_speed(folder)).content


@pytest.fixture
def folder(tmp_path):
    for name, content in (("lighthouse", AUDIT), ("site", BUILD)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_a_score_is_shown_with_its_noise(folder):
    page = show(folder)
    assert "| home | 98.5 [97, 100] | 98.5 [97, 100] |" in page
    assert "3 runs of each page on 2 cores" in page


def test_the_build_is_shown_with_how_it_grows_and_what_dominates(folder):
    page = show(folder)
    assert "| reading | 2.0 | 4.0 | 1.00 |" in page
    assert "At 332 papers the largest part, 50 % of the time, is this: writing." in page


def test_what_was_not_measured_is_not_claimed(tmp_path):
    page = show(tmp_path)
    assert page.count("Not measured yet") == 2
    assert not any(letter.isdigit() for letter in page.split("## Pages")[1].split("## Beside others")[0])


def test_every_comparison_that_is_committed_is_shown():
    rows = [row for path in RESULTS.glob("*.json") for row in json.loads(path.read_text()).get("rows", [])]
    page = show(RESULTS)
    assert all(f"| {row['what']} | {row['peer']} |" in page for row in rows if "peer" in row)
