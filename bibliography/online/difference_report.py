"""The report on differences, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from bibliography.online.compare import Difference, Level
from bibliography.online.verify import Verification

# What needs a person comes last, next to the counts and the prompt.
_ORDER = (Level.NOTE, Level.MILD, Level.DIFFERENCE)


def to_text(verification: Verification) -> str:
    """Return each difference as ours above theirs, notes first, then the look-ups that failed and the counts."""
    ordered = sorted(verification.differences, key=lambda each: _ORDER.index(each.level))
    lines = [line for each in ordered for line in _lines(each)]
    lines += [f"not looked up: {failure}" for failure in verification.failures]
    if verification.without_identifier:
        lines.append(f"nothing to compare with (no DOI, no arXiv): {', '.join(verification.without_identifier)}")
    counts = Counter(each.level for each in verification.differences)
    lines.append(
        f"{len(verification.compared)} papers compared: {counts[Level.DIFFERENCE]} differences, "
        f"{counts[Level.MILD]} mild, {counts[Level.NOTE]} notes, {len(verification.failures)} failed look-ups"
    )
    return "".join(f"{line}\n" for line in lines)


def _lines(difference: Difference) -> Iterator[str]:
    remark = f" ({difference.remark})" if difference.remark else ""
    yield f"{difference.level}: {difference.key} {difference.field}{remark}"
    yield f"  ours    {difference.ours}"
    yield f"  theirs  {difference.theirs}  [{difference.source}]"


def to_json(verification: Verification) -> str:
    """Return the report as JSON."""
    return json.dumps(asdict(verification), ensure_ascii=False, indent=2) + "\n"
