"""The judge: compares what was measured with the lines that `claims.yml` drew, and writes `verdict.json`.

A claim that does not hold is a result. What the judge refuses is a comparison that was never made: a claim without a
measurement, a measurement without a claim, a number in another unit.

`python -P -m replications.common.judge REPLICATION SETTING` judges one setting.
"""

from collections.abc import Mapping

from replications.common.claims import Claims, Expectation, Scale, Statement, load_claims
from replications.common.files import write_json
from replications.common.measurements import Measurement, read_measurements
from replications.common.paths import results_dir
from replications.common.stage import parse_replication_and_setting
from replications.common.verdicts import JudgedClaim, JudgedSetting, Verdict


class JudgeError(ValueError):
    """Claims and measurements that do not belong together."""


def judge_setting(claims: Claims, setting: str, measured: Mapping[str, Measurement] | None) -> JudgedSetting:
    """Returns every claim and control of a setting with its verdict.

    Args:
        claims: the replication's claims.
        setting: one of `claims.settings`.
        measured: the measurements by claim id; None if the setting was not run.

    Raises:
        JudgeError: a claim is unmeasured, a measurement unclaimed, or the units differ.
    """
    if measured is not None:
        _refuse_mismatch(claims, setting, measured)
    scale = claims.settings[setting].scale
    judged = tuple(
        _judge_statement(statement, setting, scale, None if measured is None else measured.get(statement.id))
        for statement in claims.statements()
    )
    return JudgedSetting(paper=claims.paper, setting=setting, scale=scale, claims=judged)


def decide_verdict(measurement: Measurement, expectation: Expectation, paper_value: float | None) -> Verdict:
    """Returns how the measured interval lies to the line: HOLDS, PARTLY, DOES_NOT_HOLD or INCONCLUSIVE."""
    if measurement.low is None or measurement.high is None:
        return Verdict.DOES_NOT_HOLD
    low, high = expectation.bounds(paper_value)
    if low <= measurement.low and measurement.high <= high:
        return Verdict.HOLDS
    if low <= measurement.high and measurement.low <= high:
        return Verdict.INCONCLUSIVE
    if expectation.partly is not None:
        low, high = expectation.partly.bounds(paper_value)
        if low <= measurement.low and measurement.high <= high:
            return Verdict.PARTLY
    return Verdict.DOES_NOT_HOLD


def _judge_statement(statement: Statement, setting: str, scale: Scale, measurement: Measurement | None) -> JudgedClaim:
    expectation = statement.expect[setting]
    paper_value = statement.value_in_paper()
    is_claim = paper_value is not None
    reason = None
    if expectation.not_attempted is not None:
        verdict, reason = Verdict.NOT_ATTEMPTED, expectation.not_attempted
    elif measurement is None:
        verdict = Verdict.NOT_RUN
    else:
        verdict, reason = decide_verdict(measurement, expectation, paper_value), measurement.reason
        if verdict is Verdict.HOLDS and scale == "paper" and is_claim:
            verdict = Verdict.REPRODUCED
    return JudgedClaim(
        id=statement.id,
        kind="claim" if is_claim else "control",
        verdict=verdict,
        paper_value=paper_value,
        value=measurement.value if measurement else None,
        low=measurement.low if measurement else None,
        high=measurement.high if measurement else None,
        n=measurement.n if measurement else None,
        unit=statement.unit,
        expect="" if expectation.not_attempted else expectation.describe(),
        reason=reason,
    )


def _refuse_mismatch(claims: Claims, setting: str, measured: Mapping[str, Measurement]) -> None:
    expected = {s.id: s.unit for s in claims.statements() if s.expect[setting].not_attempted is None}
    faults = [f"claim {name} is not measured; let measure.py write it" for name in expected if name not in measured]
    faults += [f"measurement {name} is not claimed; add it to claims.yml" for name in measured if name not in expected]
    faults += [
        f"{name}: got the unit {measured[name].unit!r}; expected {unit!r} as in claims.yml"
        for name, unit in expected.items()
        if name in measured and measured[name].unit != unit
    ]
    if faults:
        raise JudgeError(f"setting {setting}: " + "; ".join(faults))


def main() -> None:
    """Judges one setting of one replication."""
    replication, setting = parse_replication_and_setting()
    judged = judge_setting(load_claims(replication), setting, read_measurements(replication, setting))
    write_json(results_dir(replication, setting) / "verdict.json", judged.model_dump(mode="json"))
    for claim in judged.claims:
        value = (
            claim.reason
            if claim.value is None
            else f"{claim.value:.4g} [{claim.low:.4g}, {claim.high:.4g}] {claim.unit}"
        )
        print(f"{claim.verdict.value:>14}  {claim.id}: {value}; line: {claim.expect}")


if __name__ == "__main__":
    main()
