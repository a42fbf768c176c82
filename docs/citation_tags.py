"""Embedded metadata that reference managers read: Highwire Press tags, as Google Scholar and Zotero document them.

The names are those that Zotero's translator "Embedded Metadata" maps to its fields. Highwire tags cannot say that an
item is a preprint, a web page or software, so `z:itemType`, which the same translator reads, says it.
"""

from collections.abc import Iterator

from bibliography import Author, Paper

Tag = tuple[str, str]

ZOTERO_TYPES = {
    "article": "journalArticle",
    "inproceedings": "conferencePaper",
    "incollection": "bookSection",
    "book": "book",
    "phdthesis": "thesis",
    "misc": "preprint",
    "online": "webpage",
    "software": "computerProgram",
}
# The tags that name what contains or published the item; Zotero tells the item's type by them, too.
_CONTAINER_TAGS = {
    "article": ("citation_journal_title",),
    "inproceedings": ("citation_inbook_title", "citation_conference_title"),
    "incollection": ("citation_inbook_title",),
    "phdthesis": ("citation_dissertation_institution",),
    "misc": ("citation_publisher",),
    "online": ("citation_publisher",),
    "software": ("citation_publisher",),
}


def list_citation_tags(paper: Paper) -> list[Tag]:
    """Returns the names and contents of the `<meta>` tags that describe a paper."""
    return [(name, content) for name, content in _list_tags(paper) if content]


def _list_tags(paper: Paper) -> Iterator[tuple[str, str | None]]:
    first, _, last = (paper.pages or "").partition("–")
    yield "citation_title", paper.title
    yield from (("citation_author", _invert(author)) for author in paper.authors)
    yield from (("citation_editor", _invert(editor)) for editor in paper.editors)
    yield "citation_publication_date", (paper.date or str(paper.year)).replace("-", "/")
    # Zotero files an item under its last container: the proceedings come before the conference that they are of.
    yield from ((name, paper.venue) for name in _CONTAINER_TAGS.get(paper.entry_type, ()))
    yield "citation_series_title", paper.series
    yield "citation_publisher", paper.publisher
    yield "citation_volume", paper.volume
    yield "citation_issue", paper.number
    yield "citation_firstpage", first
    yield "citation_lastpage", last
    yield "citation_doi", paper.doi
    yield "citation_arxiv_id", paper.arxiv
    yield "citation_public_url", paper.url
    yield "citation_pdf_url", paper.url if paper.url.endswith(".pdf") else None
    yield "citation_keywords", "; ".join((*paper.topics, *paper.methods))
    yield "citation_language", "en"
    yield "z:itemType", ZOTERO_TYPES[paper.entry_type]


def _invert(author: Author) -> str:
    return f"{author.family}, {author.given}" if author.given else author.family
