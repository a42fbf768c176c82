"""Citing in the browser: copying a format, and the basket that goes with the reader from page to page."""

import json

import pytest

from bibliography import load_library
from bibliography.export import EXPORTERS
from tests.browser.keyboard import tab_to

CHOSEN = ["wang2023ioi", "olsson2022context", "meng2022rome", "kim2018tcav", "elhage2022superposition"]


def fill_basket(page, address):
    for key in CHOSEN:
        page.goto(f"{address}/papers/{key}/")
        page.get_by_role("button", name="Basket:").click()


def download(page, label) -> str:
    with page.expect_download() as caught:
        page.get_by_role("button", name=label, exact=True).click()
    return caught.value.path().read_text(encoding="utf-8")


def test_five_papers_go_into_the_basket_and_come_out_as_one_ris_file(page, address):
    fill_basket(page, address)
    page.get_by_role("link", name="Basket 5").click()
    page.locator(".basket li").nth(4).wait_for()
    text = download(page, "RIS")
    library = load_library()
    assert text == EXPORTERS["ris"](library[key] for key in CHOSEN)


def test_on_a_phone_five_papers_are_found_by_search_put_into_the_basket_and_downloaded_as_ris(phone, address):
    phone.goto(address)
    library = load_library()
    for key in CHOSEN:
        phone.get_by_role("link", name="Search").tap()
        phone.get_by_role("searchbox", name="Search papers").fill(library[key].title)
        phone.locator(f"#search-dialog ol a[href*='/papers/{key}/']").tap()
        phone.wait_for_url(f"**/papers/{key}/")
        phone.get_by_role("button", name="Basket:").tap()
    phone.get_by_role("link", name="Basket 5").tap()
    phone.locator(".basket li").nth(4).wait_for()
    with phone.expect_download() as caught:
        phone.get_by_role("button", name="RIS", exact=True).tap()
    assert caught.value.path().read_text(encoding="utf-8") == EXPORTERS["ris"](library[key] for key in CHOSEN)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_by_keyboard_alone_five_papers_of_the_table_go_into_the_basket_and_come_out_as_ris(page, address):
    page.goto(f"{address}/papers/")
    for key in CHOSEN:
        page.locator(f"button[data-basket={key}]").press("Enter")
    page.get_by_role("link", name="Basket 5").press("Enter")
    page.wait_for_url("**/basket/")
    page.locator(".basket li").nth(4).wait_for()
    tab_to(page, page.get_by_role("button", name="RIS", exact=True))
    with page.expect_download() as caught:
        page.keyboard.press("Enter")
    library = load_library()
    assert caught.value.path().read_text(encoding="utf-8") == EXPORTERS["ris"](library[key] for key in CHOSEN)


@pytest.mark.parametrize(("name", "label"), [("bibtex", "BibTeX"), ("biblatex", "BibLaTeX"), ("csl-json", "CSL-JSON")])
def test_the_basket_gives_the_same_as_the_command_line_in_every_format(page, address, name, label):
    fill_basket(page, address)
    page.goto(f"{address}/basket/")
    expected = EXPORTERS[name](load_library()[key] for key in CHOSEN)
    text = download(page, label)
    assert json.loads(text) == json.loads(expected) if name == "csl-json" else text == expected


def test_the_basket_is_filled_from_a_section_and_from_the_table_and_emptied_by_keyboard(page, address):
    page.goto(f"{address}/sections/circuit-discovery/")
    page.locator(".paper", has=page.locator("#wang2023ioi")).get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.goto(f"{address}/papers/")
    page.locator("button[data-basket=meng2022rome]").press("Space")
    assert page.locator("button[data-basket=wang2023ioi]").get_attribute("aria-pressed") == "true"
    page.goto(f"{address}/basket/")
    page.get_by_role("button", name="Remove Locating and Editing").press("Enter")
    page.get_by_text("1 paper", exact=True).wait_for()
    page.get_by_role("button", name="Empty the basket").press("Enter")
    page.get_by_text("The basket is empty").wait_for()
    assert not page.locator(".basket-open").is_visible()


def test_what_stands_in_storage_by_mistake_is_not_taken_for_papers(page, address):
    page.goto(f"{address}/basket/")
    for content in ("no json", '{"a": 1}', '["<b>", 7, "../../x"]'):
        page.evaluate("content => localStorage.setItem('/basket', content)", content)
        page.reload()
        page.get_by_text("The basket is empty").wait_for()


def test_a_paper_that_has_left_the_list_is_named_and_can_be_removed(page, address):
    page.goto(f"{address}/basket/")
    page.evaluate("localStorage.setItem('/basket', '[\"gone2020paper\"]')")
    page.reload()
    page.get_by_text("got status 404 for gone2020paper; take it out of the basket").wait_for()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The basket is empty").wait_for()


@pytest.mark.parametrize(
    "path", ["papers/wang2023ioi", "sections/circuit-discovery", "paths", "replications/ioi", "cite"]
)
def test_each_format_is_copied_as_it_is_downloaded(page, address, path):
    page.goto(f"{address}/{path}/")
    for link in page.locator(".export a[download]").all()[:4]:
        expected = page.request.get(link.evaluate("link => link.href")).text()
        page.get_by_role("button", name=f"Copy {link.inner_text()}", exact=True).first.click()
        page.get_by_text("copied ✓").first.wait_for()
        page.get_by_text("copied ✓").first.wait_for(state="hidden")
        assert page.evaluate("navigator.clipboard.readText()") == expected


def test_without_javascript_the_basket_says_what_to_do(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/basket/")
    assert page.get_by_text("The basket needs JavaScript").is_visible()
    page.goto(f"{address}/papers/wang2023ioi/")
    assert page.locator("button[data-basket]:visible").count() == 0
    context.close()
