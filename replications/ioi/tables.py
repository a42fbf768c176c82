"""The small result files beside `measured.json`: heads, paths, nodes, removals, and the points of the figures."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors.numpy import load_file, save

from replications.common.files import write_bytes
from replications.ioi.movers import Head

NAME_MOVER, NEGATIVE_NAME_MOVER = "name mover", "negative name mover"


@dataclass(frozen=True)
class HeadRow:
    """One head in numbers.

    Attributes:
        layer: counted from 0.
        head: counted from 0.
        role: `name mover`, `negative name mover` or empty.
        effect: direct effect on the finding half, as a fraction of the logit difference; negative = the head helps.
        held_out_effect: the same on the describing half, as is everything below.
        attention_io: mean attention from END to IO.
        attention_s: to S1 and S2 together.
        correlation: of attention and projection, IO and S pooled.
        copy_score: share of names that the OV circuit copies.
        negative_copy_score: share that its negative copies.
    """

    layer: int
    head: int
    role: str
    effect: float
    held_out_effect: float
    attention_io: float
    attention_s: float
    correlation: float
    copy_score: float
    negative_copy_score: float

    @property
    def address(self) -> Head:
        """The head, which prints as `9.6`."""
        return Head(self.layer, self.head)


@dataclass(frozen=True)
class Points:
    """What the figures draw point by point.

    Attributes:
        heads: the movers of both kinds, strongest first, name movers before negative ones.
        logit_difference: of every prompt.
        attention_io: of the describing half, like the rest.
        projection_io: output along the unembedding of IO.
        attention_s: to S1 and S2 together.
        projection_s: output along the unembedding of S.
    """

    heads: list[Head]
    logit_difference: Float[np.ndarray, " prompt"]
    attention_io: Float[np.ndarray, "prompt head"]
    projection_io: Float[np.ndarray, "prompt head"]
    attention_s: Float[np.ndarray, "prompt head"]
    projection_s: Float[np.ndarray, "prompt head"]


@dataclass(frozen=True)
class PathRow:
    """What one sender head carries into some receivers, as a fraction of the logit difference; negative = it helps.

    Attributes:
        paths: the receivers and what they read.
        layer: of the sender.
        head: of the sender.
        effect: of its path alone.
        of_all: of all paths into these receivers together.
        line: the effect that a head must have at most to belong to a class.
    """

    paths: str
    layer: int
    head: int
    effect: float
    of_all: float
    line: float


@dataclass(frozen=True)
class NodeRow:
    """One node of the circuit in numbers.

    Attributes:
        layer: counted from 0.
        head: counted from 0.
        slot: the position where it acts.
        role: its class in the circuit that was measured, empty if it is not in there.
        found: its class by our search, empty if that did not find it.
        effect: what its path carries, as a fraction of the logit difference (for a backup head: what it carries more).
        attention: to the position that its class is named after, on other prompts; to IO for movers at END.
        random_token_score: of its class, on repeated random tokens; 0 for classes at END.
        minimality: change of F when it leaves the circuit, as a fraction of the model's; 0 if not in it.
    """

    layer: int
    head: int
    slot: str
    role: str
    found: str
    effect: float
    attention: float
    random_token_score: float
    minimality: float

    @property
    def address(self) -> Head:
        """The head, which prints as `9.6`."""
        return Head(self.layer, self.head)


@dataclass(frozen=True)
class RemovalRow:
    """A part K that was taken out of a circuit and of the model; mean logit differences of what is left, in logits.

    Attributes:
        circuit: `full` or `naive`.
        kind: `class`, `random` or `greedy`.
        name: the class, or the nodes.
        of_circuit: of the circuit without it.
        of_model: of the model without it.
    """

    circuit: str
    kind: str
    name: str
    of_circuit: float
    of_model: float


def write_points(path: Path, points: Points) -> None:
    """Writes the points as safetensors, float32."""
    arrays = {field.name: np.array(getattr(points, field.name)) for field in fields(Points)}
    arrays["heads"] = np.array(points.heads, dtype=np.int64).reshape(-1, 2)
    write_bytes(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_points(path: Path) -> Points:
    """Returns the points of a file of `write_points`."""
    arrays = load_file(path)
    heads = [Head(int(layer), int(head)) for layer, head in arrays.pop("heads")]
    return Points(heads, **arrays)
