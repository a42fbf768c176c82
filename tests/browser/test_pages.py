"""Home, the page for addresses that do not exist, paper, and what a page says of itself where it is shared."""

import pytest


def read_meta(page, name):
    return page.locator(f"meta[property='{name}'], meta[name='{name}']").get_attribute("content")


def test_home_shows_what_this_is_the_state_of_claims_and_three_first_steps_on_one_screen(page, address):
    page.goto(address)
    for name in ("You read", "You write", "You replicate"):
        box = page.locator(".start", has_text=name).bounding_box()
        assert box["y"] + box["height"] <= 900
    assert page.get_by_role("img", name="not run").is_visible()  # the picture says the counts in words
    page.get_by_role("link", name="Find a paper").click()
    assert page.get_by_role("searchbox", name="Search papers").is_visible()


def test_on_a_phone_home_shows_the_state_of_claims_and_three_first_steps_on_one_screen(phone, address):
    phone.goto(address)
    for shown in (phone.get_by_role("img", name="not run"), *phone.locator(".start__first").all()):
        box = shown.bounding_box()
        assert box["y"] + box["height"] <= 844


@pytest.mark.parametrize("path", ["/papers/wang2023io/", "/papers/indirect-object-identification.html"])
def test_a_wrong_address_offers_the_page_that_was_meant(browser, built_site, address, path):
    page = browser.new_page()
    not_found = (built_site / "404.html").read_text(encoding="utf-8")
    page.route(f"**{path}", lambda route: route.fulfill(status=404, body=not_found, content_type="text/html"))
    page.goto(address + path)
    suggestion = page.locator(".suggestions a").first
    suggestion.wait_for()
    assert "/papers/wang2023ioi/" in suggestion.get_attribute("href")
    page.close()


def test_a_page_says_what_it_is_where_it_is_shared(page, address):
    page.goto(f"{address}/papers/wang2023ioi/")
    assert "Indirect Object Identification" in read_meta(page, "og:title")
    assert 40 < len(read_meta(page, "og:description")) <= 200
    feed = page.locator("link[type='application/atom+xml']").get_attribute("href")
    assert page.request.get(f"{page.url}{feed}").ok


def test_a_section_prints_as_a_hand_out_with_numbered_references(page, address):
    page.goto(f"{address}/sections/circuit-discovery/")
    references = page.locator(".references li")
    assert not references.first.is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert references.count() == page.locator(".paper").count()
    assert "https://doi.org/10.23915/distill.00024" in references.first.inner_text()
    for hidden in (".md-header", ".md-sidebar", ".md-footer", ".export", ".search-open"):
        assert not page.locator(hidden).first.is_visible()
    colour = page.locator(".md-typeset p").first.evaluate("text => getComputedStyle(text).color")
    assert colour == "rgb(0, 0, 0)"


def test_on_a_phone_wide_tables_and_figures_scroll_inside_themselves(browser, address):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}/replications/ioi/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    figure = page.locator(".figure-scroll").first
    figure.scroll_into_view_if_needed()
    # A card is laid out when it comes into sight, and its figure is fetched then.
    scrolls = "box => box.scrollWidth > box.clientWidth && box.tabIndex === 0"
    page.wait_for_function(scrolls, arg=figure.element_handle())
    assert page.locator(".table-scroll").evaluate_all("boxes => boxes.every(box => box.tabIndex === 0)")
    page.close()


def test_a_figure_loads_in_the_theme_that_is_shown_and_no_other(page, address):
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{address}/replications/ioi/", wait_until="networkidle")
    with page.expect_request_finished(lambda request: "-light.svg" in request.url):
        page.locator(".figure-scroll").first.scroll_into_view_if_needed()
    assert not any("-dark.svg" in url for url in fetched)
