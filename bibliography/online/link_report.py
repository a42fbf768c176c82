"""The report on links, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from bibliography.online.links import LinkLook
from bibliography.online.look import State

# What needs a person comes last, next to the counts and the prompt.
_ORDER = (State.ALIVE, State.MOVED, State.UNKNOWN, State.GONE)


def to_text(looks: Sequence[LinkLook]) -> str:
    """Return a line for each link, the alive first and the gone last, and the counts."""
    lines = []
    for each in sorted(looks, key=lambda each: _ORDER.index(each.look.state)):
        more = each.look.reason
        if each.look.moved_to:
            more = f"{more}; moved to {each.look.moved_to}" if more else f"to {each.look.moved_to}"
        lines.append(f"{each.look.state:8} {each.link.key} {each.link.field} {each.link.url} {more}".rstrip())
    return "".join(f"{line}\n" for line in [*lines, _counts_line(looks)])


def to_json(looks: Sequence[LinkLook]) -> str:
    """Return the report as JSON: the counts by state, and each link in reading order."""
    rows = [
        {
            "key": each.link.key,
            "field": each.link.field,
            "url": each.link.url,
            "state": each.look.state,
            "status": each.look.status,
            "reason": each.look.reason,
            "moved_to": each.look.moved_to,
            "from_cache": each.is_from_cache,
        }
        for each in looks
    ]
    return json.dumps({"counts": _count(looks), "links": rows}, ensure_ascii=False, indent=2) + "\n"


def _count(looks: Iterable[LinkLook]) -> dict[str, int]:
    counts = Counter(each.look.state for each in looks)
    return {state.value: counts[state] for state in _ORDER}


def _counts_line(looks: Sequence[LinkLook]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in _count(looks).items())
    return f"{len(looks)} links: {counts}"
