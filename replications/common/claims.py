"""The schema of `claims.yml`: what a paper states, and the lines drawn before any run."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from replications.common.paths import replication_dir
from replications.common.yaml_files import YamlError, read_yaml

Scale = Literal["paper", "reduced", "substitute"]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, Field(min_length=1)]


class ClaimsError(ValueError):
    """A `claims.yml` that cannot be judged by."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tolerance(_Record):
    """A distance from the paper's value, as a fraction of it (`rel`) or in its unit (`abs`)."""

    rel: float | None = Field(default=None, gt=0)
    abs: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _exactly_one(self) -> "Tolerance":
        if (self.rel is None) == (self.abs is None):
            raise ValueError("got both or neither of rel and abs; expected exactly one")
        return self


class Line(_Record):
    """A region of values, given in exactly one way."""

    close: Tolerance | None = None
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Line":
        given = [name for name in ("close", "at_least", "at_most", "between") if getattr(self, name) is not None]
        wanted = 0 if isinstance(self, Expectation) and self.not_attempted else 1
        if len(given) != wanted:
            raise ValueError(
                f"got {given or 'no line'}; expected exactly {wanted} of close, at_least, at_most, between"
            )
        if self.between and self.between[0] >= self.between[1]:
            raise ValueError(f"between: got {list(self.between)}; expected the lower bound first")
        return self

    def bounds(self, paper_value: float | None) -> tuple[float, float]:
        """Returns the closed interval of values that satisfy the line.

        Args:
            paper_value: what the paper states; needed by `close` alone.
        """
        if self.between is not None:
            return self.between
        if self.close is not None:
            assert paper_value is not None  # the schema refuses `close` where there is no paper value
            width = self.close.abs if self.close.abs is not None else abs(paper_value) * (self.close.rel or 0)
            return paper_value - width, paper_value + width
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low, high

    def describe(self) -> str:
        """Returns the line in words, such as "at least 0.4"."""
        if self.close is not None:
            near = f"{self.close.rel:.0%} of it" if self.close.rel is not None else f"{self.close.abs:g}"
            return f"the paper's value within {near}"
        if self.between is not None:
            return f"between {self.between[0]:g} and {self.between[1]:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"


class Expectation(Line):
    """What a claim says of one setting: a line and perhaps a weaker one, or why it is not attempted there."""

    partly: Line | None = None
    not_attempted: Text | None = None


class Setting(_Record):
    """One way to run a replication."""

    scale: Scale
    note: Text


class Statement(_Record):
    """What claims and controls share."""

    id: Identifier
    statement: Text
    unit: Text
    expect: dict[str, Expectation]
    because: Text

    def value_in_paper(self) -> float | None:
        """Returns the paper's number, None for a control of ours."""
        return None


class Claim(Statement):
    """One number that the paper states; `paper` is given where another paper than the replication's own states it."""

    paper: Text | None = None
    where: Text
    paper_value: float
    read: Literal["printed", "figure", "derived"]
    reading_error: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _figure_has_error(self) -> "Claim":
        if (self.read == "figure") != (self.reading_error is not None):
            raise ValueError(f"claim {self.id}: reading_error goes with read: figure, and only with it")
        return self

    def value_in_paper(self) -> float | None:
        """Returns the paper's number."""
        return self.paper_value


class Control(Statement):
    """A negative control or a sanity line of our own: the paper prints no number for it."""

    @model_validator(mode="after")
    def _no_paper_value(self) -> "Control":
        if any(e.close is not None for e in self.expect.values()):
            raise ValueError(f"control {self.id}: `close` compares with the paper, which has no number for a control")
        return self


class NotAttempted(_Record):
    """A result of the paper that is not replicated, and why."""

    where: Text
    what: Text
    why: Text


class Deviation(_Record):
    """Where the replication departs from the paper on purpose; the code says `# Deviation: id` at the place."""

    id: Identifier
    what: Text
    why: Text
    effect: Text


class Claims(_Record):
    """A whole `claims.yml`."""

    paper: Text
    settings: dict[str, Setting]
    claims: tuple[Claim, ...]
    controls: tuple[Control, ...] = ()
    not_attempted: tuple[NotAttempted, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    def statements(self) -> Iterator[Statement]:
        """Yields every claim, then every control."""
        yield from self.claims
        yield from self.controls

    @property
    def paper_of(self) -> Mapping[str, str]:
        """The key of the paper that each statement belongs to, by the statement's id."""
        return {s.id: getattr(s, "paper", None) or self.paper for s in self.statements()}

    @property
    def papers(self) -> tuple[str, ...]:
        """Keys of the papers whose claims are replicated: the replication's own first, then by first claim."""
        return tuple(dict.fromkeys([self.paper, *self.paper_of.values()]))

    @model_validator(mode="after")
    def _consistent(self) -> "Claims":
        if not self.settings or not self.claims:
            raise ValueError("got no settings or no claims; expected at least one of each")
        for group in ([s.id for s in self.statements()], [d.id for d in self.deviations]):
            repeated = sorted({name for name in group if group.count(name) > 1})
            if repeated:
                raise ValueError(f"got the id {repeated[0]!r} twice; expected ids to be unique")
        for statement in self.statements():
            if set(statement.expect) != set(self.settings):
                raise ValueError(
                    f"claim {statement.id}: got expect for {sorted(statement.expect)}; expected one for each setting "
                    f"of {sorted(self.settings)} (a line, or not_attempted with the reason)"
                )
        return self


def load_claims(replication: str) -> Claims:
    """Returns the claims of a replication.

    Raises:
        ClaimsError: the file is no valid YAML or breaks the schema; every fault is named with its place.
    """
    return read_claims(replication_dir(replication) / "claims.yml")


def read_claims(path: Path) -> Claims:
    """Returns the claims in the file `path`. Raises as `load_claims`."""
    try:
        content = read_yaml(path)
    except YamlError as error:
        raise ClaimsError(str(error)) from error
    try:
        return Claims.model_validate(content)
    except ValidationError as error:
        faults = [
            f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}, got {e['input']!r:.80}"
            for e in error.errors()
        ]
        raise ClaimsError("\n".join(faults)) from error
