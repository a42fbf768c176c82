"""Captioned photographs: pieces of clothing on a textured background, with a word written underneath.

Source: kim2018tcav, § 4.3 (captions and their noise); the photographs are Fashion-MNIST's.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from replications.tcav.words import OTHER_WORDS

SIDE = 48  # pixels of an image
CAPTION_TOP = 37  # the caption fills the rows from here to the bottom
FONT_SIZE = 9
GARMENT_SIDES = (30, 37)  # smallest and largest side of the photograph, upscaled from 28
OPAQUE_FROM = 0.25  # Fashion-MNIST's own background is black; brighter than this hides ours

Images = Float[np.ndarray, "image channel row column"]


def draw_backgrounds(n: int, rng: np.random.Generator) -> Images:
    """Returns `n` textured backgrounds: a random colour, coarse blotches and fine grain, in [0, 1]."""
    colours = rng.uniform(0.25, 0.75, (n, 3, 1, 1))
    coarse = np.stack([_enlarge(blotches, SIDE) for blotches in rng.normal(0, 0.12, (n, 6, 6))])
    fine = rng.normal(0, 0.04, (n, 1, SIDE, SIDE))
    return np.clip(colours + coarse[:, None] + fine, 0, 1).astype(np.float32)


def place_garments(garments: UInt8[np.ndarray, "image 28 28"], backgrounds: Images, rng: np.random.Generator) -> Images:
    """Returns the photographs upscaled and put on the backgrounds, above the place of the caption.

    Size, position and a slight tint are drawn anew for each.
    """
    images = backgrounds.copy()
    for image, garment in zip(images, garments, strict=True):
        side = int(rng.integers(GARMENT_SIDES[0], GARMENT_SIDES[1] + 1))
        top, left = int(rng.integers(CAPTION_TOP - side + 1)), int(rng.integers(SIDE - side + 1))
        brightness = np.clip(_enlarge(garment / 255, side), 0, 1)
        alpha = np.clip(brightness / OPAQUE_FROM, 0, 1)
        tinted = brightness * rng.uniform(0.7, 1, (3, 1, 1))
        place = image[:, top : top + side, left : left + side]
        place[:] = (1 - alpha) * place + alpha * tinted
    return images


def write_captions(images: Images, words: Sequence[str | None]) -> Images:
    """Returns the images with a white word on black strokes underneath each; None leaves an image as it is."""
    captioned = images.copy()
    for image, word in zip(captioned, words, strict=True):
        if word is not None:
            ink, outline = _rasterise(word)
            image[:, CAPTION_TOP:] = image[:, CAPTION_TOP:] * (1 - outline) * (1 - ink) + ink
    return captioned


def replace_words(words: Sequence[str], noise: float, rng: np.random.Generator) -> list[str]:
    """Returns the words, each replaced by a random other word with probability `noise`, the p of the paper.

    Source: kim2018tcav, § 4.3.
    """
    replaced = rng.random(len(words)) < noise
    return [str(rng.choice(OTHER_WORDS)) if swap else word for word, swap in zip(words, replaced, strict=True)]


@cache
def _rasterise(word: str) -> tuple[Float[np.ndarray, "row column"], Float[np.ndarray, "row column"]]:
    """Returns ink and outline of a word, centred, in [0, 1]."""
    font = ImageFont.load_default(FONT_SIZE)
    masks = []
    for stroke in (0, 1):
        canvas = Image.new("L", (SIDE, SIDE - CAPTION_TOP))
        ImageDraw.Draw(canvas).text(
            (SIDE / 2, (SIDE - CAPTION_TOP) / 2), word, fill=255, font=font, anchor="mm", stroke_width=stroke
        )
        masks.append(np.asarray(canvas, dtype=np.float32) / 255)
    return masks[0], masks[1]


def _enlarge(image: Float[np.ndarray, "row column"], side: int) -> Float[np.ndarray, "side side"]:
    resized = Image.fromarray(image.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(resized)
