"""The table of all papers and the timeline, as readers use them."""

from tests.browser.keyboard import tab_to


def list_visible(page):
    return page.locator("tbody tr:visible a[href]:first-child").evaluate_all(
        "links => links.map(link => link.pathname)"
    )


def test_the_table_is_filtered_to_replicated_papers_since_2022_and_the_address_is_shared(browser, page, address):
    page.goto(f"{address}/papers/")
    everything = page.locator("tbody tr:visible").count()
    page.get_by_role("combobox", name="Replication").select_option("replicated")
    page.get_by_label("Since").fill("2022")
    shown = page.locator("tbody tr:visible").evaluate_all(
        "rows => rows.map(row => [row.dataset.status, Number(row.dataset.year)])"
    )
    assert 0 < len(shown) < everything
    assert all(status == "replicated" and year >= 2022 for status, year in shown)
    other = browser.new_page()  # whoever gets the address sees the same rows
    other.goto(page.url)
    other.locator(".filters output", has_text="rows").wait_for()
    assert list_visible(other) == list_visible(page)
    other.close()


def test_by_keyboard_alone_the_table_is_filtered_to_replicated_papers_since_2022(page, address):
    page.goto(f"{address}/papers/")
    tab_to(page, page.get_by_role("combobox", name="Replication"))
    page.keyboard.type("replicated")
    tab_to(page, page.get_by_label("Since"))
    page.keyboard.type("2022")
    page.wait_for_url("**/papers/?status=replicated&since=2022")
    assert "/papers/wang2023ioi/" in list_visible(page)


def test_the_order_of_the_table_is_in_its_address_too(page, address):
    page.goto(f"{address}/papers/?topic=circuits")
    header = page.get_by_role("button", name="Year")
    header.click()
    header.click()
    assert "sort=-year" in page.url
    page.reload()
    years = page.locator("tbody tr:visible").evaluate_all("rows => rows.map(row => Number(row.dataset.year))")
    assert years == sorted(years, reverse=True)
    assert len(years) > 5


def test_filters_combine_and_can_be_cleared_by_keyboard(page, address):
    page.goto(f"{address}/papers/?method=path-patching&venue=ICLR")
    rows = page.locator("tbody tr:visible")
    assert rows.evaluate_all(
        "rows => rows.every(r => r.dataset.method.split('|').includes('path-patching') && r.dataset.venue === 'ICLR')"
    )
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    everything = page.locator("tbody tr").count()
    page.locator(".filters output", has_text=f"{everything} of {everything} rows").wait_for()
    assert rows.count() == everything
    assert page.url == f"{address}/papers/"


def test_on_a_phone_the_table_is_filtered_to_replicated_papers_since_2022_and_the_address_is_shared(phone, address):
    phone.goto(f"{address}/papers/")
    phone.get_by_role("combobox", name="Replication").select_option("replicated")
    phone.get_by_label("Since").fill("2022")
    shown = list_visible(phone)
    assert "/papers/wang2023ioi/" in shown
    phone.goto(phone.url)
    phone.locator(".filters output", has_text="rows").wait_for()
    assert list_visible(phone) == shown


def test_the_topics_of_a_paper_lead_to_the_papers_that_share_them(page, address):
    page.goto(f"{address}/papers/wang2023ioi/")
    page.get_by_role("link", name="attention-heads", exact=True).click()
    page.wait_for_url("**/papers/?topic=attention-heads")
    assert "/papers/wang2023ioi/" in list_visible(page)


def test_without_javascript_the_table_is_a_plain_list_of_all_papers(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/papers/")
    assert page.locator("tbody tr:visible").count() == page.locator("tbody tr").count() > 100
    assert not page.get_by_label("Words").is_visible()
    context.close()


def test_on_a_phone_a_paper_is_found_in_the_table_and_opened(phone, address):
    phone.goto(f"{address}/papers/")
    phone.get_by_label("Words").fill("integrated gradients axioms sundararajan")
    phone.get_by_label("Words").fill("sundararajan axiomatic")
    phone.get_by_role("link", name="Axiomatic Attribution for Deep Networks").tap()
    phone.wait_for_url("**/papers/sundararajan2017integrated/")


def test_pointing_at_a_mark_of_the_timeline_shows_the_title(page, address):
    page.goto(f"{address}/timeline/")
    page.locator("a.mark--replicated").first.hover()
    tip = page.locator(".timeline__tip")
    assert tip.is_visible()
    assert "replicated" in tip.inner_text()


def test_the_first_tap_on_a_mark_shows_the_title_and_the_second_opens_the_paper(phone, address):
    phone.goto(f"{address}/timeline/")
    mark = phone.locator("a.mark[href*='wang2023ioi']")
    mark.tap()
    assert phone.locator(".timeline__tip").is_visible()
    assert phone.url.endswith("/timeline/")
    mark.tap()
    phone.wait_for_url("**/papers/wang2023ioi/")


def test_the_timeline_is_one_tab_stop_with_arrow_keys_inside(page, address):
    page.goto(f"{address}/timeline/")
    assert page.locator("a.mark[tabindex='0']").count() == 1
    page.locator("a.mark[tabindex='0']").focus()
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    row = page.evaluate("document.activeElement.closest('tr').rowIndex")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") != first
    assert row == 2
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/papers/*/")
    assert page.locator("h1").inner_text().removesuffix("¶").strip() in label
