"""Students that learn from a noisy teacher: aligned ones mode by mode, others with their whole weights."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from replications.semantic_development.dataset import Teacher, draw_orthonormal
from replications.semantic_development.generalization import Errors, shrink


def train_aligned(
    noisy: Float[np.ndarray, "*batch mode"], start: float, rate: float, epochs: int
) -> Iterator[Float[np.ndarray, "*batch mode"]]:
    """Yields the strength of each mode before each epoch of gradient descent from aligned weights.

    Aligned weights stay aligned, each mode has the same weight w on both sides of the hidden layer, and
    w grows by rate · w (ŝ - w²): gradient descent on whole matrices does the same (a test compares them).

    Args:
        noisy: singular values of the noisy teacher, those that the student has hidden units for.
        start: initial strength.
        rate: learning rate, 1 / τ.
        epochs: number of updates.
    """
    weight = np.full(noisy.shape, np.sqrt(start))
    for _ in range(epochs):
        yield weight**2
        weight = weight + rate * weight * (noisy - weight**2)


def run_aligned(teacher: Teacher, hidden: int, start: float, rate: float, epochs: int) -> Errors:
    """Returns the errors of an aligned student before each epoch."""
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    cross = np.einsum("oi,om,mi->m", teacher.clean, u, vt, optimize=True)[:hidden]
    strength = np.stack(list(train_aligned(s[:hidden], start, rate, epochs)))
    test = (strength**2).sum(1) - 2 * strength @ cross + (teacher.clean**2).sum()
    train = ((strength - s[:hidden]) ** 2).sum(1) + (s[hidden:] ** 2).sum()
    return Errors(train / (s**2).sum(), test / (teacher.clean**2).sum())


def run_random(
    teachers: list[Teacher],
    hidden: int,
    start: float,
    rate: float,
    epochs: int,
    every: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "record teacher"]:
    """Returns the test error before every `every`-th epoch of students that start with random orthogonal weights.

    Args:
        teachers: one student learns from each; all of one size.
        hidden: hidden units, at most as many as outputs.
        start: initial singular values of the map.
        rate: learning rate.
        epochs: number of updates.
        every: how often to record.
        rng: for the weights.
    """
    clean, noisy = (np.stack([getattr(teacher, name) for teacher in teachers]) for name in ("clean", "noisy"))
    outputs, inputs = clean.shape[1:]
    w1 = np.sqrt(start) * np.stack([draw_orthonormal(inputs, hidden, rng).T for _ in teachers])
    w2 = np.sqrt(start) * np.stack([draw_orthonormal(outputs, hidden, rng) for _ in teachers])
    norm = (clean**2).sum((1, 2))
    test = np.empty((-(-epochs // every), len(teachers)))
    for epoch in tqdm(range(epochs), desc="students with random weights", mininterval=5):
        network = w2 @ w1
        if epoch % every == 0:
            test[epoch // every] = ((clean - network) ** 2).sum((1, 2)) / norm
        error = rate * (noisy - network)
        w1, w2 = w1 + np.swapaxes(w2, 1, 2) @ error, w2 + error @ np.swapaxes(w1, 1, 2)
    return test


def shrinkage_error(teacher: Teacher) -> float:
    """Returns the test error of the teacher's noisy map with its singular values shrunk, without any training.

    Source: lampinen2019transfer, the non-gradient algorithm
    """
    u, s, vt = np.linalg.svd(teacher.noisy, full_matrices=False)
    estimate = (u * shrink(s, len(u) / vt.shape[1])) @ vt
    return float(((estimate - teacher.clean) ** 2).sum() / (teacher.clean**2).sum())


def measure_transfer(
    pairs: list[Teacher], hidden: int, start: float, rate: float, epochs: int
) -> Float[np.ndarray, " pair"]:
    """Returns, for each pair of tasks, the optimal stopping error of task A alone minus that beside task B."""
    outputs = len(pairs[0].clean) // 2
    alone = [Teacher(pair.clean[:outputs], pair.noisy[:outputs]) for pair in pairs]
    return _optimal_errors(alone, outputs, hidden, start, rate, epochs) - _optimal_errors(
        pairs, outputs, hidden, start, rate, epochs
    )


def _optimal_errors(
    teachers: list[Teacher], outputs: int, hidden: int, start: float, rate: float, epochs: int
) -> Float[np.ndarray, " teacher"]:
    """Returns the lowest test error over training of aligned students, on the first `outputs` outputs."""
    u, s, vt = np.linalg.svd(np.stack([teacher.noisy for teacher in teachers]), full_matrices=False)
    u, s, vt = u[:, :outputs, :hidden], s[:, :hidden], vt[:, :hidden]
    clean = np.stack([teacher.clean[:outputs] for teacher in teachers])
    cross = np.einsum("toi,tom,tmi->tm", clean, u, vt, optimize=True)
    share, norm = (u**2).sum(1), (clean**2).sum((1, 2))
    best = np.full(len(teachers), np.inf)
    for strength in train_aligned(s, start, rate, epochs):
        error = (strength**2 * share - 2 * strength * cross).sum(1) / norm + 1
        np.minimum(best, error, out=best)
    return best
