"""The table of all papers and the timeline show every paper once, under the values that its entry gives."""

import re
from itertools import pairwise

import pytest

from docs import catalogue, timeline
from docs.catalogue import REPLICATED, find_status
from docs.pages import derive_site
from docs.records import load_records


@pytest.fixture(scope="module")
def records():
    return load_records()


@pytest.fixture(scope="module")
def pages(records):
    return {file.path: file.content for file in derive_site(records) if file.path in ("papers/index.md", "timeline.md")}


def test_every_paper_has_one_row_with_the_values_that_are_filtered_by(records, pages):
    rows = re.findall(
        r'<tr role="row" data-section="(.*?)".*?data-year="(.*?)" data-kind="(.*?)".*?<a href="(.*?)/"',
        pages["papers/index.md"],
        re.S,
    )
    expected = [(records.library.sections_of(p.key)[0].slug, str(p.year), p.kind, p.key) for p in records.library]
    assert rows == expected


def test_every_option_of_a_filter_occurs_in_a_row(records):
    rows = list(catalogue.list_rows(records))
    found = {
        "section": {row.section.slug for row in rows},
        "topic": {topic for row in rows for topic in row.paper.topics},
        "method": {method for row in rows for method in row.paper.methods},
        "venue": {row.venue for row in rows},
        "kind": {row.paper.kind for row in rows},
        "status": {row.status for row in rows},
    }
    assert {name: {value for value, _ in options} for name, _, options in catalogue.list_filters(records)} == found


def test_a_paper_counts_as_replicated_once_a_setting_was_run(records):
    ran = tuple(replication for replication in records.replications if replication.was_run)
    assert find_status(ran[:1]) == REPLICATED
    assert find_status(()) == "not replicated"


def test_every_paper_stands_once_in_the_timeline_in_the_row_of_its_section(records, pages):
    columns = timeline.list_columns(list(records.library))
    rows = timeline.list_rows(records, columns)
    shown = [paper.key for row in rows for cell in row.cells for paper in cell]
    assert sorted(shown) == sorted(paper.key for paper in records.library)
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=True):
            assert all(column.since <= paper.year <= column.until for paper in cell)
            assert all(records.library.sections_of(paper.key)[0] == row.section for paper in cell)
    marked = set(re.findall(r'class="mark mark--replicated" href="../papers/(.*?)/"', pages["timeline.md"]))
    assert marked == records.replicated


def test_the_columns_of_the_timeline_have_no_gap(records):
    columns = timeline.list_columns(list(records.library))
    assert columns[0].since == min(paper.year for paper in records.library)
    for left, right in pairwise(columns):
        assert right.since == left.until + 1
