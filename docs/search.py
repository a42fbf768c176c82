"""The search index: a record for every paper, section, reading path, replication and other page; search.js ranks."""

import json
from collections.abc import Iterable, Iterator
from html import unescape

import yaml

from bibliography import Paper
from docs.formats import format_authors, format_source
from docs.records import Records
from docs.render import SiteFile
from docs.venues import shorten_venue


def derive_search_index(records: Records, overviews: Iterable[SiteFile]) -> SiteFile:
    """Returns the index as JSON: a list of records with `url`, `title` and the fields that are searched.

    Args:
        records: what papers, sections, paths and replications are read from.
        overviews: other pages, as Markdown; their title and description are indexed.
    """
    entries = [*_index_papers(records), *_index_groups(records), *map(_index_page, overviews)]
    content = [{name: value for name, value in entry.items() if value} for entry in entries]
    return SiteFile("search.json", json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


def _index_papers(records: Records) -> Iterator[dict[str, str]]:
    for paper in records.library:
        yield {
            "url": f"papers/{paper.key}/",
            "title": paper.title,
            "kind": "replicated paper" if paper.key in records.replicated else "paper",
            "shown": f"{format_authors(paper)} · {format_source(paper)}",
            "aliases": " · ".join([*paper.aliases, *_cite_briefly(paper)]),
            "authors": ", ".join(author.display for author in paper.authors),
            "words": _list_words(records, paper),
            "text": paper.summary,
        }


def _cite_briefly(paper: Paper) -> list[str]:
    """Returns what a reader may remember of a citation: the first author's family name and the year."""
    return [f"{author.family} {paper.year}" for author in paper.authors[:1]]


def _list_words(records: Records, paper: Paper) -> str:
    sections = [section.title for section in records.library.sections_of(paper.key)]
    venues = [paper.venue, shorten_venue(paper.venue)]
    words = [str(paper.year), *dict.fromkeys(venues), *paper.topics, *paper.methods, *sections]
    return " · ".join([*words, paper.kind, paper.key])


def _index_groups(records: Records) -> Iterator[dict[str, str]]:
    for section in records.library.sections:
        for depth, part in section.walk():
            anchor = f"#{part.slug}" if depth else ""
            url = f"sections/{section.slug}/{anchor}"
            yield {"url": url, "title": part.title, "kind": "section", "text": part.introduction}
    for path in records.library.paths:
        yield {"url": f"paths/#{path.slug}", "title": path.title, "kind": "reading path", "text": path.introduction}
    for replication in records.replications:
        paper = records.library[replication.claims.paper]
        statements = " ".join(claim.statement for claim in replication.claims.claims)
        yield {
            "url": f"replications/{replication.slug}/",
            "title": f"Replication: {paper.title}",
            "kind": "replication",
            "aliases": " · ".join([replication.slug, *paper.aliases]),
            "text": statements,
        }


def _index_page(page: SiteFile) -> dict[str, str]:
    """Returns the record of a page from its front matter, in which HTML is escaped."""
    meta = yaml.safe_load(str(page.content).split("---\n")[1])
    url = page.path.removesuffix("index.md").removesuffix(".md")
    url = f"{url}/" if url and not url.endswith("/") else url
    return {"url": url or "./", "title": unescape(meta["title"]), "kind": "page", "text": unescape(meta["description"])}
