"""The judge: every verdict, and every comparison it refuses."""

import pytest

from replications.common.claims import Claims
from replications.common.judge import JudgeError, judge_setting
from replications.common.measurements import Measurement, exact, missing
from replications.common.verdicts import Verdict


def make_claims(line: dict[str, object], scale: str = "substitute", paper_value: float = 10.0) -> Claims:
    claim = {
        "id": "the-claim",
        "statement": "A number is large.",
        "where": "§ 1",
        "unit": "1",
        "paper_value": paper_value,
        "read": "printed",
        "expect": {"small": line},
        "because": "drawn for a test",
    }
    settings = {"small": {"scale": scale, "note": "a test"}}
    return Claims.model_validate({"paper": "someone2020word", "settings": settings, "claims": [claim]})


def judge(line: dict[str, object], measurement: Measurement | None, scale: str = "substitute") -> Verdict:
    measured = None if measurement is None else {"the-claim": measurement}
    return judge_setting(make_claims(line, scale), "small", measured).claims[0].verdict


def interval(low: float, high: float) -> Measurement:
    return Measurement((low + high) / 2, low, high, 5, "1")


@pytest.mark.parametrize(
    ("line", "measurement", "expected"),
    [
        ({"at_least": 5}, interval(6, 8), Verdict.HOLDS),
        ({"at_least": 5}, interval(5, 8), Verdict.HOLDS),
        ({"at_least": 5}, interval(4, 6), Verdict.INCONCLUSIVE),
        ({"at_least": 5}, interval(1, 4), Verdict.DOES_NOT_HOLD),
        ({"at_least": 5, "partly": {"at_least": 2}}, interval(3, 4), Verdict.PARTLY),
        ({"at_least": 5, "partly": {"at_least": 2}}, interval(1, 4), Verdict.DOES_NOT_HOLD),
        ({"at_least": 5, "partly": {"at_least": 2}}, interval(4, 6), Verdict.INCONCLUSIVE),
        ({"close": {"rel": 0.1}, "partly": {"close": {"rel": 0.5}}}, interval(6, 7), Verdict.PARTLY),
        ({"at_most": 5}, interval(4, 5), Verdict.HOLDS),
        ({"at_most": 5}, interval(6, 7), Verdict.DOES_NOT_HOLD),
        ({"between": [1, 3]}, exact(3, 1, "1"), Verdict.HOLDS),
        ({"close": {"rel": 0.1}}, interval(9, 11), Verdict.HOLDS),
        ({"close": {"rel": 0.1}}, interval(8.9, 11), Verdict.INCONCLUSIVE),
        ({"close": {"abs": 0}}, exact(10, 1, "1"), Verdict.HOLDS),
        ({"at_least": 5}, missing("no head was found", "1"), Verdict.DOES_NOT_HOLD),
        ({"at_least": 5}, None, Verdict.NOT_RUN),
    ],
)
def test_the_interval_and_the_line_decide_the_verdict(line, measurement, expected):
    assert judge(line, measurement) is expected


def test_only_the_papers_own_scale_earns_reproduced():
    assert judge({"at_least": 5}, interval(6, 8), scale="paper") is Verdict.REPRODUCED
    assert judge({"at_least": 5}, interval(6, 8), scale="reduced") is Verdict.HOLDS


def test_a_negative_paper_value_has_a_band_on_both_sides():
    claims = make_claims({"close": {"rel": 0.1}}, paper_value=-10.0)
    inside = {"the-claim": interval(-10.5, -9.5)}
    assert judge_setting(claims, "small", inside).claims[0].verdict is Verdict.HOLDS


def test_a_control_holds_but_is_never_reproduced():
    claims = make_claims({"at_least": 5}, scale="paper").model_dump(exclude_none=True)
    control = {"id": "a-control", "statement": "x", "unit": "1", "expect": {"small": {"at_most": 1}}, "because": "y"}
    judged = judge_setting(
        Claims.model_validate({**claims, "controls": [control]}),
        "small",
        {"the-claim": interval(6, 7), "a-control": interval(0, 1)},
    )
    assert [claim.verdict for claim in judged.claims] == [Verdict.REPRODUCED, Verdict.HOLDS]


