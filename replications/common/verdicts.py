"""Verdicts: the records that the judge writes and the pages read."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from replications.common.claims import Scale


class Verdict(StrEnum):
    """What came of a claim in one setting."""

    REPRODUCED = "reproduced"
    HOLDS = "holds"
    PARTLY = "partly"
    DOES_NOT_HOLD = "does not hold"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    NOT_ATTEMPTED = "not attempted"


MEANINGS = {
    Verdict.REPRODUCED: "At the paper's own scale, our whole interval lies within the line drawn before the run.",
    Verdict.HOLDS: "At another scale, or for a control of ours, our whole interval lies within the line drawn.",
    Verdict.PARTLY: "It misses the line, but lies wholly within a weaker one that was drawn before the run too.",
    Verdict.DOES_NOT_HOLD: "Our whole interval lies outside the line, or the thing to be measured was not found.",
    Verdict.INCONCLUSIVE: "Our interval straddles the line: the run was too small to tell.",
    Verdict.NOT_RUN: "The code is there; nobody has run this setting yet.",
    Verdict.NOT_ATTEMPTED: "Not part of this replication; the reason is given.",
}


class JudgedClaim(BaseModel):
    """One claim or control, judged in one setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["claim", "control"]
    verdict: Verdict
    paper_value: float | None
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    unit: str
    expect: str
    reason: str | None = None


class JudgedSetting(BaseModel):
    """All claims of a replication, judged in one setting: the content of `verdict.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paper: str
    setting: str
    scale: Scale
    claims: tuple[JudgedClaim, ...]


def read_verdicts(path: Path) -> JudgedSetting:
    """Returns the judged setting in the file `path`."""
    return JudgedSetting.model_validate_json(path.read_text(encoding="utf-8"))
