"""A paper's page says what it is about in the words that Zotero, Google Scholar and search engines read.

On 22 November 2026 Zotero's translation server, with its translators of 26 June 2026, read the pages of all 166 papers:
type, title, date, address, DOI, venue, volume and pages came back as they are here, and so did every person, initials
apart ("M.C." is made "M. C."). An organisation is taken for a person, since Highwire tags have no word for it.
"""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bibliography import Author, Paper, SourceBlock, load_library
from docs.citation_tags import ZOTERO_TYPES, list_citation_tags
from docs.schema_org import describe_paper

# Zotero's fields by Highwire tag, as its translator "Embedded Metadata" (translators repository, state of 26 June 2026)
# maps them; authors, pages and the type are handled apart.
ZOTERO_FIELDS = {
    "citation_title": "title",
    "citation_publication_date": "date",
    "citation_journal_title": "publicationTitle",
    "citation_inbook_title": "publicationTitle",
    "citation_series_title": "series",
    "citation_conference_title": "conferenceName",
    "citation_dissertation_institution": "university",
    "citation_publisher": "publisher",
    "citation_volume": "volume",
    "citation_issue": "issue",
    "citation_doi": "DOI",
    "citation_public_url": "url",
    "citation_language": "language",
}
# The containers by which the translator tells the type: the last one on the page decides.
ZOTERO_TYPE_BY_CONTAINER = {
    "citation_journal_title": "journalArticle",
    "citation_conference_title": "conferencePaper",
    "citation_inbook_title": "bookSection",
    "citation_dissertation_institution": "thesis",
}
READ_OTHERWISE = {
    "citation_author", "citation_editor", "citation_firstpage", "citation_lastpage", "citation_pdf_url",
    "citation_keywords", "citation_arxiv_id", "z:itemType",
}  # fmt: skip

ARTICLE = Paper(
    key="decao2021editing",
    entry_type="article",
    title="Editing Facts",
    authors=(Author("Nicola", "De Cao"), Author("", "Some Lab")),
    year=2021,
    date=None,
    venue="Journal of Edits",
    volume="7",
    number="2",
    pages="6491–6506",
    doi="10.1/x",
    arxiv="2104.08164",
    url="https://example.org/paper.pdf",
    code=None,
    seealso=None,
    aliases=("KE",),
    topics=("editing",),
    methods=("ablation",),
    related=(),
    summary="What was found.",
    source=SourceBlock("a.bib", 1, ""),
)


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "meta" and re.match("citation_|z:", attributes.get("name") or ""):
            self.tags.append((attributes["name"], attributes["content"]))


def test_an_article_is_described_by_these_tags_in_this_order():
    assert list_citation_tags(ARTICLE) == [
        ("citation_title", "Editing Facts"),
        ("citation_author", "De Cao, Nicola"),
        ("citation_author", "Some Lab"),
        ("citation_publication_date", "2021"),
        ("citation_journal_title", "Journal of Edits"),
        ("citation_volume", "7"),
        ("citation_issue", "2"),
        ("citation_firstpage", "6491"),
        ("citation_lastpage", "6506"),
        ("citation_doi", "10.1/x"),
        ("citation_arxiv_id", "2104.08164"),
        ("citation_public_url", "https://example.org/paper.pdf"),
        ("citation_pdf_url", "https://example.org/paper.pdf"),
        ("citation_keywords", "editing; ablation"),
        ("citation_language", "en"),
        ("z:itemType", "journalArticle"),
    ]


@pytest.mark.parametrize("entry_type", ZOTERO_TYPES)
def test_the_container_never_contradicts_the_item_type_that_is_declared(entry_type):
    tags = list_citation_tags(replace(ARTICLE, entry_type=entry_type))
    by_container = [ZOTERO_TYPE_BY_CONTAINER[name] for name, _ in tags if name in ZOTERO_TYPE_BY_CONTAINER]
    assert by_container[-1:] in ([], [ZOTERO_TYPES[entry_type]])


def test_every_tag_of_every_paper_is_one_that_zotero_documents():
    for paper in load_library():
        assert {name for name, _ in list_citation_tags(paper)} <= ZOTERO_FIELDS.keys() | READ_OTHERWISE


def test_the_date_of_an_online_item_has_slashes_as_highwire_wants_them():
    tags = dict(list_citation_tags(replace(ARTICLE, entry_type="online", date="2025-05-29")))
    assert tags["citation_publication_date"] == "2025/05/29"


def test_every_papers_page_gives_its_tags_back_letter_by_letter(built_site):
    for paper in load_library():
        head = _Head()
        head.feed((built_site / "papers" / paper.key / "index.html").read_text(encoding="utf-8"))
        assert head.tags == list_citation_tags(paper)


def test_every_papers_page_carries_its_schema_org_record(built_site):
    for paper in load_library():
        page = (built_site / "papers" / paper.key / "index.html").read_text(encoding="utf-8")
        (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
        assert json.loads(script) == describe_paper(paper)


def test_an_article_is_part_of_an_issue_of_a_volume_of_a_journal():
    part = describe_paper(ARTICLE)["isPartOf"]
    assert part == {
        "@type": "PublicationIssue",
        "issueNumber": "2",
        "isPartOf": {
            "@type": "PublicationVolume",
            "volumeNumber": "7",
            "isPartOf": {"@type": "Periodical", "name": "Journal of Edits"},
        },
    }


def test_a_person_and_an_organisation_are_told_apart():
    person, organisation = describe_paper(ARTICLE)["author"]
    assert person == {"@type": "Person", "name": "Nicola De Cao", "givenName": "Nicola", "familyName": "De Cao"}
    assert organisation == {"@type": "Organization", "name": "Some Lab"}
