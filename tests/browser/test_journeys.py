"""The built site in a real browser: what readers do, and what must never happen."""

import re

import pytest

from tests.browser.screenshots import PAGES


@pytest.mark.parametrize("path", PAGES.values())
def test_a_page_asks_no_other_host_and_reports_no_error(page, address, path):
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address + path, wait_until="networkidle")
    assert not [url for url in requests if not url.startswith((address, "data:", "blob:"))]
    assert not errors


@pytest.mark.parametrize("path", PAGES.values())
def test_no_page_is_wider_than_a_phone(browser, address, path):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_the_copy_button_copies_the_papers_bibtex(page, address):
    page.goto(f"{address}/papers/wang2023ioi/")
    page.locator(".highlight").first.hover()
    page.locator(".highlight .md-code__button[data-md-type='copy'], .highlight .md-clipboard").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == page.request.get(f"{address}/papers/wang2023ioi.bib").text().strip()


def test_filtering_the_ledger_hides_rows_and_can_be_shared_by_its_address(page, address):
    page.goto(f"{address}/ledger/")
    rows = page.locator("tbody tr:visible")
    everything = rows.count()
    page.get_by_label("Scale").select_option("paper")
    filtered = rows.count()
    assert 0 < filtered < everything
    assert "scale=paper" in page.url
    page.reload()
    page.wait_for_function("document.querySelector('.ledger output').textContent !== ''")
    assert rows.count() == filtered


def test_sorting_the_ledger_by_the_papers_value_orders_its_rows(page, address):
    page.goto(f"{address}/ledger/")
    page.get_by_role("button", name=re.compile("Paper.s value")).click()
    cells = page.locator("tbody tr td:nth-child(4)").evaluate_all("cells => cells.map(cell => cell.dataset.sort)")
    numbers = [float(cell) for cell in cells if cell]
    assert numbers == sorted(numbers)
    assert "" not in cells[: len(numbers)]  # what has no value comes last


def test_the_ledger_is_whole_without_javascript(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/ledger/")
    assert page.locator("tbody tr:visible").count() == page.locator("tbody tr").count() > 0
    assert not page.get_by_label("Words").is_visible()
    context.close()


def test_a_claim_in_the_ledger_leads_to_its_row_on_the_replications_page(page, address):
    page.goto(f"{address}/ledger/")
    page.locator("tbody tr td:nth-child(2) a").first.click()
    page.wait_for_url("**/replications/**")
    assert page.locator("tr:target").is_visible()


def test_the_theme_can_be_switched_with_the_keyboard(page, address):
    page.goto(address)
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    assert page.evaluate(scheme) == "default"
    page.get_by_title("Switch to the dark theme").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{scheme} === 'slate'")


def test_a_page_has_the_systems_theme_and_its_filters_before_any_script_is_loaded(browser, address):
    context = browser.new_context(color_scheme="dark")
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"{address}/papers/")
    assert page.evaluate("document.body.getAttribute('data-md-color-scheme')") == "slate"
    assert page.get_by_label("Words").is_visible()
    context.close()
