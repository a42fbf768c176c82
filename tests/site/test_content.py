"""Rendered content: tables scroll in boxes, figures keep their place."""

import pytest

from docs.figures import read_size
from docs.formats import format_states
from docs.tables import box_tables
from replications.common.verdicts import Verdict


def test_a_plain_table_and_one_of_pandas_scroll_in_a_box_that_takes_the_focus():
    for table in (
        "<table><tr><td>1</td></tr></table>",
        '<table border="1" class="dataframe"><tr><td>1</td></tr></table>',
    ):
        boxed = box_tables(f"<p>before</p>{table}<p>after</p>")
        assert boxed.startswith('<p>before</p><div class="table-scroll" tabindex="0" role="group"')
        assert '<table class="plain"><tr><td>1</td></tr></table></div><p>after</p>' in boxed


def test_a_table_of_a_template_keeps_its_own_box():
    table = '<table class="claims"><tr><td>1</td></tr></table>'
    assert box_tables(table) == table


def test_below_an_empty_corner_the_first_cell_of_a_row_heads_it():
    corner = "<thead><tr><th></th><th>a</th></tr></thead>"
    boxed = box_tables(f"<table>{corner}<tbody><tr><td>first</td><td>1</td></tr></tbody></table>")
    assert "<tr><td></td><th>a</th></tr>" in boxed
    assert '<tr><th scope="row">first</th><td>1</td></tr>' in boxed
    assert "scope" not in box_tables("<table><tr><th>b</th><th>a</th></tr><tr><td>0</td><td>1</td></tr></table>")


def test_the_size_of_a_figure_is_read_from_its_file(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns:x="y" width="75pt" height="30.6pt" viewBox="0 0 75 30.6"></svg>')
    assert read_size(tmp_path / "a.svg") == (100, 41)
    (tmp_path / "b.svg").write_text("<svg viewBox='0 0 1 1'></svg>")
    with pytest.raises(ValueError, match="got no width and height in pt; expected those that matplotlib writes"):
        read_size(tmp_path / "b.svg")


def test_a_bar_of_verdicts_shows_each_by_its_sign_and_its_share():
    parts = str(format_states({Verdict.HOLDS: 8, Verdict.DOES_NOT_HOLD: 2}))
    assert 'verdict--holds" style="flex-grow: 8" data-sign="✓"' in parts
    assert 'verdict--does-not-hold" style="flex-grow: 2" data-sign="✗"' in parts
