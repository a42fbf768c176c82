"""The search index holds what readers look for, and venues have the names that the field gives them."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from docs import venues
from docs.pages import derive_site
from docs.records import load_records
from docs.venues import shorten_venue


@pytest.fixture(scope="module")
def index():
    content = next(file.content for file in derive_site(load_records()) if file.path == "search.json")
    return {entry["url"]: entry for entry in json.loads(content)}


def test_a_papers_record_has_title_alias_author_year_venue_method_and_summary(index):
    ioi = index["papers/wang2023ioi/"]
    assert ioi["kind"] == "replicated paper"
    assert "IOI circuit" in ioi["aliases"]
    assert "Kevin Ro Wang" in ioi["authors"]
    for word in ("2023", "ICLR", "The Eleventh International Conference on Learning Representations", "path-patching"):
        assert word in ioi["words"].split(" · ")
    assert "26 heads in seven classes" in ioi["text"]


def test_every_paper_section_path_replication_and_overview_is_indexed(index):
    records = load_records()
    expected = {f"papers/{paper.key}/" for paper in records.library}
    expected |= {f"sections/{section.slug}/" for section in records.library.sections}
    expected |= {f"paths/#{path.slug}" for path in records.library.paths}
    expected |= {f"replications/{replication.slug}/" for replication in records.replications}
    assert expected | {"./", "ledger/", "verdicts/", "cite/", "contribute/"} <= index.keys()


def test_the_index_holds_fields_letter_by_letter():
    records = load_records()
    hostile = '</script><img src=x onerror="a"> & «ü»'
    papers = {key: replace(paper, title=hostile) for key, paper in records.library.papers.items()}
    changed = replace(records, library=replace(records.library, papers=MappingProxyType(papers)))
    content = next(file.content for file in derive_site(changed) if file.path == "search.json")
    assert {entry["title"] for entry in json.loads(content) if entry["kind"] == "paper"} == {hostile}


@pytest.mark.parametrize(
    ("venue", "short"),
    [
        ("Advances in Neural Information Processing Systems", "NeurIPS"),
        ("The Eleventh International Conference on Learning Representations", "ICLR"),
        ("Workshop at International Conference on Learning Representations", None),
        ("ICML 2024 Workshop on Mechanistic Interpretability", None),
        (
            "Proceedings of the 8th BlackboxNLP Workshop: Analyzing and Interpreting Neural Networks for NLP",
            "BlackboxNLP",
        ),
        ("Transformer Circuits Thread", None),
    ],
)
def test_a_venue_gets_its_short_name_and_a_workshop_is_not_its_conference(venue, short):
    assert shorten_venue(venue) == (short or venue)


def test_every_rule_for_venues_is_used():
    shown = {shorten_venue(paper.venue) for paper in load_records().library}
    assert {short for _, short in venues._RULES if short} <= shown
