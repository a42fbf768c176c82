"""Embedded metadata that search engines read: schema.org records, written as JSON-LD."""

from bibliography import Author, Paper

Record = dict[str, object]

TYPES = {
    "article": "ScholarlyArticle",
    "inproceedings": "ScholarlyArticle",
    "incollection": "Chapter",
    "book": "Book",
    "phdthesis": "Thesis",
    "misc": "ScholarlyArticle",
    "online": "Article",
    "software": "SoftwareSourceCode",
}
_CONTAINER_TYPES = {"article": "Periodical", "inproceedings": "Book", "incollection": "Book"}


def describe_paper(paper: Paper) -> Record:
    """Returns the schema.org record of a paper; the summary is ours, so it is a description and no abstract."""
    identifiers = [("DOI", paper.doi), ("arXiv", paper.arxiv)]
    record: Record = {
        "@context": "https://schema.org",
        "@type": TYPES[paper.entry_type],
        "name": paper.title,
        "headline": paper.title,
        "alternateName": list(paper.aliases),
        "author": [_describe_person(author) for author in paper.authors],
        "editor": [_describe_person(editor) for editor in paper.editors],
        "datePublished": paper.date or str(paper.year),
        "description": paper.summary,
        "isPartOf": _describe_container(paper),
        "publisher": {"@type": "Organization", "name": paper.publisher} if paper.publisher else None,
        "pagination": paper.pages,
        "identifier": [{"@type": "PropertyValue", "propertyID": n, "value": v} for n, v in identifiers if v],
        "url": paper.url,
        "sameAs": [address for address in (paper.doi_url, paper.arxiv_url) if address],
        "keywords": [*paper.topics, *paper.methods],
    }
    return {name: value for name, value in record.items() if value}


def describe_replication(citation: Paper, replicated: Paper, commit: str) -> Record:
    """Returns the schema.org record of a replication: software based on the paper that it replicates.

    Args:
        citation: the replication as something to be cited.
        replicated: the paper.
        commit: the commit that made the results; empty if there are none.
    """
    return describe_paper(citation) | {
        "version": commit or "not run",
        "isBasedOn": {
            "@type": TYPES[replicated.entry_type],
            "name": replicated.title,
            "url": replicated.url,
        },
    }


def _describe_person(author: Author) -> Record:
    if not author.given:
        return {"@type": "Organization", "name": author.family}
    return {"@type": "Person", "name": author.display, "givenName": author.given, "familyName": author.family}


def _describe_container(paper: Paper) -> Record | None:
    """Returns the journal with its volume and issue, or the proceedings, as schema.org nests them."""
    if not paper.venue or paper.entry_type not in _CONTAINER_TYPES:
        return None
    container: Record = {"@type": _CONTAINER_TYPES[paper.entry_type], "name": paper.venue}
    if paper.entry_type != "article":
        return container
    if paper.volume:
        container = {"@type": "PublicationVolume", "volumeNumber": paper.volume, "isPartOf": container}
    if paper.number:
        container = {"@type": "PublicationIssue", "issueNumber": paper.number, "isPartOf": container}
    return container
