"""WCAG 2.2 AA as far as a program can check it: axe finds nothing, in both themes, at desktop and phone width."""

from importlib.resources import files

import pytest

from tests.browser.screenshots import DRAW_EVERYTHING, PAGES, WIDTHS

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The theme writes two navigations without a name (the drawer's levels, the buttons of code blocks): no WCAG criterion.
# Of thousands of elements that pass, axe need not tell: that takes it longer than to look at them.
RUN = """async rules => (await axe.run(document, {
    runOnly: rules, rules: {"landmark-unique": {enabled: false}}, resultTypes: ["violations"],
})).violations"""


def list_violations(page):
    """Returns what axe finds on a page: the rule, and up to three places."""
    page.evaluate(DRAW_EVERYTHING)
    page.evaluate(AXE)
    found = page.evaluate(RUN, RULES)
    return [f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(browser, address, theme, width):
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    violations = {}
    for name, path in PAGES.items():
        page.goto(address + path, wait_until="networkidle")
        violations |= {name: found} if (found := list_violations(page)) else {}
    context.close()
    assert not violations


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_open_search(browser, address, theme):
    context = browser.new_context(color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search papers").fill("attention heads")
    page.locator("#search-dialog ol a").first.wait_for()
    assert not list_violations(page)
    context.close()
