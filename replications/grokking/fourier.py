"""Waves over the numbers modulo 113, and functions of two numbers as sums of products of waves."""

from collections.abc import Iterable
from math import pi, sqrt

import torch
from torch import Tensor

from replications.grokking.dataset import MODULUS

FREQUENCIES = range(1, MODULUS // 2 + 1)  # 1 to 56; frequency 113 - k is k


def make_basis() -> Tensor:
    """Returns the orthonormal waves [component, number] in float64: the constant, then cos and sin of each frequency.

    Source: nanda2023grokking, § 4.1; the authors' code
    """
    angles = 2 * pi / MODULUS * torch.outer(torch.tensor([*FREQUENCIES]), torch.arange(MODULUS)).double()
    waves = torch.stack([angles.cos(), angles.sin()], dim=1).flatten(0, 1) * sqrt(2 / MODULUS)
    return torch.cat([torch.full((1, MODULUS), 1 / sqrt(MODULUS), dtype=torch.float64), waves])


def components_of(frequencies: Iterable[int]) -> list[int]:
    """Returns the places of their cosines and sines in the basis, in this order."""
    return [place for frequency in frequencies for place in (2 * frequency - 1, 2 * frequency)]


def transform(grid: Tensor, basis: Tensor) -> Tensor:
    """Returns the coefficients [component of a, component of b, …] of functions of two numbers [a, b, …]."""
    return torch.einsum("lb,kb...->kl...", basis, torch.einsum("ka,ab...->kb...", basis, grid))


def restore(coefficients: Tensor, basis: Tensor) -> Tensor:
    """Returns the functions [a, b, …] that have these coefficients."""
    return torch.einsum("lb,al...->ab...", basis, torch.einsum("ka,kl...->al...", basis, coefficients))


def wave_of_sum(frequency: int, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Returns cos(w(a + b)) and sin(w(a + b)), each [113 a + b] with norm 1.

    Source: nanda2023grokking, § 3.1: cos cos − sin sin and sin cos + cos sin
    """
    cos, sin = basis[2 * frequency - 1], basis[2 * frequency]
    cosine = torch.outer(cos, cos) - torch.outer(sin, sin)
    sine = torch.outer(sin, cos) + torch.outer(cos, sin)
    return cosine.flatten() / sqrt(2), sine.flatten() / sqrt(2)


def keep_waves_of_sum(values: Tensor, frequencies: Iterable[int], basis: Tensor) -> Tensor:
    """Returns the part of functions of two numbers [113 a + b, …] that is a sum of these waves of a + b."""
    waves = [wave for frequency in frequencies for wave in wave_of_sum(frequency, basis)]
    if not waves:
        return torch.zeros_like(values)
    stacked = torch.stack(waves)
    return stacked.T @ (stacked @ values)


def keep_products(grid: Tensor, frequencies: Iterable[int], basis: Tensor) -> Tensor:
    """Returns the part of functions [a, b, …] made of their mean and, for each frequency, the 8 products of its waves.

    A product has a wave of this frequency or the constant for a, and likewise for b, not the constant for both.
    """
    coefficients = transform(grid, basis)
    mask = torch.zeros(MODULUS, MODULUS, dtype=torch.bool)
    mask[0, 0] = True
    for frequency in frequencies:
        block = torch.tensor([0, 2 * frequency - 1, 2 * frequency])
        mask[block[:, None], block] = True
    return restore(coefficients * mask.view(MODULUS, MODULUS, *[1] * (grid.ndim - 2)), basis)


def explained_by_frequency(grid: Tensor) -> Tensor:
    """Returns the share of the variance of functions [a, b, function] that each frequency's products explain.

    Returns [frequency, function]; zero for a function that is constant.

    Source: nanda2023grokking, § 4.3
    """
    power = transform(grid, make_basis()) ** 2
    rounding = 1e-20 * power[0, 0] + torch.finfo(torch.float64).tiny
    power[0, 0] = 0
    total = power.sum((0, 1)).clamp_min(rounding)
    blocks = [power[[[0], [2 * k - 1], [2 * k]], [0, 2 * k - 1, 2 * k]].sum((0, 1)) for k in FREQUENCIES]
    return torch.stack(blocks) / total


def gini(norms: Tensor) -> float:
    """Returns the Gini coefficient of non-negative numbers: 0 if all are equal, near 1 if one of many is not zero.

    Source: nanda2023grokking, § 5.1; Hurley & Rickard 2009
    """
    ordered = norms.sort().values
    ranks = torch.arange(1, len(norms) + 1, dtype=norms.dtype)
    return float(1 - 2 * (ordered / norms.sum() * (len(norms) - ranks + 0.5) / len(norms)).sum())
