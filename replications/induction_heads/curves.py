"""Reading training curves: when a score is half way, how much of it falls into a window, where the loss has a bump."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Bump:
    """Where the descent of the loss speeds up most after it had slowed down.

    Attributes:
        height: nats per e-fold of tokens by which it speeds up; 0 if it only slows down.
        tokens: tokens seen at the steepest descent.
    """

    height: float
    tokens: float


def crossing(tokens: Float[np.ndarray, " time"], values: Float[np.ndarray, " time"], level: float) -> float | None:
    """Returns the tokens at which `values` first rises to `level`, linear between snapshots; None if it never does."""
    above = np.flatnonzero(values >= level)
    if not len(above):
        return None
    after = above[0]
    if after == 0:
        return float(tokens[0])
    low, high = values[after - 1], values[after]
    share = (level - low) / (high - low)
    return float(tokens[after - 1] + share * (tokens[after] - tokens[after - 1]))


def time_of_share(tokens: Float[np.ndarray, " time"], values: Float[np.ndarray, " time"], share: float) -> float:
    """Returns the tokens at which `values` has gone a share of its way from the first to the last snapshot."""
    way = values[-1] - values[0]
    reached = crossing(tokens, (values - values[0]) / way, share) if way else None
    return float(tokens[-1]) if reached is None else reached


def share_in_window(
    tokens: Float[np.ndarray, " time"], values: Float[np.ndarray, " time"], start: float, end: float
) -> float:
    """Returns the change of `values` between two times as a share of its last value."""
    before, after = np.interp([start, end], tokens, values)
    return float((after - before) / values[-1])


def descent(
    tokens: Float[np.ndarray, " time"], losses: Float[np.ndarray, " time"], smoothing: int
) -> tuple[Float[np.ndarray, " later"], Float[np.ndarray, " later"]]:
    """Returns times and the descent of the loss there, in nats per e-fold of tokens; positive = it falls.

    Source: olsson2022context, Model Analysis Table (derivative of the loss with respect to the logarithm of tokens).

    Args:
        tokens: seen at each snapshot; the first may be 0 and is left out.
        losses: mean loss at each snapshot.
        smoothing: snapshots over which the loss is averaged, an odd number.
    """
    half = smoothing // 2
    averaged = np.convolve(losses, np.full(smoothing, 1 / smoothing), "valid")
    centres = tokens[half : len(tokens) - half]
    seen = centres > 0
    centres, averaged = centres[seen], averaged[seen]
    slopes = -np.diff(averaged) / np.diff(np.log(centres))
    return np.sqrt(centres[1:] * centres[:-1]), slopes


def find_bump(
    tokens: Float[np.ndarray, " time"], losses: Float[np.ndarray, " time"], smoothing: int, begin: float
) -> Bump:
    """Returns the bump of a loss curve after `begin` tokens: the largest rise of the descent over an earlier low.

    Raises:
        ValueError: there is no snapshot after `begin`.
    """
    times, slopes = descent(tokens, losses, smoothing)
    late = times >= begin
    if not late.any():
        raise ValueError(
            f"got {len(tokens)} snapshots, none after {begin:g} tokens; expected more, or an earlier beginning"
        )
    times, slopes = times[late], slopes[late]
    rises = slopes - np.minimum.accumulate(slopes)
    top = int(rises.argmax())
    return Bump(float(rises[top]), float(times[top]))
