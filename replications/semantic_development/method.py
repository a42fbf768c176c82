"""Learning of linear networks on white inputs: the exact solutions, and training to compare them with."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


def deep_strength(
    time: Float[np.ndarray, "*grid"], s: Float[np.ndarray, "*grid"], start: Float[np.ndarray, "*grid"]
) -> Float[np.ndarray, "*grid"]:
    """Returns a(t), the strength of a mode in a network with one hidden layer, time in units of τ.

    The form here is the paper's, divided by e^(2st/τ) so that it cannot overflow.

    Source: saxe2019semantic, Eq. 6; lampinen2019transfer, s(t, ŝ)
    """
    return np.asarray(s / (1 + (s / start - 1) * np.exp(-2 * s * time)))


def shallow_strength(
    time: Float[np.ndarray, "*grid"], s: Float[np.ndarray, "*grid"], start: Float[np.ndarray, "*grid"]
) -> Float[np.ndarray, "*grid"]:
    """Returns b(t), the strength of a mode in a network without a hidden layer, time in units of τ.

    Source: saxe2019semantic, Eq. 7
    """
    return np.asarray(s * (1 - np.exp(-time)) + start * np.exp(-time))


def deep_time_to(share: float, s: Float[np.ndarray, "*grid"], start: Float[np.ndarray, "*grid"]) -> np.ndarray:
    """Returns when a(t) reaches a share of s, in units of τ: the inverse of `deep_strength`."""
    return np.asarray(np.log((s / start - 1) * share / (1 - share)) / (2 * s))


@dataclass(frozen=True)
class Weights:
    """Weights of networks with one hidden layer, a batch of runs.

    Attributes:
        w1: into the hidden layer.
        w2: out of it.
    """

    w1: Float[np.ndarray, "run hidden input"]
    w2: Float[np.ndarray, "run output hidden"]


def draw_small_weights(
    runs: int, outputs: int, hidden: int, inputs: int, scale: float, rng: np.random.Generator
) -> Weights:
    """Returns independent Gaussian weights of standard deviation `scale`."""
    # Deviation: own-sizes
    return Weights(
        scale * rng.standard_normal((runs, hidden, inputs)), scale * rng.standard_normal((runs, outputs, hidden))
    )


def align_weights(
    u: Float[np.ndarray, "output mode"], v: Float[np.ndarray, "input mode"], start: float, hidden: int
) -> Weights:
    """Returns weights of one run whose map has the given modes, all of strength `start`, each in a hidden unit."""
    carriers = np.sqrt(start) * np.eye(hidden, u.shape[1])
    return Weights((carriers @ v.T)[None], (u @ carriers.T)[None])


def growing_strength(
    weights: Weights, u: Float[np.ndarray, "output mode"], v: Float[np.ndarray, "input mode"]
) -> Float[np.ndarray, "run mode"]:
    """Returns the initial strength that matters: of the part of a mode that grows.

    While weights are small, x = W1 v and y = W2ᵀ u obey τ dx/dt = s y and τ dy/dt = s x. Their sum grows and their
    difference dies, so that the strength x·y tends to |(x + y) / 2|² e^(2st/τ).
    """
    # Deviation: growing-part
    x, y = weights.w1 @ v, np.swapaxes(weights.w2, 1, 2) @ u
    return np.asarray((((x + y) / 2) ** 2).sum(axis=1))


def train_deep(
    data: Float[np.ndarray, "*batch output input"], weights: Weights, rate: float, steps: int, every: int = 1
) -> Float[np.ndarray, "step run output input"]:
    """Returns the map W2 W1 before every `every`-th step of gradient descent on the squared error, white inputs.

    Source: saxe2019semantic, Eq. 1 and SI Eq. S1-S2

    Args:
        data: what the network should compute; one for all runs, or one for each.
        weights: at the start; not modified.
        rate: learning rate, 1 / τ.
        steps: number of updates.
        every: how often to record.
    """
    # Deviation: full-batch
    w1, w2 = weights.w1.copy(), weights.w2.copy()
    history = np.empty((-(-steps // every), len(w1), *data.shape[-2:]))
    for step in range(steps):
        network = w2 @ w1
        if step % every == 0:
            history[step // every] = network
        error = rate * (data - network)
        w1, w2 = w1 + np.swapaxes(w2, 1, 2) @ error, w2 + error @ np.swapaxes(w1, 1, 2)
    return history


def train_shallow(
    data: Float[np.ndarray, "output input"], network: Float[np.ndarray, "run output input"], rate: float, steps: int
) -> Float[np.ndarray, "step run output input"]:
    """Returns the map before every step of gradient descent without a hidden layer; arguments as `train_deep`."""
    history = np.empty((steps, *network.shape))
    for step in range(steps):
        history[step] = network
        network = network + rate * (data - network)
    return history


def project_modes(
    history: Float[np.ndarray, "step run output input"],
    u: Float[np.ndarray, "output mode"],
    v: Float[np.ndarray, "input mode"],
) -> Float[np.ndarray, "step run mode"]:
    """Returns the strength of each mode of the data in each recorded map."""
    return np.einsum("om,troi,im->trm", u, history, v, optimize=True)


def find_crossing(strengths: Float[np.ndarray, "step *rest"], level: Float[np.ndarray, "*rest"]) -> np.ndarray:
    """Returns the step, interpolated, at which each series first reaches its level.

    Raises:
        ValueError: a series never does; train longer.
    """
    reached = strengths >= level
    if not reached.any(axis=0).all():
        missed = int((~reached.any(axis=0)).sum())
        raise ValueError(f"got {missed} series that never reach their level; expected all to; raise `steps`")
    after = np.maximum(reached.argmax(axis=0), 1)
    low, high = (np.take_along_axis(strengths, (after - back)[None], axis=0)[0] for back in (1, 0))
    return np.asarray(after - 1 + np.clip((level - low) / (high - low), 0, 1))