def test_what_is_not_attempted_needs_no_measurement_and_takes_none():
    line = {"not_attempted": "another model"}
    judged = judge_setting(make_claims(line), "small", {}).claims[0]
    assert (judged.verdict, judged.reason) == (Verdict.NOT_ATTEMPTED, "another model")
    with pytest.raises(JudgeError, match="measurement the-claim is not claimed"):
        judge_setting(make_claims(line), "small", {"the-claim": interval(1, 2)})


def test_an_unmeasured_claim_is_refused():
    with pytest.raises(JudgeError, match=r"claim the-claim is not measured; let measure\.py write it"):
        judge_setting(make_claims({"at_least": 5}), "small", {})


def test_an_unclaimed_measurement_is_refused():
    measured = {"the-claim": interval(6, 7), "another": interval(1, 2)}
    with pytest.raises(JudgeError, match=r"measurement another is not claimed; add it to claims\.yml"):
        judge_setting(make_claims({"at_least": 5}), "small", measured)


def test_every_mismatch_is_named_with_the_setting():
    with pytest.raises(JudgeError) as error:
        judge_setting(make_claims({"at_least": 5}), "small", {"a": interval(1, 2), "b": interval(1, 2)})
    assert str(error.value) == (
        "setting small: claim the-claim is not measured; let measure.py write it; measurement a is not claimed; add it "
        "to claims.yml; measurement b is not claimed; add it to claims.yml"
    )


@pytest.mark.parametrize(
    ("line", "low", "high", "expected"),
    [
        ({"at_least": 5}, 4, 5, Verdict.INCONCLUSIVE),  # it touches the line from outside
        ({"at_most": 5}, 5, 6, Verdict.INCONCLUSIVE),
        ({"between": (2, 5)}, 1, 6, Verdict.INCONCLUSIVE),
        ({"between": (2, 5), "partly": {"between": [0, 1]}}, 0, 1, Verdict.PARTLY),
        ({"between": (2, 5), "partly": {"between": [0, 1]}}, -1, 1, Verdict.DOES_NOT_HOLD),
        ({"between": (2, 5), "partly": {"between": [0, 1]}}, 0, 1.5, Verdict.DOES_NOT_HOLD),
    ],
)
def test_an_interval_that_touches_a_line_straddles_it(line, low, high, expected):
    assert judge(line, interval(low, high)) is expected


def test_a_verdict_carries_what_was_measured_and_the_line():
    judged = judge_setting(make_claims({"at_least": 5}), "small", {"the-claim": Measurement(6, 5.5, 7, 9, "1")})
    [claim] = judged.claims
    assert (claim.value, claim.low, claim.high, claim.n, claim.unit) == (6, 5.5, 7, 9, "1")
    assert (claim.kind, claim.paper_value, claim.expect, claim.reason) == ("claim", 10, "at least 5", None)
    assert (judged.paper, judged.setting, judged.scale) == ("someone2020word", "small", "substitute")
    [claim] = judge_setting(make_claims({"at_least": 5}), "small", {"the-claim": missing("none", "1")}).claims
    assert (claim.value, claim.low, claim.high, claim.n, claim.reason) == (None, None, None, 0, "none")
    [claim] = judge_setting(make_claims({"at_least": 5}), "small", None).claims
    assert (claim.value, claim.low, claim.high, claim.n, claim.reason) == (None, None, None, None, None)


def test_another_unit_is_refused():
    with pytest.raises(JudgeError, match=r"got the unit 'nats'; expected '1' as in claims\.yml"):
        judge_setting(make_claims({"at_least": 5}), "small", {"the-claim": Measurement(6, 6, 6, 1, "nats")})
