"""Textured objects: a shape filled with a texture on a background, for networks that may use one, the other or both."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from replications.tcav.photographs import SIDE, Images, draw_backgrounds
from replications.tcav.textures import PATTERNS, REDS, draw_texture

TEXTURES = tuple(PATTERNS)
SHAPES = ("disc", "square", "triangle", "cross", "ring")
SIZES = (14, 20)  # smallest and largest half width of an object, in pixels


def draw_objects(
    shapes: Int[np.ndarray, " image"], textures: Int[np.ndarray, " image"], rng: np.random.Generator
) -> Images:
    """Returns one object an image, its place, size and angle drawn anew each time.

    Args:
        shapes: numbers of `SHAPES`.
        textures: numbers of `TEXTURES`.
        rng: source of everything else.
    """
    images = draw_backgrounds(len(shapes), rng)
    for image, shape, texture in zip(images, shapes, textures, strict=True):
        inside = draw_mask(SHAPES[shape], rng)
        image[:, inside] = draw_texture(TEXTURES[texture], SIDE, rng)[:, inside]
    return images


def draw_mask(shape: str, rng: np.random.Generator) -> Bool[np.ndarray, "row column"]:
    """Returns which pixels belong to an object of a shape."""
    size = rng.uniform(*SIZES)
    centre = rng.uniform(size, SIDE - size, (2, 1, 1))
    angle = rng.uniform(0, 2 * np.pi)
    row, column = (np.mgrid[:SIDE, :SIDE] - centre) / size
    y, x = row * np.cos(angle) + column * np.sin(angle), column * np.cos(angle) - row * np.sin(angle)
    radius = np.hypot(x, y)
    inside = {
        "disc": radius < 0.85,
        "square": (np.abs(x) < 0.72) & (np.abs(y) < 0.72),
        "triangle": (y < 0.5) & (y > np.sqrt(3) * np.abs(x) - 1),
        "cross": ((np.abs(x) < 0.3) & (np.abs(y) < 0.95)) | ((np.abs(y) < 0.3) & (np.abs(x) < 0.95)),
        "ring": (radius < 0.95) & (radius > 0.5),
    }
    return np.asarray(inside[shape])


def draw_swatches(textures: Sequence[str], rng: np.random.Generator, *, red: bool = False) -> Images:
    """Returns images that are all texture, one for each name; in shades of red alone if asked."""
    colours = {"colours": REDS} if red else {}
    return np.stack([draw_texture(name, SIDE, rng, **colours) for name in textures])


def draw_random_objects(n: int, rng: np.random.Generator) -> Images:
    """Returns objects whose shape and texture have nothing to do with each other."""
    return draw_objects(rng.integers(len(SHAPES), size=n), rng.integers(len(TEXTURES), size=n), rng)
