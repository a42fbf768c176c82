"""The rows of the result files, and how they are written and read."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from replications.common.files import write_text


@dataclass(frozen=True)
class Score:
    """The TCAV scores of one concept, at one stage, for one set of inputs.

    Attributes:
        stage: of the network.
        concept: its name.
        inputs: name of the images whose logit is asked about; for real images the class.
        score: TCAV score, mean over runs.
        spread: standard deviation over runs.
        p_value: of the paper's test, against 0.5.
        p_value_random: of the library's test, against the scores of random CAVs; None for relative CAVs.
        passes: the paper's test, with Bonferroni's correction.
        accuracy: share of held-out images that the CAV's classifier gets right, mean over runs.
        network: name of the network.
        condition: how it was trained.
        seed: of its training.
    """

    stage: str
    concept: str
    inputs: str
    score: float
    spread: float
    p_value: float
    p_value_random: float | None
    passes: bool
    accuracy: float
    network: str = ""
    condition: str = ""
    seed: int = 0

    def of(self, network: str, condition: str, seed: int) -> "Score":
        """Returns the row with the network it belongs to."""
        return replace(self, network=network, condition=condition, seed=seed)


def score_from(row: dict[str, Any]) -> Score:
    """Returns the score in a row of text, or in a record that JSON kept."""
    return Score(
        **{
            **row,
            **{name: float(row[name]) for name in ("score", "spread", "p_value", "accuracy")},
            "p_value_random": None if row["p_value_random"] in ("", None) else float(row["p_value_random"]),
            "passes": row["passes"] in (True, "True"),
            "seed": int(row["seed"]),
        }
    )


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Writes the rows as CSV, numbers to 4 digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Score)], lineterminator="\n")
    writer.writeheader()
    for score in scores:
        writer.writerow({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in asdict(score).items()})
    write_text(path, text.getvalue())


def read_scores(path: Path) -> list[Score]:
    """Returns the rows of a file of `write_scores`."""
    with path.open(encoding="utf-8", newline="") as file:
        return [score_from(row) for row in csv.DictReader(file)]
