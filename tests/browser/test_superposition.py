"""The page of toy models of superposition: the trainer in the browser computes what the one in Python does."""

import numpy as np
import pytest
import torch

from replications.common.arrays import read_arrays
from replications.common.paths import replication_dir
from replications.superposition.method import dimensionality, loss_gradient, norms
from replications.superposition.quadrature import expected_loss

RESULTS = replication_dir("superposition") / "results" / "toy-models"
pytestmark = pytest.mark.skipif(
    not (RESULTS / "curves.npz").is_file(), reason="the setting toy-models has not been run"
)
TRAINING_MS = 60_000  # seconds on a quiet machine
PENTAGON = {"density": [0.05] * 5, "importance": [1] * 5, "hidden": 2, "batch": 512, "steps": 4000, "rate": 0.005}


@pytest.fixture
def superposition(page, address):
    requests, errors = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/replications/superposition/")
    yield page
    assert not errors
    assert not [url for url in requests if not url.startswith((address, "data:"))]


def test_loss_and_gradients_are_those_of_python(superposition):
    rng = np.random.default_rng(0)
    x, weight = rng.random((1, 6, 5)), rng.standard_normal((1, 2, 5))
    bias, importance = rng.standard_normal((1, 5)), rng.random((1, 5))
    expected = loss_gradient(*(torch.from_numpy(array) for array in (x, weight, bias, importance)))
    found = superposition.evaluate(
        """([x, weight, bias, importance]) => {
          const { loss, byWeight, byBias } = toyModel.lossGradient(x, weight, bias, importance, 2);
          return [[loss], [...byWeight], [...byBias], 
            toyModel.describe(weight, 5).map((f) => [f.length, f.dimensionality])];
        }""",
        [array.ravel().tolist() for array in (x, weight, bias, importance)],
    )
    for theirs, ours in zip(found, expected, strict=False):
        assert np.allclose(theirs, ours.numpy().ravel())
    assert np.allclose(np.array(found[3]).T, [norms(weight[0]), dimensionality(weight[0])])


def test_a_model_trained_in_the_browser_has_the_loss_of_one_trained_in_python(superposition):
    trained = superposition.evaluate(
        """(spec) => [1, 2, 3, 4].map((seed) => {
          const model = toyModel.start({ ...spec, seed }).train(spec.steps);
          return [[...model.weight], [...model.bias]];
        })""",
        PENTAGON,
    )
    weight = np.array([model[0] for model in trained]).reshape(4, 2, 5)
    bias = np.array([model[1] for model in trained])
    losses = expected_loss(weight, bias, np.full((4, 5), 0.05), np.ones((4, 5)))
    assert losses.min() == pytest.approx(read_arrays(RESULTS / "curves.npz")["pentagon_losses"][0].min(), rel=0.02)


def test_the_reader_moves_a_slider_by_keyboard_and_the_models_train_again(superposition):
    page = superposition
    page.locator(".superposition__models").scroll_into_view_if_needed()
    page.locator(".superposition[data-state=trained]").wait_for(timeout=TRAINING_MS)
    assert page.locator(".superposition__models figure").count() == 6
    assert page.locator(".superposition tbody tr").count() == 5
    page.get_by_label("Sparsity: how rarely a feature is active").focus()
    page.keyboard.press("Home")
    page.get_by_text("represents 2 of 5 features").wait_for(timeout=TRAINING_MS)  # dense: as a linear model
    page.get_by_label("Number of features").focus()
    page.keyboard.press("End")
    page.locator(".superposition tbody tr").nth(7).wait_for(timeout=TRAINING_MS)


def test_without_javascript_the_page_points_to_stills(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/replications/superposition/")
    page.get_by_role("link", name="stills of trained models").click()
    assert page.locator("#figure-toy-models-pentagon").is_visible()
    assert not page.get_by_role("button", name="Start again elsewhere").is_visible()
    context.close()
