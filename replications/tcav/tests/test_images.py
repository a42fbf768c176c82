"""The images: photographs with captions, textures, shapes, and Fashion-MNIST's own files."""

import gzip
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import requests

from replications.tcav import fashion_files
from replications.tcav.fashion import FashionError, read_garments, read_images, select_garments
from replications.tcav.fashion_files import find_files
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


def pack(folder: Path, name: str, header: list[int], values: np.ndarray) -> None:
    (folder / name).write_bytes(gzip.compress(np.array(header, ">i4").tobytes() + values.astype(np.uint8).tobytes()))


@pytest.fixture
def files(tmp_path) -> Path:
    """Four files in Fashion-MNIST's format; image number n of either part is filled with n."""
    folder = tmp_path / "package"
    folder.mkdir()
    for part, count in (("train", 60), ("t10k", 40)):
        images = np.repeat(np.arange(count), 28 * 28)
        pack(folder, f"{part}-images-idx3-ubyte.gz", [2051, count, 28, 28], images)
        pack(folder, f"{part}-labels-idx1-ubyte.gz", [2049, count], np.arange(count) % 10)
    return folder


def test_the_subset_is_the_first_images_of_each_class_in_the_order_of_the_files(files):
    garments = select_garments(files, ("trouser", "bag"), train=3, test=2, others=2)
    assert garments.train[:, :, 0, 0].tolist() == [[1, 11, 21], [8, 18, 28]]
    assert garments.test[:, :, 0, 0].tolist() == [[1, 11], [8, 18]]
    assert garments.others[:, 5, 5].tolist() == [0, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 19]


@pytest.fixture
def published(files, monkeypatch) -> Path:
    """The four files under hashes of their own, as if they were the published ones; nothing can be fetched."""
    hashes = {path.name: sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in files.iterdir()}
    monkeypatch.setattr(fashion_files, "SHA256", hashes)
    monkeypatch.setattr(requests, "get", refuse)
    return files


def refuse(address: str, timeout: float) -> requests.Response:
    raise requests.ConnectionError(f"no network for {address} within {timeout} s")


def serve(contents: dict[str, bytes]) -> Callable[[str, float], requests.Response]:
    """Returns what answers in place of `requests.get`, from memory."""

    def get(address: str, timeout: float) -> requests.Response:
        response = requests.Response()
        name = address.removeprefix(fashion_files.ADDRESS)
        response.status_code = 200 if name in contents else 404
        response._content = contents.get(name, b"")
        return response

    return get


def test_the_files_of_the_package_are_taken_without_a_download(published, tmp_path):
    assert find_files(published, tmp_path / "downloads") == published


def test_packing_does_not_matter_to_the_hash(published, tmp_path):
    path = published / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1, mtime=5))
    assert find_files(published, tmp_path / "downloads") == published


def test_a_file_of_another_content_is_refused_with_both_hashes(files, tmp_path):
    with pytest.raises(FashionError, match=r"got content of SHA-256 .*, expected c59f468a.*; delete it"):
        find_files(files, tmp_path / "downloads")


def test_without_the_package_the_official_files_are_fetched_once(published, tmp_path, monkeypatch):
    contents = {path.name: path.read_bytes() for path in published.iterdir()}
    monkeypatch.setattr(requests, "get", serve(contents))
    downloads = find_files(tmp_path / "missing", tmp_path / "downloads")
    assert {path.name: path.read_bytes() for path in downloads.iterdir()} == contents
    monkeypatch.setattr(requests, "get", refuse)
    assert find_files(tmp_path / "missing", tmp_path / "downloads") == downloads


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>sign in</html>", r"http.*ubyte\.gz: got 20 bytes that are no gzip file"),
        (gzip.compress(b"another data set", mtime=0), r"http.*ubyte\.gz: got content of SHA-256 .*, expected"),
    ],
    ids=["a page", "other data"],
)
def test_a_download_of_another_content_is_refused_and_not_kept(published, tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(requests, "get", serve({path.name: content for path in published.iterdir()}))
    with pytest.raises(FashionError, match=message):
        find_files(tmp_path / "missing", tmp_path / "downloads")
    assert not list(tmp_path.glob("downloads/*"))


@pytest.mark.parametrize(("get", "reason"), [(refuse, "ConnectionError"), (serve({}), "HTTPError")])
def test_without_package_and_network_three_ways_to_get_the_files_are_named(tmp_path, monkeypatch, get, reason):
    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(FashionError, match=rf"{reason}\); .*dataset-fashion-mnist.*official download.*dvc pull"):
        find_files(tmp_path / "missing", tmp_path / "downloads")


def test_a_missing_subset_says_how_to_restore_it(tmp_path):
    with pytest.raises(FashionError, match="run `dvc pull`"):
        read_garments(tmp_path / "missing.npz")


def test_labels_in_the_place_of_images_are_refused(files):
    with pytest.raises(FashionError, match="got the magic number 2049, expected 2051"):
        read_images(files / "train-labels-idx1-ubyte.gz")


def test_an_empty_folder_of_images_is_refused(tmp_path):
    with pytest.raises(ImagesError, match="got no images in"):
        read_folder(tmp_path, 8)
