"""Random patterns: bits, directions, groups of similar directions, and damaged copies."""

import numpy as np
from jaxtyping import Float, Int8


def draw_bits(count: int, neurons: int, rng: np.random.Generator) -> Int8[np.ndarray, "count neuron"]:
    """Returns independent patterns of ±1."""
    packed = np.frombuffer(rng.bytes(-(-count * neurons // 8)), dtype=np.uint8)
    return np.asarray((2 * np.unpackbits(packed)[: count * neurons].astype(np.int8) - 1).reshape(count, neurons))


def flip_bits(
    patterns: Int8[np.ndarray, "count neuron"], wrong: int, rng: np.random.Generator
) -> Int8[np.ndarray, "count neuron"]:
    """Returns the patterns with `wrong` bits each turned over, chosen at random."""
    places = rng.random(patterns.shape).argpartition(wrong, axis=1)[:, :wrong] if wrong else np.empty((0, 0), int)
    damaged = patterns.copy()
    if wrong:
        rows = np.arange(len(patterns))[:, None]
        damaged[rows, places] *= -1
    return damaged


def draw_directions(
    count: int, dimension: int, radius: float, rng: np.random.Generator
) -> Float[np.ndarray, "count dimension"]:
    """Returns vectors of length `radius`, uniform over directions."""
    vectors = rng.standard_normal((count, dimension))
    return np.asarray(radius * vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def draw_groups(
    groups: int, size: int, dimension: int, radius: float, spread: float, rng: np.random.Generator
) -> Float[np.ndarray, "group member dimension"]:
    """Returns groups of vectors of length `radius`, members at a distance of about `spread` radii from their centre."""
    centres = draw_directions(groups, dimension, radius, rng)
    offsets = draw_directions(groups * size, dimension, spread * radius, rng).reshape(groups, size, dimension)
    members = centres[:, None] + offsets
    return np.asarray(radius * members / np.linalg.norm(members, axis=2, keepdims=True))
