"""The images: photographs with captions, textures, shapes, and the subset of Fashion-MNIST."""

import numpy as np
import pytest

from replications.common.fashion_mnist import DataError
from replications.tcav.fashion import Part, read_garments, select_garments
from replications.tcav.objects import SHAPES, TEXTURES, draw_mask, draw_objects, draw_random_objects, draw_swatches
from replications.tcav.photographs import (
    CAPTION_TOP,
    SIDE,
    draw_backgrounds,
    place_garments,
    replace_words,
    write_captions,
)
from replications.tcav.published_readings import ImagesError, read_folder
from replications.tcav.textured import BOTH, SHAPE, TEXTURE, draw_classes
from replications.tcav.textures import draw_texture
from replications.tcav.words import CLASS_WORDS, OTHER_WORDS


def test_a_caption_changes_the_rows_of_the_caption_and_no_other(rng):
    images = draw_backgrounds(2, rng)
    captioned = write_captions(images, ["coat", None])
    assert (captioned[0, :, :CAPTION_TOP] == images[0, :, :CAPTION_TOP]).all()
    assert (captioned[0, :, CAPTION_TOP:] != images[0, :, CAPTION_TOP:]).mean() > 0.1
    assert captioned[0, :, CAPTION_TOP:].max() > 0.9
    assert (captioned[1] == images[1]).all()


def test_every_word_fits_into_the_image_and_looks_different(rng):
    blank = np.full((1, 3, SIDE, SIDE), 0.5, dtype=np.float32)
    seen = set()
    for word in (*CLASS_WORDS, *OTHER_WORDS):
        drawn = write_captions(blank, [word])[0, 0]
        assert (drawn[:, [0, -1]] == 0.5).all(), word
        seen.add(drawn.tobytes())
    assert len(seen) == len(CLASS_WORDS) + len(OTHER_WORDS)


def test_garments_stay_above_the_caption(rng):
    backgrounds = draw_backgrounds(20, rng)
    placed = place_garments(np.full((20, 28, 28), 255, np.uint8), backgrounds, rng)
    assert (placed[:, :, CAPTION_TOP:] == backgrounds[:, :, CAPTION_TOP:]).all()
    changed = (placed != backgrounds).any(1).mean((1, 2))
    assert (changed > (29 / SIDE) ** 2).all() and (changed < (38 / SIDE) ** 2).all()
    black = place_garments(np.zeros((20, 28, 28), np.uint8), backgrounds, rng)
    assert black == pytest.approx(backgrounds)


@pytest.mark.parametrize(("noise", "low", "high"), [(0.0, 0, 0), (0.3, 0.25, 0.35), (1.0, 1, 1)])
def test_the_noise_is_the_share_of_words_that_are_replaced(noise, low, high, rng):
    words = replace_words(["coat"] * 2000, noise, rng)
    assert low <= np.mean([word != "coat" for word in words]) <= high
    assert not set(OTHER_WORDS) & set(CLASS_WORDS)


def test_stripes_vary_across_and_not_along():
    """With noise left out of the comparison, the best of all directions explains nearly all of a stripe's variance."""
    rng = np.random.default_rng(1)
    row, column = np.mgrid[:SIDE, :SIDE]
    for _ in range(5):
        grey = draw_texture("stripes", SIDE, rng).mean(0)
        explained = []
        for angle in np.linspace(0, np.pi, 60, endpoint=False):
            bins = np.round(row * np.cos(angle) + column * np.sin(angle)).astype(int)
            bins -= bins.min()
            means = np.bincount(bins.ravel(), grey.ravel()) / np.maximum(np.bincount(bins.ravel()), 1)
            explained.append(means[bins].var() / grey.var())
        assert max(explained) > 0.6 and np.median(explained) < 0.5


def test_a_gradient_turns_at_most_half_and_keeps_its_colours_apart(rng):
    for _ in range(5):
        grey = draw_texture("gradients", SIDE, rng).mean(0)
        smooth = grey.reshape(6, 8, 6, 8).mean((1, 3))
        assert np.abs(np.diff(smooth, axis=0)).max() < 0.35
        assert np.ptp(smooth) > 0.03


def test_swatches_are_in_range_and_red_ones_are_red(rng):
    swatches = draw_swatches(TEXTURES, rng)
    assert swatches.shape == (len(TEXTURES), 3, SIDE, SIDE)
    assert swatches.min() >= 0 and swatches.max() <= 1
    red = draw_swatches(["dots"] * 10, rng, red=True).mean((2, 3))
    assert (red[:, 0] > 2 * red[:, 1:].max(1)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_is_whole_within_the_image(shape, rng):
    for _ in range(20):
        mask = draw_mask(shape, rng)
        assert 0.03 < mask.mean() < 0.6
        assert not mask[[0, -1]].any() or mask[[0, -1]].mean() < 0.3


def test_a_disc_has_the_area_of_a_disc_and_a_ring_has_a_hole(rng):
    radius = 0.85 * 17
    areas = [draw_mask("disc", rng).sum() for _ in range(200)]
    assert np.mean(areas) == pytest.approx(np.pi * radius**2, rel=0.1)
    ring = draw_mask("ring", rng)
    row, column = (int(axis.mean()) for axis in np.nonzero(ring))
    assert not ring[row, column]


@pytest.mark.parametrize("condition", [TEXTURE, SHAPE, BOTH])
def test_only_what_tells_the_class_goes_with_it(condition, monkeypatch, rng):
    seen = {}
    monkeypatch.setattr(
        "replications.tcav.textured.draw_objects",
        lambda shapes, textures, rng: seen.update(shape=shapes, texture=textures) or np.zeros((len(shapes), 3, 2, 2)),
    )
    _, labels = draw_classes(condition, 200, rng)
    for what in (TEXTURE, SHAPE):
        agreement = (seen[what] == labels.numpy()).mean()
        assert agreement == 1 if condition in (what, BOTH) else 0.15 < agreement < 0.25


def test_random_objects_have_all_shapes_and_textures(rng):
    assert draw_random_objects(4, rng).shape == (4, 3, SIDE, SIDE)
    same = [draw_objects(np.array([1]), np.array([2]), np.random.default_rng(5)) for _ in range(2)]
    assert (same[0] == same[1]).all()


@pytest.fixture
def parts() -> dict[str, Part]:
    """Fashion-MNIST with fewer images; image number n of either part is filled with n."""
    counts = {"train": np.arange(60, dtype=np.uint8), "t10k": np.arange(40, dtype=np.uint8)}
    return {part: (np.tile(n[:, None, None], (1, 28, 28)), n % 10) for part, n in counts.items()}


def test_the_subset_is_the_first_images_of_each_class_in_the_order_of_the_files(parts):
    garments = select_garments(parts, ("trouser", "bag"), train=3, test=2, others=2)
    assert garments.train[:, :, 0, 0].tolist() == [[1, 11, 21], [8, 18, 28]]
    assert garments.test[:, :, 0, 0].tolist() == [[1, 11], [8, 18]]
    assert garments.others[:, 5, 5].tolist() == [0, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 19]


def test_a_missing_subset_says_how_to_restore_it(tmp_path):
    with pytest.raises(DataError, match="run `dvc pull`"):
        read_garments(tmp_path / "missing.npz")


def test_an_empty_folder_of_images_is_refused(tmp_path):
    with pytest.raises(ImagesError, match="got no images in"):
        read_folder(tmp_path, 8)
