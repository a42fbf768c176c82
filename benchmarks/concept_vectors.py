"""TCAV scores of one concept at every stage of a network, against captum: the same images, runs and classifier.

The network has the shape of the replication's and random weights, so that nothing is downloaded or trained: neither the
agreement nor the time depends on it.
"""

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from captum.concept import TCAV, Concept
from captum.concept._utils.classifier import Classifier
from jaxtyping import Float
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.utils.data import DataLoader

from benchmarks.timing import Comparison, compare_in_turn
from replications.tcav.method import ConceptSets, tcav_scores, train_cavs
from replications.tcav.networks import StagedNetwork, build_network, logit_gradients, read_activations, stage_names

CLASSES, SIDE, CONCEPT, POOL, INPUTS, RUNS, PENALTY = 4, 32, 60, 900, 100, 20, 0.01
CONCEPT_ID, TARGET = 0, 1
BORDERLINE = 2  # images whose derivative is so near zero that the two solvers may disagree on its sign


class PenalisedLogisticRegression(Classifier):
    """The classifier that ours is, by scikit-learn; captum's own stops short of the optimum, so its CAVs are noisy."""

    def __init__(self) -> None:
        self.fitted = LogisticRegression()

    def train_and_eval(self, dataloader: DataLoader, **kwargs: object) -> dict[str, Tensor]:
        """Fits the activations (image, unit) of two concepts to their ids, and returns the accuracy."""
        activations, ids = (torch.cat(part).numpy() for part in zip(*dataloader, strict=True))
        inputs = activations.reshape(len(ids), -1).astype(np.float64)
        self.fitted = LogisticRegression(C=1 / (PENALTY * len(ids)), tol=1e-7, max_iter=10_000).fit(inputs, ids)
        return {"accs": torch.tensor(self.fitted.score(inputs, ids))}

    def weights(self) -> Float[Tensor, "concept unit"]:
        """Returns the normals that point towards each concept."""
        normal = torch.from_numpy(self.fitted.coef_[0])
        return torch.stack([-normal, normal])

    def classes(self) -> list[int]:
        """Returns the concepts' ids."""
        return [int(number) for number in self.fitted.classes_]


def compare() -> Iterator[Comparison]:
    """Yields the comparison; that both sides give the same scores is checked first."""
    rng = np.random.default_rng(0)
    network = build_network(CLASSES, SIDE, torch.Generator().manual_seed(0)).eval()
    images = torch.from_numpy(rng.random((CONCEPT + POOL, 3, SIDE, SIDE), dtype=np.float32))
    images[:CONCEPT, 0] += 0.5  # the concept is red
    inputs = torch.from_numpy(rng.random((INPUTS, 3, SIDE, SIDE), dtype=np.float32))
    positives = np.tile(np.arange(CONCEPT), (RUNS, 1))
    negatives = np.stack([CONCEPT + rng.choice(POOL, CONCEPT, replace=False) for _ in range(RUNS)])

    def ours() -> Float[np.ndarray, "stage run"]:
        return score(network, images, inputs, ConceptSets(positives, negatives, positives, negatives))

    def theirs() -> Float[np.ndarray, "stage run"]:
        return score_with_captum(network, images, inputs, negatives)

    difference = INPUTS * np.abs(ours() - theirs()).max()
    if difference > BORDERLINE + 0.5:
        raise AssertionError(f"got scores {difference:.0f} images away from captum's, expected at most {BORDERLINE}")
    yield compare_in_turn(
        f"TCAV, {len(stage_names(network))} stages, {RUNS} runs of {CONCEPT} images, {INPUTS} inputs",
        "captum with scikit-learn's logistic regression", ours, theirs,
    )  # fmt: skip


def score(network: StagedNetwork, images: Tensor, inputs: Tensor, sets: ConceptSets) -> Float[np.ndarray, "stage run"]:
    """Returns our scores: the classifiers of all runs are fitted together, in the images' inner products."""
    scores = []
    for stage in stage_names(network):
        activations = read_activations(network, stage, images).astype(np.float64)
        cavs = train_cavs(activations @ activations.T, sets, PENALTY)
        products = logit_gradients(network, stage, inputs, TARGET) @ activations.T
        scores.append(tcav_scores(cavs.directional_derivatives(products)))
    return np.stack(scores)


def score_with_captum(
    network: StagedNetwork, images: Tensor, inputs: Tensor, negatives: np.ndarray
) -> Float[np.ndarray, "stage run"]:
    """Returns captum's scores: one classifier after the other, on whole activations, which it keeps in files."""

    def concept(number: int, chosen: Any) -> Concept:
        return Concept(number, f"set {number}", DataLoader(images[chosen], batch_size=CONCEPT))

    red = concept(CONCEPT_ID, slice(CONCEPT))
    pairs = [[red, concept(number, rows)] for number, rows in enumerate(negatives, start=CONCEPT_ID + 1)]
    layers = [f"stages.{stage}" for stage in stage_names(network)]
    with tempfile.TemporaryDirectory() as folder:
        peer = TCAV(network, layers, classifier=PenalisedLogisticRegression(), save_path=folder)
        found = peer.interpret(inputs, pairs, target=TARGET)
    keys = [f"{red.id}-{random.id}" for red, random in pairs]
    return np.array([[float(found[key][layer]["sign_count"][0]) for key in keys] for layer in layers])
