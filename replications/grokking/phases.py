"""When the losses of a network fall, and the three phases of its training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Series = Float[np.ndarray, " evaluation"]


@dataclass(frozen=True)
class Phases:  # Deviation: phases-by-rule
    """Epochs between which memorisation, circuit formation and cleanup lie.

    Attributes:
        memorised: end of memorisation, the lowest excluded loss before cleanup.
        begin: begin of cleanup, the test loss has fallen below half of its highest value for good.
        end: end of cleanup, the test loss is below the target.
    """

    memorised: float
    begin: float
    end: float


def first_epoch(epochs: Series, reached: np.ndarray) -> float | None:
    """Returns the first epoch at which something is reached, None if it never is."""
    return float(epochs[reached.argmax()]) if reached.any() else None


def halving_epoch(epochs: Series, loss: Series, end: float) -> float | None:
    """Returns the first epoch from which the loss stays below half of its highest value until `end`; None if never."""
    considered = epochs <= end
    above = loss[considered] >= loss[considered].max() / 2
    last = len(above) - 1 - int(above[::-1].argmax())
    return float(epochs[last + 1]) if last + 1 < len(above) else None


def find_phases(
    epochs: Series, test_loss: Series, snapshot_epochs: Series, excluded: Series, target: float
) -> Phases | None:
    """Returns the phases of a network, None if its test loss never halves and falls below the target.

    Args:
        epochs: of the evaluations.
        test_loss: at them.
        snapshot_epochs: of the snapshots.
        excluded: excluded loss at them.
        target: test loss at which cleanup is over.
    """
    end = first_epoch(epochs, test_loss < target)
    begin = None if end is None else halving_epoch(epochs, test_loss, end)
    if end is None or begin is None:
        return None
    early = snapshot_epochs <= begin
    return Phases(float(snapshot_epochs[early][excluded[early].argmin()]), begin, end)
