"""A site made of hostile records, in a browser whose protection by policy is switched off: escaping alone must hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.building import build_site
from docs.escape import isolate_direction
from docs.records import load_records
from tests.browser.chromium import serve_folder
from tests.site.hostile import TITLES, make_hostile_records

ATTACKED = """() => window.attacks.concat([...document.querySelectorAll("*")].flatMap((element) =>
    [...element.attributes].filter((a) => a.name.startsWith("on") || /^\\s*javascript:/i.test(a.value))
        .map((a) => `${element.tagName} ${a.name}=${a.value}`)))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    build_site(make_hostile_records(load_records().replications[0]), folder)
    return folder


@pytest.fixture(scope="module")
def address(site) -> Iterator[str]:
    with serve_folder(site) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    context.add_init_script("window.attacks = []; window.hacked = (what) => window.attacks.push(what)")
    yield context.new_page()
    context.close()


def test_no_field_runs_or_becomes_an_attribute_and_no_word_pushes_the_page_aside(page, address, site):
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        page.goto(f"{address}/{name}")
        assert page.evaluate(ATTACKED) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


@pytest.mark.parametrize("key", TITLES)
def test_a_title_is_shown_letter_by_letter_and_turns_nothing_around_it(page, address, key):
    page.goto(f"{address}/papers/{key}/")
    heading = page.locator("h1").evaluate("h1 => h1.firstChild.textContent")
    assert " ".join(heading.split()) == " ".join(isolate_direction(TITLES[key]).split())
    outside_code = """document.querySelectorAll("pre").forEach((code) => code.remove()), document.body.textContent"""
    assert "\u202e" not in page.evaluate(outside_code)


def test_names_from_right_to_left_keep_their_place_among_the_others(page, address):
    page.goto(f"{address}/papers/mallory2021script/")
    left = """name => {
        const walker = document.createTreeWalker(document.querySelector(".paper__authors"), NodeFilter.SHOW_TEXT);
        const range = document.createRange();
        for (let node; (node = walker.nextNode()); ) {
            const at = node.data.indexOf(name);
            if (at >= 0) { range.setStart(node, at); range.setEnd(node, at + name.length); break; }
        }
        const box = range.getBoundingClientRect();
        return [box.top, box.left];
    }"""
    assert page.evaluate(left, "محمد") < page.evaluate(left, "דוד")


def test_search_results_show_hostile_titles_as_text(page, address):
    page.goto(f"{address}/cite/")
    page.locator(".search-open").click()
    page.get_by_role("searchbox", name="Search papers").fill("hacked")
    page.get_by_text("found").wait_for()
    assert "<script>hacked" in page.locator("#search-dialog").inner_text()
    assert page.evaluate(ATTACKED) == []
