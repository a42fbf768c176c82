"""Going through a page as those do who use no mouse."""

from playwright.sync_api import Locator, Page

MOST = 80


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until `target` has the focus.

    Raises:
        AssertionError: the focus does not get there.
    """
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"got {MOST} stops without {target}; expected that Tab leads there")
