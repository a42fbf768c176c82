"""The induction heads page: attention that forms, and the model that runs in the browser on a click."""

import json

import pytest

from replications.common.paths import replication_dir

RESULTS = replication_dir("induction_heads") / "results" / "laptop" / "interactive"
pytestmark = pytest.mark.skipif(not RESULTS.is_dir(), reason="the setting laptop has not been run")
LOADING_MS = 60_000  # seven megabytes of runtime to compile, on a busy machine


@pytest.fixture
def induction(page, address):
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/replications/induction_heads/")
    yield page, requests
    assert not errors
    assert not [url for url in requests if not url.startswith((address, "data:", "blob:"))]


def shares(page, head: str) -> list[str]:
    words = page.locator(f".induction__words[data-head={head}] button")
    return words.evaluate_all("buttons => buttons.map(button => button.dataset.share)")


def test_the_model_loads_on_a_click_predicts_as_torch_does_and_follows_what_is_typed(induction):
    page, requests = induction
    demo = json.loads((RESULTS / "demo.json").read_text(encoding="utf-8"))
    page.get_by_role("slider", name="Training").wait_for()
    assert not [url for url in requests if url.endswith((".wasm", ".onnx"))]  # nothing large before the click

    page.get_by_role("button", name="Load the model").click()
    first = page.locator(".induction__next li").first
    first.wait_for(timeout=LOADING_MS)
    assert first.text_content() == f"{demo['likeliest']} {100 * demo['probability']:.1f} %"

    attention = shares(page, "induction")
    assert len(attention) == len(demo["text"].split()) + 1
    page.locator(".induction textarea").fill("moon pear ship moon")
    page.locator(".induction__words[data-head=induction] button").nth(4).wait_for()
    page.wait_for_function("document.querySelectorAll('.induction__words[data-head=induction] button').length === 5")
    assert shares(page, "induction") != attention[:5]
    assert page.locator(".induction__words button[aria-pressed=true]").first.text_content() == "moon"

    page.locator(".induction textarea").fill("moon pear Zeppelin moon")
    page.get_by_text("The model does not know: zeppelin. Left out.").wait_for()


def test_the_slider_shows_another_attention_at_another_time_of_training(induction):
    page, _ = induction
    slider = page.get_by_role("slider", name="Training")
    slider.wait_for()
    canvas = page.locator("canvas[data-head=induction]")
    last = canvas.evaluate("canvas => canvas.toDataURL()")
    slider.focus()
    page.keyboard.press("Home")
    assert page.locator(".induction output").text_content() == "0.00 M words seen"
    assert canvas.evaluate("canvas => canvas.toDataURL()") != last


def test_without_javascript_the_page_points_to_stills(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/replications/induction_heads/")
    page.get_by_role("link", name="some stills of the same training").click()
    assert page.locator("#figure-laptop-4-patterns-forming").is_visible()
    assert not page.get_by_role("button", name="Load the model").is_visible()
    context.close()
