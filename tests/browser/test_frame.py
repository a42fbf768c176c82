"""What surrounds a page: the switch of the theme, the drawer, the list of headings, code that is copied."""

from tests.browser.keyboard import tab_to


def test_a_chosen_theme_is_kept_on_the_next_page_and_another_visitor_has_the_systems(browser, page, address):
    page.goto(address)
    page.get_by_title("Switch to the dark theme").click()
    page.goto(f"{address}/papers/wang2023ioi/")
    assert page.locator("body[data-md-color-scheme='slate']").count() == 1
    page.get_by_title("Switch to the light theme").click()
    assert page.locator("body[data-md-color-scheme='default']").count() == 1
    context = browser.new_context(color_scheme="dark")
    other = context.new_page()
    other.goto(address)
    assert other.locator("body[data-md-color-scheme='slate']").count() == 1
    context.close()


def test_in_a_narrow_window_the_drawer_is_opened_used_and_closed_by_keyboard(browser, address):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(address)
    button = page.get_by_role("button", name="Navigation")
    link = page.locator(".md-sidebar--primary").get_by_role("link", name="Cite", exact=True)
    assert not link.is_visible()
    tab_to(page, button)
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    link.wait_for()
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    assert button.evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    tab_to(page, link)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cite/")
    page.close()


def test_without_javascript_the_drawer_opens_and_what_cannot_work_is_not_shown(browser, address):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    assert not page.locator(".theme-switch").is_visible()
    page.locator(".md-header label[for='__drawer']").click()
    page.locator(".md-sidebar--primary").get_by_role("link", name="Cite", exact=True).click()
    page.wait_for_url("**/cite/")
    context.close()


def test_the_list_of_headings_marks_the_one_that_is_read_and_stays_in_sight(page, address):
    page.goto(f"{address}/replications/ioi/")
    page.locator("#run-it-yourself").scroll_into_view_if_needed()
    page.locator("#run-it-yourself").evaluate("heading => heading.scrollIntoView()")
    mark = page.locator(".md-sidebar--secondary .md-nav__link--active")
    mark.get_by_text("Run it yourself").wait_for()
    assert mark.count() == 1
    box = mark.bounding_box()
    assert 0 <= box["y"] <= 900


def test_whoever_scrolls_up_is_offered_the_way_back_to_the_top(page, address):
    page.goto(f"{address}/papers/")
    button = page.get_by_role("button", name="Back to top")
    page.evaluate("scrollTo(0, 3000)")
    page.wait_for_timeout(200)
    page.evaluate("scrollTo(0, 2500)")
    page.locator(".md-top:not([hidden])").wait_for()
    button.click()
    page.wait_for_function("scrollY === 0")


def test_code_is_copied_without_the_numbers_of_its_lines(page, address):
    page.goto(f"{address}/replications/hopfield/code/")
    page.locator(".source .highlight").first.hover()
    page.get_by_title("Copy to clipboard").first.click()
    page.locator(".md-dialog--active", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    source = page.request.get(page.locator(".export a[download]").first.evaluate("link => link.href")).text()
    assert copied.strip() == source.strip()


def test_on_paper_what_is_folded_is_unfolded_and_folded_again_after(page, address):
    page.goto(f"{address}/replications/ioi/")
    folded = page.locator("details:not([open])").count()
    assert folded
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded
