"""The theory of generalization and transfer: what noise does to the modes, and the errors that follow.

All in units in which the noise of the training examples has the variance 1 / inputs, so that a singular value of the
teacher is its signal-to-noise ratio, with `aspect` = outputs / inputs at most 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from replications.semantic_development.method import deep_strength

DENSITY_POINTS = 20_001  # of the numerical integral over the Marchenko-Pastur density


def noisy_singular_value(signal: Float[np.ndarray, "*grid"], aspect: float) -> Float[np.ndarray, "*grid"]:
    """Returns ŝ: the singular value that the noisy data have in place of `signal`; the edge of the noise if it is weak.

    Source: lampinen2019transfer, how noise distorts the teacher: ŝ(s̄)
    """
    seen = signal > aspect**0.25
    square = np.where(seen, signal, 1) ** 2
    return np.where(seen, np.sqrt((1 + square) * (aspect + square) / square), 1 + np.sqrt(aspect))


def output_overlap(signal: Float[np.ndarray, "*grid"], aspect: float) -> Float[np.ndarray, "*grid"]:
    """Returns the squared cosine between the noiseless and the noisy output vector of a mode; 0 if it is too weak.

    Source: lampinen2019transfer, how noise distorts the teacher: first factor of O(s̄)
    """
    return _squared_cosine(signal, aspect, lambda square: aspect * (1 + square) / (square * (aspect + square)))


def input_overlap(signal: Float[np.ndarray, "*grid"], aspect: float) -> Float[np.ndarray, "*grid"]:
    """Returns the squared cosine between the noiseless and the noisy input vector of a mode; 0 if it is too weak.

    Source: lampinen2019transfer, how noise distorts the teacher: second factor of O(s̄)
    """
    return _squared_cosine(signal, aspect, lambda square: (aspect + square) / (square * (1 + square)))


def overlap(signal: Float[np.ndarray, "*grid"], aspect: float) -> Float[np.ndarray, "*grid"]:
    """Returns O(s̄), the product of the two cosines.

    Source: lampinen2019transfer, how noise distorts the teacher: O(s̄)
    """
    return np.sqrt(output_overlap(signal, aspect) * input_overlap(signal, aspect))


def _squared_cosine(signal, aspect, loss):  # type: ignore[no-untyped-def]
    seen = signal > aspect**0.25
    return np.where(seen, 1 - loss(np.where(seen, signal, 1.0) ** 2), 0.0)


def noise_singular_values(count: int, aspect: float) -> Float[np.ndarray, " mode"]:
    """Returns the typical singular values of pure noise, largest first: quantiles of the Marchenko-Pastur density.

    Source: lampinen2019transfer, how noise distorts the teacher: P(ŝ)
    """
    s = np.linspace(1 - np.sqrt(aspect), 1 + np.sqrt(aspect), DENSITY_POINTS)
    inside = np.maximum(4 * aspect - (s**2 - (1 + aspect)) ** 2, 0)
    # At aspect 1 the density is 0 / 0 at s = 0; its limit is finite, and the next point is as good.
    density = np.sqrt(inside) / np.maximum(s, s[1])
    share = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp((np.arange(count)[::-1] + 0.5) / count, share / share[-1], s)


@dataclass(frozen=True)
class Errors:
    """Normalised squared errors over training.

    Attributes:
        train: on the noisy training examples; 1 = of a network that says nothing.
        test: on the noiseless teacher.
    """

    train: Float[np.ndarray, " epoch"]
    test: Float[np.ndarray, " epoch"]


def predict_errors(
    signal: Sequence[float], outputs: int, inputs: int, hidden: int, start: float, time: Float[np.ndarray, " epoch"]
) -> Errors:
    """Returns the errors of an aligned student.

    Source: lampinen2019transfer, train and test error of the aligned student

    Args:
        signal: singular values of the teacher.
        outputs: outputs of teacher and student.
        inputs: their inputs.
        hidden: hidden units of the student; it can learn as many modes, the strongest ones.
        start: initial strength of each mode.
        time: in units of τ.
    """
    clean, aspect = np.asarray(signal, dtype=float), outputs / inputs
    modes = np.concatenate([noisy_singular_value(clean, aspect), noise_singular_values(outputs - len(clean), aspect)])
    learned = deep_strength(time[:, None], modes[None, :hidden], np.float64(start))
    fitted = learned[:, : len(clean)]
    test = (learned**2).sum(1) + (clean**2).sum() - 2 * (fitted * clean * overlap(clean, aspect)).sum(1)
    train = ((learned - modes[:hidden]) ** 2).sum(1) + (modes[hidden:] ** 2).sum()
    return Errors(train / (modes**2).sum(), test / (clean**2).sum())


def shrink(noisy: Float[np.ndarray, " mode"], aspect: float) -> Float[np.ndarray, " mode"]:
    """Returns the best strength for each noisy mode, s̄ O(s̄) with s̄ inferred from ŝ; 0 for what noise explains.

    Source: lampinen2019transfer, the non-gradient algorithm
    """
    square = noisy**2 - 1 - aspect
    visible = noisy > 1 + np.sqrt(aspect)
    signal = np.sqrt(np.where(visible, (square + np.sqrt(np.maximum(square**2 - 4 * aspect, 0))) / 2, 0))
    return signal * overlap(signal, aspect)


def predict_transfer(
    signal_a: float,
    signal_b: float,
    alignment: float,
    *,
    outputs: int,
    inputs: int,
    hidden: int,
    start: float,
    time: Float[np.ndarray, " epoch"],
) -> float:
    """Returns T^(A←B): the optimal stopping error of task A alone minus that of task A learned beside task B.

    The joint task is a teacher of rank 2. A noisy mode lies in the outputs of task A with the share that its noiseless
    mode has there, as far as the two overlap, and with half of the rest, as noise does.

    Source: lampinen2019transfer, transfer
    """
    alone = predict_errors([signal_a], outputs, inputs, hidden, start, time).test.min()
    u, clean, _ = np.linalg.svd(np.array([[signal_a, 0], [alignment * signal_b, np.sqrt(1 - alignment**2) * signal_b]]))
    share, aspect = u[0] ** 2, 2 * outputs / inputs
    modes = np.concatenate([noisy_singular_value(clean, aspect), noise_singular_values(2 * outputs - 2, aspect)])[
        :hidden
    ]
    learned = deep_strength(time[:, None], modes[None], np.float64(start))
    in_a = np.full(len(modes), 0.5)
    in_a[:2] = share * output_overlap(clean, aspect) + (1 - output_overlap(clean, aspect)) / 2
    cross = (learned[:, :2] * clean * overlap(clean, aspect) * share).sum(1)
    joint = ((learned**2 * in_a).sum(1) - 2 * cross) / signal_a**2 + 1
    return float(alone - joint.min())
