"""What is new, and what stands near a paper, follow from the records."""

from datetime import date
from xml.etree import ElementTree

import pytest

from docs.recent import ATOM, list_recent, read_days_added, read_releases, write_feed
from docs.records import load_records
from docs.related import MOST, list_neighbours

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def library():
    return load_records().library


def find_all(feed, tag):
    return ElementTree.fromstring(feed).iter(f"{{{ATOM}}}{tag}")


def test_a_changelog_is_read_release_by_release(tmp_path):
    (tmp_path / "C.md").write_text("# Changelog\n\n## 0.2.0 (2027-01-02)\n\n- b\n\n## 0.1.0 (2026-11-22)\n\n- a\n")
    releases = read_releases(tmp_path / "C.md")
    assert [(r.version, r.day, r.text) for r in releases] == [("0.2.0", date(2027, 1, 2), "- b"), ("0.1.0", DAY, "- a")]


def test_a_paper_came_on_the_day_of_its_first_evidence(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"key": "a", "date": "2027-01-02"}\n{"key": "a", "date": "2026-11-22"}\n')
    assert read_days_added(tmp_path / "e.jsonl") == {"a": DAY}


def test_the_last_day_comes_first_and_within_it_the_last_publication(library):
    days = {"wang2023ioi": DAY, "meng2022rome": DAY, "pearl2001direct": date(2027, 1, 2), "not-in-the-list": DAY}
    assert [p.key for _, p in list_recent(library, days)] == ["pearl2001direct", "wang2023ioi", "meng2022rome"]


def test_the_feed_has_what_atom_demands_of_every_entry_and_escapes_fields(library):
    recent = list_recent(library, read_days_added())
    feed = write_feed(read_releases(), recent, "https://example.org/site/")
    entries = list(find_all(feed, "entry"))
    assert len(entries) == len(recent) + len(read_releases())
    for entry in entries:
        assert all(entry.find(f"{{{ATOM}}}{tag}") is not None for tag in ("title", "id", "updated", "link"))
    ids = [element.text for element in find_all(feed, "id")]
    assert len(set(ids)) == len(ids)
    assert all(link.get("href").startswith("https://example.org/site/") for link in find_all(feed, "link"))


def test_the_feeds_ids_do_not_depend_on_where_the_site_is_published(library):
    feeds = [write_feed((), list_recent(library, read_days_added()), url) for url in ("", "https://example.org/")]
    assert len({tuple(element.text for element in find_all(feed, "id")) for feed in feeds}) == 1


def test_neighbours_share_a_word_or_name_the_paper_and_are_not_named_by_it(library):
    for key, neighbours in list_neighbours(library).items():
        paper = library[key]
        assert len(neighbours) <= MOST
        for neighbour in neighbours:
            assert neighbour.paper.key not in {key, *paper.related}
            assert neighbour.shared or key in neighbour.paper.related


def test_papers_that_name_a_paper_come_before_those_that_only_share_words(library):
    for key, neighbours in list_neighbours(library).items():
        names = [key in neighbour.paper.related for neighbour in neighbours]
        assert names == sorted(names, reverse=True)


def test_among_papers_that_only_share_words_the_rarer_words_win(library):
    near = [n.paper.key for n in list_neighbours(library)["ramsauer2021hopfield"]] + list(
        library["ramsauer2021hopfield"].related
    )
    assert {"krotov2016dense", "demircigil2017huge"} <= set(near)  # they share `associative-memory`, which few carry
