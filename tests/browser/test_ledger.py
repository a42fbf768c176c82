"""From a claim in the ledger to everything that stands behind it."""

import csv
import io
import json
import re

from tests.browser.keyboard import tab_to

ROW = "ioi-smollm2-135m-logit-difference"


def test_a_claim_in_the_ledger_leads_to_its_paper(page, address):
    page.goto(f"{address}/ledger/#{ROW}")
    page.locator(f"#{ROW} td").first.get_by_role("link").click()
    page.wait_for_url("**/papers/wang2023ioi/")
    assert page.locator("h1").inner_text().startswith("Interpretability in the Wild")


def test_a_claim_in_the_ledger_leads_to_the_line_of_code_that_measures_it(page, address):
    page.goto(f"{address}/ledger/#{ROW}")
    page.locator(f"#{ROW}").get_by_role("link", name=re.compile(r"\.py:\d+")).click()
    page.wait_for_url("**/replications/ioi/code/#*")
    assert '"logit-difference"' in page.locator(":target").inner_text()
    assert page.locator(":target").is_visible()


def test_a_claim_in_the_ledger_leads_to_the_figure_that_shows_it(page, address):
    page.goto(f"{address}/ledger/#{ROW}")
    page.locator(f"#{ROW}").get_by_role("link", name="figure").press("Enter")
    page.wait_for_url("**/replications/ioi/#figure-smollm2-135m-logit-difference")
    image = page.locator("figure:target img:visible")
    assert image.evaluate("image => image.complete && image.naturalWidth > 100")


def test_by_keyboard_alone_a_claim_leads_to_its_paper_its_code_and_its_figure(page, address):
    places = {"td:first-child a": "papers/wang2023ioi/", "a[href*='/code/']": "code/", "a[href*='#figure']": "#figure"}
    for place, wanted in places.items():
        page.goto(f"{address}/ledger/?paper=wang2023ioi&setting=smollm2-135m#{ROW}")
        tab_to(page, page.locator(f"#{ROW} {place}"))
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{wanted}*")


def test_a_claim_has_an_address_of_its_own(page, address):
    page.goto(f"{address}/ledger/")
    page.locator(f"#{ROW}").get_by_role("link", name="Permalink").click()
    assert page.url.endswith(f"#{ROW}")
    assert page.locator("tr:target").get_attribute("id") == ROW


def test_on_a_phone_a_claim_leads_to_its_paper_its_code_and_its_figure_and_all_are_in_sight(phone, address):
    phone.goto(f"{address}/ledger/#{ROW}")
    phone.locator(f"#{ROW} td").first.get_by_role("link").tap()
    phone.wait_for_url("**/papers/wang2023ioi/")
    assert phone.locator("h1").is_visible()
    for name in (re.compile(r"\.py:\d+"), "figure"):
        phone.goto(f"{address}/ledger/#{ROW}")
        phone.locator(f"#{ROW}").get_by_role("link", name=name).tap()
        phone.wait_for_url("**/replications/ioi/**")
        assert phone.locator(":target").is_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_count_of_the_summary_leads_to_just_the_rows_that_it_counts(page, address):
    page.goto(f"{address}/ledger/")
    for count in page.locator(".tally__counts a").all():
        expected = int(re.search(r"\d+$", count.inner_text())[0])
        other = page.context.new_page()
        other.goto(count.evaluate("link => link.href"))
        other.wait_for_function("document.querySelector('.ledger output').textContent !== ''")
        assert other.locator("tbody tr:visible").count() == expected
        other.close()


def test_the_ledger_is_downloaded_as_json_and_csv_with_the_same_rows(page, address):
    rows = page.request.get(f"{address}/claims.json").json()
    table = list(csv.DictReader(io.StringIO(page.request.get(f"{address}/claims.csv").text())))
    shown = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert table == json.loads(json.dumps(shown))
    page.goto(f"{address}/ledger/")
    assert page.locator("tbody tr").count() == len(rows)
