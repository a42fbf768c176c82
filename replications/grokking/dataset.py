"""All pairs of numbers modulo 113, and which of them are trained on."""

from dataclasses import dataclass

import torch
from torch import Tensor

MODULUS = 113  # nanda2023grokking, § 3


@dataclass(frozen=True)
class Pairs:
    """Pairs of numbers.

    Attributes:
        a: first numbers [pair].
        b: second numbers [pair].
    """

    a: Tensor
    b: Tensor

    @property
    def sums(self) -> Tensor:
        """The right answers [pair]."""
        return (self.a + self.b) % MODULUS

    def to(self, device: torch.device) -> "Pairs":
        """Returns the pairs on a device."""
        return Pairs(self.a.to(device), self.b.to(device))


def list_pairs() -> Pairs:
    """Returns all 12,769 pairs; pair 113 a + b is (a, b)."""
    numbers = torch.arange(MODULUS**2)
    return Pairs(numbers // MODULUS, numbers % MODULUS)


def split_pairs(fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Returns the numbers of the pairs to train on (`fraction` of all, rounded down) and of the held-out ones.

    Source: nanda2023grokking, § 3
    """
    order = torch.randperm(MODULUS**2, generator=torch.Generator().manual_seed(seed))
    trained = int(fraction * MODULUS**2)
    return order[:trained].sort().values, order[trained:].sort().values


def select_pairs(numbers: Tensor) -> Pairs:
    """Returns the pairs with these numbers."""
    return Pairs(numbers // MODULUS, numbers % MODULUS)
