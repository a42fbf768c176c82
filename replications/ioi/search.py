"""The search for the circuit's heads: from the movers back to the heads that they listen to, and so on.

Source: wang2023ioi, § 3.2 and § 3.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from replications.ioi.encoding import END, S1_NEXT, S2, PromptBatch
from replications.ioi.knockout import AblationCase
from replications.ioi.movers import Head
from replications.ioi.paths import Case, Target
from replications.ioi.roles import (
    DUPLICATE_TOKEN,
    INDUCTION,
    NAME_MOVER,
    OTHER_AT_END,
    OTHER_AT_S1_NEXT,
    OTHER_AT_S2,
    PREVIOUS_TOKEN,
    S_INHIBITION,
    SUPPRESSOR,
)
from replications.ioi.sweep import Sweep


@dataclass(frozen=True)
class Lines:
    """By what a head belongs to a class.

    Attributes:
        of_path: least share of what all paths into the same receivers carry together.
        of_difference: least share of the mean logit difference.
        attention: least mean attention to the position that gives the class its name.
    """

    of_path: float
    of_difference: float
    attention: float


@dataclass(frozen=True)
class Paths:
    """The effects of all senders into some receivers, in logits, negative = the path helps.

    Attributes:
        name: what the receivers are, and what they read.
        effects: of each sender head.
        of_all: of everything together.
    """

    name: str
    effects: Float[np.ndarray, "prompt layer head"]
    of_all: Float[np.ndarray, " prompt"]


@dataclass(frozen=True)
class Step:
    """One step of the search.

    Attributes:
        paths: into one set of receivers, or into several.
        attention: role -> every head's attention from its position to the one that gives the role its name.
        other: the role of heads beyond the line that attend to none of these.
    """

    paths: list[Paths]
    attention: dict[str, Float[np.ndarray, "prompt layer head"]]
    other: str

    def classify(
        self,
        difference: Float[np.ndarray, " prompt"],
        lines: Lines,
        rows: Int[np.ndarray, " sample"] | slice = slice(None),
    ) -> dict[str, list[Head]]:
        """Returns the heads of each role, strongest first, by the prompts `rows` alone.

        A head beyond the line of any of the paths belongs to the role whose position it attends to most, or to `other`.

        Args:
            difference: the model's logit difference.
            lines: the criteria.
            rows: which prompts; all of them if not given.
        """
        mean_difference, strength = difference[rows].mean(), {}
        for paths in self.paths:
            effects = paths.effects[rows].mean(0) / mean_difference
            line = draw_line(float(paths.of_all[rows].mean() / mean_difference), lines)
            for place in np.argwhere(effects <= -line):
                head = Head(*map(int, place))
                strength[head] = min(strength.get(head, 0.0), float(effects[head]))
        attention = {role: values[rows].mean(0) for role, values in self.attention.items()}
        found: dict[str, list[Head]] = {role: [] for role in (*attention, self.other)}
        for head in sorted(strength, key=lambda head: strength[head]):
            role = max(attention, key=lambda name: attention[name][head])
            found[role if attention[role][head] >= lines.attention else self.other].append(head)
        return found


def draw_line(of_all: float, lines: Lines) -> float:
    """Returns how much a path must carry, given what all carry together, as fractions of the logit difference."""
    # Deviation: share-of-the-whole-path
    return max(lines.of_path * -of_all, lines.of_difference)


@dataclass
class Search:
    """The search on a set of prompts.

    Attributes:
        sweep: measures paths.
        lines: the criteria.
        cases: the prompts in batches, with their runs.
        difference: logit difference of the model on them, in logits.
        circuit: role -> heads, strongest first; the movers at first.
        steps: what was seen on the way.
    """

    sweep: Sweep
    lines: Lines
    cases: list[Case]
    difference: Float[np.ndarray, " prompt"]
    circuit: dict[str, list[Head]]
    steps: list[Step] = field(default_factory=list)

    def run(self) -> None:
        """Finds the classes one after the other and adds them to `circuit`.

        Source: wang2023ioi, § 3.2 (queries of name movers), § 3.3 (values of S-inhibition heads), App. D (keys).
        """
        found = self.circuit
        paths = self._paths("queries of the name movers", found[NAME_MOVER], "query", END, END)
        paths += self._paths("queries of the subject suppressors", found[SUPPRESSOR], "query", END, END)
        self._take(Step(paths, {S_INHIBITION: attention_from(self.cases, END, lambda batch: batch.s2)}, OTHER_AT_END))
        paths = self._paths("keys at S2 of the subject suppressors", found[SUPPRESSOR], "key", S2, END)
        paths += self._paths("values at S2 of the S-inhibition heads", found[S_INHIBITION], "value", S2, END)
        attention = {
            DUPLICATE_TOKEN: attention_from(self.cases, S2, lambda batch: batch.s1),
            INDUCTION: attention_from(self.cases, S2, lambda batch: batch.position(S1_NEXT)),
        }
        self._take(Step(paths, attention, OTHER_AT_S2))
        paths = self._paths("keys at S1+1 of the induction heads", found[INDUCTION], "key", S1_NEXT, S2)
        to_s1 = attention_from(self.cases, S1_NEXT, lambda batch: batch.s1)
        self._take(Step(paths, {PREVIOUS_TOKEN: to_s1}, OTHER_AT_S1_NEXT))

    def _take(self, step: Step) -> None:
        self.steps.append(step)
        self.circuit |= step.classify(self.difference, self.lines)

    def _paths(self, name: str, receivers: Sequence[Head], kind: str, source: str, node: str) -> list[Paths]:
        if not receivers:
            return []
        return [Paths(name, **self.sweep(name, Target(tuple(receivers), kind, source, node)))]


def attention_from(
    cases: Sequence[Case | AblationCase], slot: str, target: Callable[[PromptBatch], Tensor]
) -> Float[np.ndarray, "prompt layer head"]:
    """Returns every head's attention from a slot to the position `target(batch)` of each prompt, ordered by row."""
    n_layers, _, n_heads = cases[0].clean.attention.shape[:3]
    found = np.empty((sum(len(case.batch) for case in cases), n_layers, n_heads))
    for case in cases:
        rows = torch.arange(len(case.batch))
        by_position = case.clean.attention.permute(1, 3, 4, 0, 2)  # batch query key layer head
        found[case.batch.rows] = by_position[rows, case.batch.position(slot), target(case.batch)].numpy()
    return found
