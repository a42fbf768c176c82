"""Rows of the result files that figures and notebook read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """LDS of one method at one number of models.

    Attributes:
        method: its name.
        models: networks trained for it.
        lds: linear datamodeling score.
        low: lower end of the 95 % interval over subsets and targets.
        high: upper end.
        targets_low: lower end of the interval over targets alone.
        targets_high: upper end.
        subsets_low: lower end of the interval over subsets alone.
        subsets_high: upper end.
        seconds: of training and attributing, on this machine; None where it is not counted.
    """

    method: str
    models: int
    lds: float
    low: float
    high: float
    targets_low: float
    targets_high: float
    subsets_low: float
    subsets_high: float
    seconds: float | None


@dataclass(frozen=True)
class Fall:
    """How far the targets' outputs fall without the images that a method calls most helpful; log-odds."""

    method: str
    removed: int
    fall: float
    low: float
    high: float
