"""Notebooks are executed or refused; figures come out twice, and the same every time."""

import pytest
from matplotlib import pyplot as plt
from nbclient.exceptions import CellExecutionError

from replications.common.figures import save_figure
from replications.common.notebook import execute_notebook

SOURCE = """\
# %% [markdown]
# # Title

# %%
import os
print(os.environ["REPLICATION_SETTING"])
"""


def test_a_notebook_is_executed_and_is_the_same_on_every_run(tmp_path):
    first, second = (execute_notebook(SOURCE, folder=str(tmp_path), setting="small") for _ in range(2))
    assert first == second
    assert first.cells[-1].outputs[0].text == "small\n"


def test_a_crashed_notebook_is_refused(tmp_path):
    with pytest.raises(CellExecutionError, match="boom"):
        execute_notebook("# %%\nraise ValueError('boom')", folder=str(tmp_path), setting="small")


def draw():
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1], label="line")
    axes.set(title="A line", xlabel="x (1)", ylabel="y (1)")
    axes.legend()
    return figure


def test_a_figure_has_a_light_and_a_dark_version_and_a_caption(tmp_path):
    save_figure(draw, tmp_path / "line", caption=" A line. ")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["line-dark.svg", "line-light.svg", "line.txt"]
    assert (tmp_path / "line.txt").read_text() == "A line.\n"
    assert "#1f2328" in (tmp_path / "line-light.svg").read_text()
    assert "#e6e6e6" in (tmp_path / "line-dark.svg").read_text()


def test_the_same_figure_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        save_figure(draw, tmp_path / name, caption="A line.")
    assert (tmp_path / "a-light.svg").read_bytes() == (tmp_path / "b-light.svg").read_bytes()
