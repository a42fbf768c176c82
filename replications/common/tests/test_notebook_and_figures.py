"""Notebooks are executed or refused; figures come out twice, and the same every time."""

import pytest
from matplotlib import pyplot as plt
from nbclient.exceptions import CellExecutionError

from replications.common.figures import PALETTE, save_figure
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


def test_a_notebook_works_in_its_folder_and_keeps_nothing_of_the_run(tmp_path):
    source = "# %%\nimport os\nprint(os.getcwd(), os.environ['PYTHONHASHSEED'], os.environ['REPLICATION_SETTING'])\n"
    notebook = execute_notebook(source, folder=str(tmp_path), setting="large")
    assert notebook.cells[0].outputs[0].text == f"{tmp_path} 0 large\n"
    assert [cell.id for cell in notebook.cells] == ["cell-0"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    assert notebook.metadata == {"kernelspec": kernel} and notebook.cells[0].metadata == {}


def test_what_a_cell_prints_in_pieces_is_one_output(tmp_path):
    source = "# %%\nimport time\nfor part in 'ab':\n    print(part, flush=True)\n    time.sleep(0.5)\n"
    [printed] = execute_notebook(source, folder=str(tmp_path), setting="small").cells[0].outputs
    assert printed.text == "a\nb\n"


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


def test_a_figure_is_drawn_in_the_style_of_its_theme_and_closed(tmp_path):
    styles = []

    def draw_and_look():
        styles.append(dict(plt.rcParams))
        return draw()

    before = plt.get_fignums()
    save_figure(draw_and_look, tmp_path / "line", caption="A line.")
    assert plt.get_fignums() == before
    for style, ink, grid in zip(styles, ("#1f2328", "#e6e6e6"), ("#d0d7de", "#3d444d"), strict=True):
        colours = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
        assert {style[name] for name in colours} == {ink}
        assert style["grid.color"] == grid
        assert not (style["legend.frameon"] or style["axes.spines.top"] or style["axes.spines.right"])
        assert style["figure.constrained_layout.use"] and style["font.size"] == 10
        assert style["axes.prop_cycle"].by_key()["color"] == list(PALETTE)


def test_a_figure_needs_no_font_shows_what_lies_below_it_and_tells_no_date(tmp_path):
    save_figure(draw, tmp_path / "line", caption="A line.")
    drawn = (tmp_path / "line-light.svg").read_text()
    assert "<text" not in drawn and "<dc:date>" not in drawn
    assert '<g id="patch_1">' not in drawn or "fill: #ffffff" not in drawn.partition('<g id="patch_2">')[0]


def test_the_same_figure_is_the_same_file(tmp_path):
    for name in ("a", "b"):
        save_figure(draw, tmp_path / name, caption="A line.")
    assert (tmp_path / "a-light.svg").read_bytes() == (tmp_path / "b-light.svg").read_bytes()
