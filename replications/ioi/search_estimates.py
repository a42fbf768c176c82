"""From the search for the circuit's heads to the numbers that the claims are about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from replications.common.measurements import Measurement, exact, missing
from replications.ioi.evaluators import RandomTokenScores
from replications.ioi.movers import Head
from replications.ioi.resampling import Resampling
from replications.ioi.roles import (
    BACKUP,
    DUPLICATE_TOKEN,
    INDUCTION,
    PAPER_CIRCUIT,
    PREVIOUS_TOKEN,
    S_INHIBITION,
    Circuit,
)
from replications.ioi.search import Lines, Step

CLAIMED_CLASSES = {
    S_INHIBITION: "s-inhibition-heads-found",
    INDUCTION: "induction-heads-found",
    DUPLICATE_TOKEN: "duplicate-token-heads-found",
    PREVIOUS_TOKEN: "previous-token-heads-found",
    BACKUP: "backup-name-movers-found",
}
# Appendix I: of 144 heads, the classes' own are among the highest 5, 3 and 2 scores.
TOP_SCORES = {INDUCTION: 5 / 144, DUPLICATE_TOKEN: 3 / 144, PREVIOUS_TOKEN: 2 / 144}


@dataclass(frozen=True)
class SearchReadings:
    """What the search saw, prompt by prompt.

    Attributes:
        difference: logit difference of the model.
        steps: from the movers to the previous token heads.
        lines: the criteria of the steps.
        growth: direct effect of every head with the name movers knocked out minus its plain one, in logits.
        movers: heads that cannot be backup heads.
        backup_line: least growth of a backup head, as a fraction of the logit difference.
    """

    difference: Float[np.ndarray, " prompt"]
    steps: list[Step]
    lines: Lines
    growth: Float[np.ndarray, "prompt layer head"]
    movers: Sequence[Head]
    backup_line: float

    def classify(self, rows: Int[np.ndarray, " sample"] | slice = slice(None)) -> dict[str, list[Head]]:
        """Returns the heads of each class, strongest first, by some of the prompts, with the receivers as they were."""
        found: dict[str, list[Head]] = {}
        for step in self.steps:
            found |= step.classify(self.difference, self.lines, rows)
        growth = self.growth[rows].mean(0) / self.difference[rows].mean()
        heads = [Head(*map(int, place)) for place in np.argwhere(growth <= -self.backup_line)]
        found[BACKUP] = sorted((head for head in heads if head not in self.movers), key=lambda head: growth[head])
        return found


def count_heads(readings: SearchReadings, resampling: Resampling, of_paper: bool) -> dict[str, Measurement]:
    """Returns how many heads each class has; the interval comes from classifying again on resampled prompts.

    Args:
        readings: of the search.
        resampling: source of the intervals.
        of_paper: whether the model is the paper's, so that its heads can be looked for.
    """
    rows = np.arange(len(readings.difference))
    measured = {}
    for role, claim in CLAIMED_CLASSES.items():

        def count(sample: np.ndarray, role: str = role) -> float:
            return float(len(readings.classify(sample)[role]))

        measured[claim] = resampling.any(count, [rows], "heads")
        if of_paper:
            wanted = set(PAPER_CIRCUIT[role])

            def share(sample: np.ndarray, role: str = role, wanted: set[Head] = wanted) -> float:
                return len(wanted & set(readings.classify(sample)[role])) / len(wanted)

            measured[f"paper-{claim}"] = resampling.any(share, [rows], "fraction")
    return measured


def compare_with_random_tokens(circuit: Circuit, scores: RandomTokenScores) -> dict[str, Measurement]:
    """Returns the share of each early class that has one of the highest scores on repeated random tokens.

    Source: wang2023ioi, App. H and I.
    """
    names = {INDUCTION: "induction", DUPLICATE_TOKEN: "duplicate", PREVIOUS_TOKEN: "previous"}
    measured = {}
    for role, name in names.items():
        values = getattr(scores, name)
        heads, top = circuit.get(role, ()), max(1, round(TOP_SCORES[role] * values.size))
        claim = f"{role.replace(' ', '-')}-heads-on-random-tokens"
        lowest = np.sort(values.ravel())[-top]
        measured[claim] = (
            exact(float(np.mean([values[head] >= lowest for head in heads])), len(heads), "fraction")
            if heads
            else missing(absent(role), "fraction")
        )
    return measured


def describe_s_inhibition(
    circuit: Circuit, attention_to_s2: Float[np.ndarray, "prompt layer head"], resampling: Resampling
) -> dict[str, Measurement]:
    """Returns the S-inhibition heads' mean attention to S2."""
    claim, heads = "s-inhibition-attends-to-s2", circuit.get(S_INHIBITION, ())
    if not heads:
        return {claim: missing(absent(S_INHIBITION), "fraction")}
    values = np.stack([attention_to_s2[(slice(None), *head)] for head in heads])
    return {claim: resampling.mean(values.mean(0), "fraction")}


def absent(role: str) -> str:
    """Returns why something about a class cannot be measured."""
    return f"no head of the class {role} was found, so there is nothing to measure"
