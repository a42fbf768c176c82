"""Procedural textures: stripes, dots, zigzags, checks and gradients, varied in scale, angle, colour and noise."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Pattern = Float[np.ndarray, "row column"]
Image = Float[np.ndarray, "channel row column"]

SMALLEST_CONTRAST = 0.35  # between a texture's two colours, in mean brightness
REDS = ((0.55, 1.0), (0.0, 0.25), (0.0, 0.25))  # ranges of the channels of what counts as red
ALL_COLOURS = ((0.0, 1.0),) * 3


def draw_texture(
    name: str, side: int, rng: np.random.Generator, colours: tuple[tuple[float, float], ...] = ALL_COLOURS
) -> Image:
    """Returns a square filled with a texture, in [0, 1].

    Args:
        name: a key of `PATTERNS`.
        side: rows and columns.
        rng: draws scale, angle, place, the two colours and the noise.
        colours: range of each channel.
    """
    period = rng.uniform(side / 8, side / 4)
    angle = rng.uniform(0, np.pi)
    row, column = np.mgrid[:side, :side] - rng.uniform(0, side, (2, 1, 1))
    across = row * np.cos(angle) + column * np.sin(angle)
    along = column * np.cos(angle) - row * np.sin(angle)
    pattern = PATTERNS[name](across / period, along / period, period / side)
    dark, bright = _draw_colours(rng, colours)
    image = dark[:, None, None] * (1 - pattern) + bright[:, None, None] * pattern
    noisy = image + rng.normal(0, rng.uniform(0, 0.08), (1, side, side))
    return np.clip(noisy, 0, 1).astype(np.float32)


def _stripes(across: Pattern, along: Pattern, scale: float) -> Pattern:
    return _sharpen(np.sin(2 * np.pi * across))


def _dots(across: Pattern, along: Pattern, scale: float) -> Pattern:
    distance = np.hypot(across - np.round(across), along - np.round(along))
    return _sharpen(2 * (0.3 - distance) / 0.3)


def _zigzags(across: Pattern, along: Pattern, scale: float) -> Pattern:
    wave = np.abs(along / 1.5 - np.round(along / 1.5)) * 3  # a triangular wave, 1.5 periods high and long
    return _sharpen(np.sin(2 * np.pi * (across + wave)))


def _checks(across: Pattern, along: Pattern, scale: float) -> Pattern:
    return _sharpen(2 * np.sin(np.pi * across) * np.sin(np.pi * along))


def _gradients(across: Pattern, along: Pattern, scale: float) -> Pattern:
    return 0.5 + 0.5 * np.sin(np.pi * across * scale)  # half a turn over the side, whatever the period


PATTERNS: dict[str, Callable[[Pattern, Pattern, float], Pattern]] = {
    "stripes": _stripes,
    "dots": _dots,
    "zigzags": _zigzags,
    "checks": _checks,
    "gradients": _gradients,
}


def _sharpen(wave: Pattern) -> Pattern:
    """Returns a wave of about -1 to 1 with steep flanks, from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-8 * wave)))


def _draw_colours(
    rng: np.random.Generator, ranges: tuple[tuple[float, float], ...]
) -> tuple[Float[np.ndarray, " channel"], Float[np.ndarray, " channel"]]:
    """Returns two colours within the ranges, of different brightness as far as the ranges allow."""
    low, high = np.array(ranges).T
    needed = min(SMALLEST_CONTRAST, float((high - low).mean()) / 4)
    while True:
        first, second = rng.uniform(low, high, (2, 3))
        if abs(first.mean() - second.mean()) >= needed:
            return first, second
