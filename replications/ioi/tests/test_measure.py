"""The whole measurement on a tiny GPT-2, as the paper's setting runs it, and what happens when no head is found."""

import math
from pathlib import Path

import pytest

from replications.common.claims import load_claims
from replications.common.judge import decide_verdict
from replications.common.models import LanguageModel
from replications.common.tables import read_rows, write_rows
from replications.common.verdicts import Verdict
from replications.ioi.dataset import Prompt
from replications.ioi.estimates import mean_depth, split_prompts
from replications.ioi.figures import draw_effects, draw_histogram, draw_scatter
from replications.ioi.measure import measure_model
from replications.ioi.movers import Head
from replications.ioi.tables import HeadRow, read_points, write_points
from replications.ioi.tests.conftest import FIRST_HALF, FirstHalf


def test_every_claim_is_measured_and_the_result_files_read_back(
    model: LanguageModel, first_half: FirstHalf, tmp_path: Path
):
    measured, rows, points = first_half
    assert measured["patching-clean-into-clean"].value == pytest.approx(0, abs=1e-4)
    assert len(rows) == model.bridge.cfg.n_layers * model.bridge.cfg.n_heads
    write_rows(tmp_path / "heads.csv", rows, HeadRow)
    write_points(tmp_path / "points.safetensors", points)
    again = read_points(tmp_path / "points.safetensors")
    assert again.heads == points.heads and (again.attention_s == points.attention_s).all()
    for row, read in zip(rows, read_rows(tmp_path / "heads.csv", HeadRow), strict=True):
        assert (row.address, row.role) == (read.address, read.role)
        assert math.isclose(row.effect, read.effect, rel_tol=1e-4, abs_tol=1e-12)
    assert draw_scatter(points, {row.address: row.role for row in rows}, min(4, len(points.heads))).axes
    assert draw_effects(rows, 3).axes and draw_histogram(points).axes


def test_without_a_head_beyond_the_line_what_would_describe_it_does_not_hold(
    model: LanguageModel, of_few_forms: list[Prompt]
):
    measured, rows, points = measure_model(
        model, "another", of_few_forms, FIRST_HALF.model_copy(update={"mover_line": 1e9})
    )
    assert measured["name-movers-found"].value == 0
    assert "no head passed the line" in (measured["name-movers-attend-to-io"].reason or "")
    lines = {claim.id: claim.expect["smollm2-135m"] for claim in load_claims("ioi").statements()}
    for name in ("name-movers-copy", "random-heads-copy"):
        assert decide_verdict(measured[name], lines[name], None) is Verdict.DOES_NOT_HOLD
    assert points.heads == [] and all(not row.role for row in rows)


def test_the_halves_share_no_prompt_and_leave_none_out():
    halves = split_prompts(7)
    assert [*range(7)[halves.finding], *range(7)[halves.describing]] == list(range(7))


def test_mean_depth_of_the_papers_five_heads_is_the_number_in_the_claim():
    heads = [Head(9, 9), Head(9, 6), Head(10, 0), Head(10, 7), Head(11, 10)]
    claim = next(claim for claim in load_claims("ioi").claims if claim.id == "movers-sit-late")
    assert mean_depth(heads, n_layers=12) == pytest.approx(claim.paper_value, abs=5e-4)
