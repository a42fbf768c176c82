"""Deriving the site: records in, files of Markdown and data out. Pure; nothing here knows of mkdocs."""

from collections.abc import Iterator
from pathlib import Path

from bibliography import Paper
from bibliography.export import EXPORTERS
from docs import catalogue, timeline
from docs.citation_tags import list_citation_tags
from docs.escape import escape_title
from docs.exports import derive_exports
from docs.formats import SCALES
from docs.ledger import derive_downloads, list_filters, list_rows, summarise
from docs.licences import BILL, CONSTRAINTS, find_users, read_mit, read_packages, read_pins, read_sources
from docs.project import load_project
from docs.recent import derive_recent
from docs.records import Records
from docs.related import Neighbour, list_neighbours
from docs.render import SiteFile, render
from docs.replication_pages import derive_replication
from docs.schema_org import describe_paper
from docs.search import derive_search_index
from docs.speed import list_stages, read_speed
from docs.strength import read_strength
from replications.common.verdicts import MEANINGS

HAND_WRITTEN = Path(__file__).parent / "pages"


def derive_site(records: Records, site_url: str = "") -> Iterator[SiteFile]:
    """Yields every page and data file that the records give, in a fixed order.

    Args:
        records: what is shown.
        site_url: address of the published site, for the feed; empty if it is not known.
    """
    project = load_project()
    neighbours = list_neighbours(records.library)
    recent, feed = derive_recent(records, site_url)
    overviews = [*_derive_overviews(records), recent]
    yield from [*overviews, feed]
    yield derive_search_index(records, [*overviews, *_read_hand_written()])
    for section in records.library.sections:
        yield render(f"sections/{section.slug}.md", "section", records, section=section)
    for paper in records.library:
        yield _derive_paper(records, paper, neighbours[paper.key])
    for replication in records.replications:
        yield from derive_replication(records, replication, project, site_url)
    yield from derive_exports(records)
    yield from derive_downloads(records)
    yield SiteFile(BILL.name, BILL.read_bytes())


def derive_navigation(records: Records) -> list[dict[str, object]]:
    """Returns the derived part of the navigation: titles with paths, in the form of mkdocs' `nav`."""
    sections = [{escape_title(section.title): f"sections/{section.slug}.md"} for section in records.library.sections]
    replications: list[dict[str, str]] = [
        {escape_title(records.library[r.claims.paper].title): f"replications/{r.slug}.md"} for r in records.replications
    ]
    return [
        {"Home": "index.md"},
        {"Reading list": ["sections/index.md", "paths.md", *sections]},
        {"Papers": ["papers/index.md", "timeline.md", "recent.md"]},
        {"Replications": ["replications/index.md", *replications]},
        {"Claims": ["ledger.md", "verdicts.md"]},
        {"Cite": ["cite.md", "basket.md"]},
    ]


def _derive_overviews(records: Records) -> Iterator[SiteFile]:
    library = records.library
    yield render(
        "index.md",
        "home",
        records,
        total=sum(records.counts.values()),
        n_replicated=len(records.replications_by_paper),
        n_papers=len(library),
        n_sections=len(library.sections),
        description="A reading list on explainable AI and mechanistic interpretability with reproducible replications.",
    )
    yield render("sections/index.md", "sections", records, n_papers=len(library))
    yield render("paths.md", "paths", records)
    years = [paper.year for paper in library]
    yield render(
        "papers/index.md",
        "papers",
        records,
        rows=list(catalogue.list_rows(records)),
        filters=catalogue.list_filters(records),
        first_year=min(years),
        last_year=max(years),
    )
    columns = timeline.list_columns(list(library))
    rows = timeline.list_rows(records, columns)
    yield render("timeline.md", "timeline", records, columns=columns, rows=rows)
    yield render("replications/index.md", "replications", records)
    yield render(
        "ledger.md",
        "ledger",
        records,
        rows=list(list_rows(records)),
        filters=list_filters(records),
        summary=summarise(records),
    )
    yield render("verdicts.md", "verdicts", records, meanings=list(MEANINGS.items()), scales=list(SCALES.items()))
    yield render("basket.md", "basket", records)
    yield render(
        "speed.md", "speed", records, speed=read_speed(), stages=list(list_stages(records)), strength=read_strength()
    )
    yield _derive_licences(records)
    commands = "python -m bibliography export --format bibtex -o everything.bib\n"
    commands += "python -m bibliography export --format ris --section circuit-discovery\n"
    commands += "python -m bibliography export --format csl-json --key wang2023ioi --key meng2022rome"
    yield render("cite.md", "cite", records, commands=commands)


def _derive_licences(records: Records) -> SiteFile:
    folders = [replication.folder for replication in records.replications]
    used = [(source, find_users(source, folders)) for source in read_sources()]
    return render(
        "licences.md",
        "licences",
        records,
        sources=[(source, users) for source, users in used if users],
        packages=read_packages(),
        torch=read_pins(CONSTRAINTS)["torch"],
        mit=read_mit(),
    )


def _read_hand_written() -> Iterator[SiteFile]:
    for path in sorted(HAND_WRITTEN.glob("*.md")):
        yield SiteFile(path.name, path.read_text(encoding="utf-8"))


def _derive_paper(records: Records, paper: Paper, neighbours: tuple[Neighbour, ...]) -> SiteFile:
    return render(
        f"papers/{paper.key}.md",
        "paper",
        records,
        paper=paper,
        neighbours=neighbours,
        sections=records.library.sections_of(paper.key),
        replications=records.replications_by_paper.get(paper.key, ()),
        bibtex=EXPORTERS["bibtex"]([paper]),
        citation_tags=list_citation_tags(paper),
        schema_org=describe_paper(paper),
    )
