"""A small replication that tests of several modules use."""

from pathlib import Path

import pytest

from replications.common import paths

CLAIMS = """\
paper: someone2020word
settings:
  small: {scale: reduced, note: "half of it, 50 %"}
  large: {scale: paper, note: all of it}
claims:
  - id: the-claim
    statement: A number is large – as μ says.
    where: § 1
    paper: other2019word
    unit: nats
    paper_value: 10
    read: printed
    expect:
      small: {at_least: 5}
      large: {close: {rel: 0.1}, partly: {between: [2, 12]}}
    because: drawn for a test
controls:
  - id: a-control
    statement: Nothing happens without a cause.
    unit: heads
    expect:
      small: {at_most: 1}
      large: {not_attempted: too dear}
    because: drawn for a test
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a replication called `toy` with two settings, a claim and a control; it is the only one."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "claims.yml").write_text(CLAIMS, encoding="utf-8")
    monkeypatch.setattr(paths, "REPLICATIONS", tmp_path)
    return folder
