"""What a page weighs on first load: everything the browser fetches, compressed, images excepted."""

import gzip

import pytest

KB = 1000


def weigh(browser, address, path):
    """Returns the compressed size in kB of what a first visit fetches."""
    context = browser.new_context()
    page = context.new_page()
    sizes = {}

    def note(response):
        if response.request.resource_type != "image":
            sizes[response.url] = len(gzip.compress(response.body()))

    page.on("requestfinished", lambda request: note(request.response()))
    page.goto(address + path, wait_until="networkidle")
    context.close()
    return sum(sizes.values()) / KB


def list_sections(site):
    return sorted(path.parent.name for path in (site / "sections").glob("*/index.html"))


def list_replications(site):
    return sorted(path.parent.name for path in (site / "replications").glob("*/index.html"))


def test_no_section_weighs_more_than_250_kb(browser, address, built_site):
    weights = {name: weigh(browser, address, f"/sections/{name}/") for name in list_sections(built_site)}
    assert len(weights) > 10
    assert {name: kb for name, kb in weights.items() if kb > 250} == {}


def test_no_replication_weighs_more_than_600_kb(browser, address, built_site):
    weights = {name: weigh(browser, address, f"/replications/{name}/") for name in list_replications(built_site)}
    assert weights
    assert {name: kb for name, kb in weights.items() if kb > 600} == {}


@pytest.mark.parametrize("path", ["/", "/papers/", "/papers/wang2023ioi/", "/ledger/", "/timeline/"])
def test_no_other_main_page_weighs_more_than_250_kb(browser, address, path):
    assert weigh(browser, address, path) < 250
