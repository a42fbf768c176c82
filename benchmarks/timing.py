"""Timing two ways to do the same thing, in turn, so that what else the machine does hits both."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Comparison:
    """Seconds per round of ours and of a peer."""

    what: str
    peer: str
    ours_s: tuple[float, ...]
    peer_s: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times as long the peer takes, per round; over 1 means that ours is faster."""
        return [theirs / ours for ours, theirs in zip(self.ours_s, self.peer_s, strict=True)]

    def as_row(self) -> dict[str, object]:
        """Returns medians and the spread of the ratio."""
        return {
            "what": self.what,
            "peer": self.peer,
            "ours_s": round(statistics.median(self.ours_s), 4),
            "peer_s": round(statistics.median(self.peer_s), 4),
            "peer_over_ours": round(statistics.median(self.ratios), 2),
            "lowest": round(min(self.ratios), 2),
            "highest": round(max(self.ratios), 2),
            "rounds": len(self.ratios),
        }


@dataclass(frozen=True)
class Growth:
    """Median seconds by size, and the exponent with which they grow: 1 is linear, 2 is quadratic."""

    what: str
    seconds: Mapping[int, float]

    @property
    def exponent(self) -> float:
        """The slope of the straight line through the logarithms of size and time, by least squares."""
        sizes = [math.log(size) for size in self.seconds]
        return statistics.linear_regression(sizes, [math.log(time) for time in self.seconds.values()]).slope

    def as_row(self) -> dict[str, object]:
        """Returns the seconds by size and the exponent."""
        seconds = {str(size): round(time, 4) for size, time in self.seconds.items()}
        return {"what": self.what, "seconds_by_entries": seconds, "growth_exponent": round(self.exponent, 2)}


def compare_in_turn(
    what: str, peer: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS
) -> Comparison:
    """Returns both timings, after one round of each that does not count."""
    ours(), theirs()
    pairs = [(_time(ours), _time(theirs)) for _ in range(rounds)]
    return Comparison(what, peer, tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
