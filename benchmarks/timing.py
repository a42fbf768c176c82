"""Timing two ways to do the same thing, in turn, so that what else the machine does hits both; and how cost grows."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from benchmarks.limits import Limit

ROUNDS = 5


class Row(Protocol):
    """What a benchmark yields."""

    def as_row(self) -> dict[str, object]:
        """Returns the row of the result file."""


@dataclass(frozen=True)
class Comparison:
    """Seconds per round of ours and of a peer.

    Attributes:
        what: the work.
        peer: who else does it.
        ours_s: seconds of each round.
        peer_s: seconds of each round.
        why: why ours takes the time that it takes, where it loses or gains little.
        limit: the least time that our work could take here, if it was computed.
    """

    what: str
    peer: str
    ours_s: tuple[float, ...]
    peer_s: tuple[float, ...]
    why: str = ""
    limit: Limit | None = None

    @property
    def ratios(self) -> list[float]:
        """How many times as long the peer takes, per round; over 1 means that ours is faster."""
        return [theirs / ours for ours, theirs in zip(self.ours_s, self.peer_s, strict=True)]

    def as_row(self) -> dict[str, object]:
        """Returns medians and the spread of the ratio."""
        row = {
            "what": self.what,
            "peer": self.peer,
            "ours_s": round(statistics.median(self.ours_s), 4),
            "peer_s": round(statistics.median(self.peer_s), 4),
            "peer_over_ours": round(statistics.median(self.ratios), 2),
            "lowest": round(min(self.ratios), 2),
            "highest": round(max(self.ratios), 2),
            "rounds": len(self.ratios),
        }
        return row | ({"limit": self.limit.as_row()} if self.limit else {}) | ({"why": self.why} if self.why else {})


@dataclass(frozen=True)
class Growth:
    """Cost by size, and the exponent with which it grows: 1 is linear, 2 is quadratic.

    Attributes:
        what: the work.
        counted: what the sizes count, such as entries or prompts.
        by_size: the cost.
        why: the reason for the exponent, in one sentence.
        unit: of the cost.
    """

    what: str
    counted: str
    by_size: Mapping[int, float]
    why: str
    unit: str = "s"

    @property
    def exponent(self) -> float:
        """The slope of the straight line through the logarithms of size and cost, by least squares."""
        sizes = [math.log(size) for size in self.by_size]
        return statistics.linear_regression(sizes, [math.log(cost) for cost in self.by_size.values()]).slope

    def as_row(self) -> dict[str, object]:
        """Returns the cost by size and the exponent."""
        return {
            "what": self.what,
            "counted": self.counted,
            "unit": self.unit,
            "by_size": {str(size): round(cost, 4) for size, cost in self.by_size.items()},
            "growth_exponent": round(self.exponent, 2),
            "why": self.why,
        }


def compare_in_turn(
    what: str,
    peer: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int = ROUNDS,
    *,
    why: str = "",
    limit: Limit | None = None,
) -> Comparison:
    """Returns both timings, after one round of each that does not count."""
    ours(), theirs()
    pairs = [(time_once(ours), time_once(theirs)) for _ in range(rounds)]
    return Comparison(what, peer, tuple(a for a, _ in pairs), tuple(b for _, b in pairs), why, limit)


def time_median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Returns the median of the seconds of several rounds, after one that does not count."""
    work()
    return statistics.median(time_once(work) for _ in range(rounds))


def time_once(work: Callable[[], object]) -> float:
    """Returns the seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
