"""Measurements: a value with its interval, and the file that carries them from `measure` to the judge."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from replications.common.files import write_json
from replications.common.paths import results_dir


@dataclass(frozen=True)
class Measurement:
    """One measured number with its 95 % interval.

    Attributes:
        value: the number; None where the thing to be measured does not exist (then `reason` says so).
        low: lower end of the interval; equal to `value` for a count without sampling error.
        high: upper end of the interval.
        n: how many items or seeds the interval rests on.
        unit: the unit, as in the claim.
        seeds: values of the random seeds that were used.
        reason: why there is no value.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    seeds: tuple[int, ...] = ()
    reason: str | None = None

    def __post_init__(self) -> None:
        numbers = (self.value, self.low, self.high)
        if self.reason is not None:
            if any(number is not None for number in numbers):
                raise ValueError(f"got value {self.value} and the reason {self.reason!r}; expected one of the two")
            return
        if any(number is None or not math.isfinite(number) for number in numbers):
            raise ValueError(f"got (value, low, high) = {numbers}; expected finite numbers, or None with a reason")
        if not self.low <= self.value <= self.high:  # type: ignore[operator]
            raise ValueError(f"got (value, low, high) = {numbers}; expected low <= value <= high")


def missing(reason: str, unit: str) -> Measurement:
    """Returns a measurement of something that does not exist, such as the attention of heads that were not found."""
    return Measurement(None, None, None, 0, unit, reason=reason)


def exact(value: float, n: int, unit: str) -> Measurement:
    """Returns a measurement without sampling error, such as a count of heads."""
    return Measurement(float(value), float(value), float(value), n, unit)


def write_measurements(
    replication: str, setting: str, measurements: Mapping[str, Measurement], stage: str = "measure"
) -> None:
    """Writes the measurements of a setting by claim id: `measured.json`, or `measured-STAGE.json` of another stage."""
    content = {name: asdict(measurement) for name, measurement in measurements.items()}
    write_json(results_dir(replication, setting) / file_of_stage("measured", stage), content)


def file_of_stage(name: str, stage: str) -> str:
    """Returns the name of a stage's JSON file, which carries the stage's name where more than one stage measures."""
    return f"{name}.json" if stage == "measure" else f"{name}-{stage}.json"


def read_measurements(replication: str, setting: str) -> dict[str, Measurement]:
    """Returns the measurements of a setting by claim id, of all stages together.

    Raises:
        FileNotFoundError: the setting has not been measured.
        ValueError: two stages measured the same claim.
    """
    folder = results_dir(replication, setting)
    if not (folder / "measured.json").is_file():
        raise FileNotFoundError(
            f"got no measured.json for {replication}/{setting}; run `make repro NAME={replication}` first"
        )
    joined: dict[str, Measurement] = {}
    for path in sorted(folder.glob("measured*.json")):
        for name, fields in json.loads(path.read_text(encoding="utf-8")).items():
            if name in joined:
                raise ValueError(f"{path}: got {name}, which another stage measured too; expected each claim once")
            joined[name] = Measurement(**{**fields, "seeds": tuple(fields["seeds"])})
    return joined
