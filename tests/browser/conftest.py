"""What every browser test starts from: a Chromium, the built site, and a page that may use the clipboard."""

from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium, launch_chromium, serve_folder


def pytest_collection_modifyitems(items):
    """Marks the tests of this folder, and skips them where there is no Chromium."""
    missing = pytest.mark.skipif(
        find_chromium() is None, reason="no Chromium on this machine: install one to run these"
    )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(missing)


@pytest.fixture(scope="module")
def browser():
    with launch_chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def address(built_site):
    with serve_folder(built_site) as url:
        yield url


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(120_000)  # a machine that measures something else at the same time is slow, not wrong
    yield context.new_page()
    context.close()


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()
