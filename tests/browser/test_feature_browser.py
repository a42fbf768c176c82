"""The feature browser of the monosemanticity page, on constructed features: light, searchable, safe."""

import json
import shutil

import numpy as np
import pytest

from replications.common.paths import replication_dir
from replications.monosemanticity.examples import describe_feature
from replications.monosemanticity.export import Params, index
from replications.monosemanticity.records import FeatureRow
from replications.monosemanticity.vocabulary import Vocabulary
from tests.browser.chromium import serve_folder

INTERACTIVE = replication_dir("monosemanticity") / "interactive"
FEATURES, VOCABULARY, SHARD = 4096, 2048, 32
TOKENS = ["<img src=x onerror=alert(1)>", "\n", "  import", *(f"token{number}" for number in range(VOCABULARY - 3))]
CHOICE = Params(seed=0, top_examples=5, quantile_examples=2, before=10, after=5, shard=SHARD)
FIRST_VIEW = 150_000  # bytes


def row(feature: int) -> FeatureRow:
    density = 0.0 if feature == 5 else 10 ** -(1 + feature % 5)
    context = {7: "hebrew", 9: "arabic base64"}.get(feature, "")
    return FeatureRow(
        feature, density, 2.0, feature % VOCABULARY, feature, 0.01 * (feature % 100), 0.3, 1, 0.5, context
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the fragment in a bare page, and the files it loads."""
    import scipy.sparse as sp

    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(INTERACTIVE, folder / "interactive")
    results = folder / "results" / "laptop" / "browser"
    results.mkdir(parents=True)
    rows = [row(feature) for feature in range(FEATURES)]
    (results / "index.json").write_text(json.dumps(index(rows, TOKENS, SHARD), separators=(",", ":")))
    rng, words = np.random.default_rng(0), Vocabulary(tuple(token.encode() for token in TOKENS))
    windows = rng.integers(VOCABULARY, size=(20, 32))
    shown = []
    for one in rows[:SHARD]:
        codes = np.where(rng.random(windows.size) < 0.1, rng.random(windows.size) * 2, 0) * (one.density > 0)
        column = sp.csc_array(codes[:, None])
        cosine = rng.random(FEATURES)
        shown.append(describe_feature(one, column, windows, rng.random(VOCABULARY), cosine, words, CHOICE, rng))
    (results / "0.json").write_text(json.dumps(shown))
    fragment = (INTERACTIVE / "fragment.html").read_text(encoding="utf-8")
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">'
    (folder / "index.html").write_text(f'{head}{policy}<body data-md-color-scheme="default">{fragment}</body></html>')
    return folder


@pytest.fixture(scope="module")
def address(site):
    with serve_folder(site) as url:
        yield url


def open_page(page, url):
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    page.locator(".features__list tbody tr").first.wait_for()
    return [error for error in errors if "favicon" not in error and "404" not in error]


def test_a_reader_searches_sorts_chooses_and_follows_a_neighbour(page, address):
    errors = open_page(page, f"{address}/")
    assert page.locator(".features__count").text_content() == f"1 to 20 of {FEATURES} features"
    page.get_by_label("Context").select_option("hebrew")
    page.get_by_text("1 to 1 of 1 features").wait_for()
    page.get_by_role("button", name="Show feature 7").click()
    page.get_by_role("heading", name="Feature 7").wait_for()
    assert page.url.endswith("#feature-7")
    assert page.locator(".features__example").count() >= 5
    assert page.locator(".features__s9").count() >= 1
    page.get_by_label("Context").select_option("")
    page.get_by_label("Order").select_option("dense")
    page.get_by_label("Search").fill("import")
    page.get_by_text("1 to 2 of 2 features").wait_for()
    assert errors == []


def test_a_link_opens_its_feature_a_dead_one_says_so_and_tokens_are_never_markup(page, address):
    open_page(page, f"{address}/#feature-5")
    page.get_by_text("It was never active on the held-out text.").wait_for()
    assert page.locator(".features__list code").first.text_content() == TOKENS[0]
    assert page.locator(".features img").count() == 0


def test_a_shard_that_cannot_be_loaded_is_said(page, address):
    open_page(page, f"{address}/")
    page.get_by_label("Search").fill("4000")
    page.get_by_role("button", name="Show feature 4000").click()
    page.get_by_text("The feature could not be loaded").wait_for()


def test_the_page_fits_a_phone(phone, address):
    open_page(phone, f"{address}/#feature-3")
    phone.get_by_role("heading", name="Feature 3").wait_for()
    assert phone.evaluate("document.querySelector('.features__detail').scrollWidth <= innerWidth")


def test_the_first_view_is_light_and_no_shard_is_loaded_before_a_click(page, address):
    sizes = {}
    page.on("response", lambda response: sizes.__setitem__(response.url, len(response.body())))
    open_page(page, f"{address}/")
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) <= FIRST_VIEW
    assert not [url for url in sizes if url.endswith("/0.json")]
