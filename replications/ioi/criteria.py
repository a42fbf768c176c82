"""Faithfulness, completeness and minimality of a circuit: which parts are removed, and what F is then.

Source: wang2023ioi, § 4 (faithfulness), § 4.1 and App. M (completeness), § 4.2 (minimality), § 4.3 (naive circuit).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from replications.ioi.knockout import Knockouts, Nodes
from replications.ioi.movers import Head
from replications.ioi.roles import SLOT_OF_ROLE, Circuit, Node, nodes_of


@dataclass(frozen=True)
class Removal:
    """A part K that is taken out of a circuit C, and out of the model M, with F of what is left, per prompt, in logits.

    Attributes:
        kind: `class`, `random` or `greedy`.
        name: which class, or the nodes.
    """

    kind: str
    name: str
    of_circuit: Float[np.ndarray, " prompt"]
    of_model: Float[np.ndarray, " prompt"]


@dataclass(frozen=True)
class MinimalityOf:
    """F around a node v, per prompt, in logits: of C, of C without v, of C without v's class but v, and without it."""

    node: Node
    role: str
    whole: Float[np.ndarray, " prompt"]
    without: Float[np.ndarray, " prompt"]
    alone: Float[np.ndarray, " prompt"]
    without_class: Float[np.ndarray, " prompt"]


def remove_sets(
    knockouts: Knockouts, circuit: Circuit, sets: Sequence[Nodes], kind: str, names: Sequence[str]
) -> list[Removal]:
    """Returns F(C without K) and F(M without K) for each set K.

    Source: wang2023ioi, § 4.1.
    """
    if not sets:
        return []
    whole = nodes_of(circuit)
    of_circuit = knockouts.of_circuits(
        [[n for n in whole if n not in removed] for removed in sets], f"circuit, {kind} sets"
    )
    of_model = knockouts.without(sets, f"model, {kind} sets")
    return [Removal(kind, *row) for row in zip(names, of_circuit, of_model, strict=True)]


def remove_classes(knockouts: Knockouts, circuit: Circuit) -> list[Removal]:
    """Returns the removal of each class that has heads."""
    roles = [role for role, heads in circuit.items() if heads]
    return remove_sets(knockouts, circuit, [nodes_of(circuit, role) for role in roles], "class", roles)


def draw_sets(circuit: Circuit, draws: int, rng: np.random.Generator) -> list[list[Node]]:
    """Returns random subsets of the circuit: every node is in with probability one half."""
    nodes = nodes_of(circuit)
    return [
        [node for node, chosen in zip(nodes, rng.random(len(nodes)) < 0.5, strict=True) if chosen] for _ in range(draws)
    ]


def search_greedily(
    knockouts: Knockouts, circuit: Circuit, runs: int, steps: int, candidates: int, rng: np.random.Generator
) -> list[list[Node]]:
    """Returns, for each run, the set K with the largest |F(C without K) - F(M without K)| on the way.

    At each step some nodes are drawn, and the one that widens the gap most is added.

    Source: wang2023ioi, § 4.1 and App. M.
    """
    # Deviation: shorter-greedy-search
    whole, found = nodes_of(circuit), []
    for _ in tqdm(range(runs), desc="greedy sets", unit="run"):
        removed: list[Node] = []
        best: tuple[float, list[Node]] = (0.0, [])
        for _ in range(min(steps, len(whole))):
            left = [node for node in whole if node not in removed]
            drawn = rng.permutation(len(left))[:candidates]
            sets = [[*removed, left[place]] for place in drawn]
            circuits = [[node for node in whole if node not in chosen] for chosen in sets]
            gaps = np.abs((knockouts.of_circuits(circuits) - knockouts.without(sets)).mean(1))
            removed = sets[int(gaps.argmax())]
            best = max(best, (float(gaps.max()), removed), key=lambda pair: pair[0])
        found.append(best[1])
    return found


def measure_minimality(knockouts: Knockouts, circuit: Circuit) -> list[MinimalityOf]:
    """Returns F around each node of the circuit.

    Source: wang2023ioi, § 4.2: |F(C without (K and v)) - F(C without K)|; here K is empty, or the rest of v's class.
    """
    # Deviation: two-sets-for-minimality
    whole = nodes_of(circuit)
    of_role = {Node(head, SLOT_OF_ROLE[role]): role for role in reversed(list(circuit)) for head in circuit[role]}
    sets: list[list[Node]] = [whole]
    for node in whole:
        fellows = nodes_of(circuit, of_role[node])
        sets.append([n for n in whole if n != node])
        sets.append([n for n in whole if n == node or n not in fellows])
        sets.append([n for n in whole if n not in fellows])
    values = knockouts.of_circuits(sets, "minimality")
    return [
        MinimalityOf(node, of_role[node], values[0], *values[1 + 3 * place : 4 + 3 * place])
        for place, node in enumerate(whole)
    ]


def draw_circuits(
    circuit: Circuit, n_layers: int, n_heads: int, draws: int, rng: np.random.Generator, *, same_layers: bool
) -> list[list[Node]]:
    """Returns circuits in which another head stands for each head, at the same position; none is a node of the circuit.

    Args:
        circuit: the circuit to be replaced.
        n_layers: of the model.
        n_heads: per layer.
        draws: how many circuits.
        rng: source of the heads.
        same_layers: replace every head by one of its own layer; a head for which none is left is left out.
    """
    own, drawn = set(nodes_of(circuit)), []
    for _ in range(draws):
        nodes: set[Node] = set()
        for node in nodes_of(circuit):
            layers = [node.head.layer] if same_layers else range(n_layers)
            others = [Node(Head(layer, head), node.slot) for layer in layers for head in range(n_heads)]
            free = [other for other in others if other not in nodes and other not in own]
            if free:
                nodes.add(free[rng.integers(len(free))])
        drawn.append(sorted(nodes))
    return drawn
