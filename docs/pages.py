"""Deriving the site: records in, files of Markdown and data out. Pure; nothing here knows of mkdocs."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from bibliography import Paper
from bibliography.export import EXPORTERS, SUFFIXES
from docs.escape import escape_markdown, fence_code, quote_front_matter
from docs.formats import (
    SCALES,
    format_authors,
    format_duration,
    format_links,
    format_measured,
    format_number,
    format_source,
    format_unit,
    format_verdict,
)
from docs.notebooks import convert_notebook
from docs.records import Records, ReplicationRecord, SettingRecord
from replications.common.ledger import list_claims
from replications.common.verdicts import MEANINGS, Verdict

LABELS = {"bibtex": "BibTeX", "biblatex": "BibLaTeX", "csl-json": "CSL-JSON", "ris": "RIS"}
FORMATS = [(SUFFIXES[name], label) for name, label in LABELS.items()]


@dataclass(frozen=True)
class SiteFile:
    """A file of the site's source: a path with forward slashes, relative to its root, and the content."""

    path: str
    content: str | bytes


def derive_site(records: Records) -> Iterator[SiteFile]:
    """Yields every page and data file that the records give, in a fixed order."""
    yield from _derive_overviews(records)
    for section in records.library.sections:
        yield _render(f"sections/{section.slug}.md", "section", records, section=section)
    for paper in records.library:
        yield _derive_paper(records, paper)
    for replication in records.replications:
        yield from _derive_replication(records, replication)
    yield from _derive_exports(records)
    ledger = [row for replication in records.replications for row in list_claims(replication.slug)]
    yield SiteFile("claims.json", json.dumps(ledger, indent=2, ensure_ascii=False) + "\n")


def derive_navigation(records: Records) -> list[dict[str, object]]:
    """Returns the derived part of the navigation: titles with paths, in the form of mkdocs' `nav`."""
    sections = [{section.title: f"sections/{section.slug}.md"} for section in records.library.sections]
    replications: list[dict[str, str]] = [
        {records.library[r.claims.paper].title: f"replications/{r.slug}.md"} for r in records.replications
    ]
    return [
        {"Home": "index.md"},
        {"Reading list": ["sections/index.md", "paths.md", *sections]},
        {"Replications": ["replications/index.md", *replications]},
        {"Claims": ["ledger.md", "verdicts.md"]},
        {"Cite": "cite.md"},
    ]


def _derive_overviews(records: Records) -> Iterator[SiteFile]:
    library = records.library
    yield _render(
        "index.md",
        "home",
        records,
        total=sum(records.counts.values()),
        n_replicated=len(records.replications_by_paper),
        n_papers=len(library),
        n_sections=len(library.sections),
        description="A reading list on explainable AI and mechanistic interpretability with reproducible replications.",
    )
    yield _render("sections/index.md", "sections", records, n_papers=len(library))
    yield _render("paths.md", "paths", records)
    yield _render("replications/index.md", "replications", records)
    yield _render("ledger.md", "ledger", records, rows=list(_ledger_rows(records)), filters=_ledger_filters(records))
    yield _render("verdicts.md", "verdicts", records, meanings=list(MEANINGS.items()), scales=list(SCALES.items()))
    commands = "python -m bibliography export --format bibtex -o everything.bib\n"
    commands += "python -m bibliography export --format ris --section circuit-discovery\n"
    commands += "python -m bibliography export --format csl-json --key wang2023ioi --key meng2022rome"
    yield _render("cite.md", "cite", records, commands=commands)


def _derive_paper(records: Records, paper: Paper) -> SiteFile:
    return _render(
        f"papers/{paper.key}.md",
        "paper",
        records,
        paper=paper,
        sections=records.library.sections_of(paper.key),
        replications=records.replications_by_paper.get(paper.key, ()),
        bibtex=EXPORTERS["bibtex"]([paper]),
    )


def _derive_replication(records: Records, replication: ReplicationRecord) -> Iterator[SiteFile]:
    notebooks = {s.name: convert_notebook(s.notebook) for s in replication.was_run if s.notebook}
    commands = f"make repro NAME={replication.slug}     # restores cached results, then recomputes what is stale"
    yield _render(
        f"replications/{replication.slug}.md",
        "replication",
        records,
        replication=replication,
        paper=records.library[replication.claims.paper],
        notebooks={name: notebook.markdown for name, notebook in notebooks.items()},
        commands=commands,
    )
    for notebook in notebooks.values():
        for name, content in notebook.images.items():
            yield SiteFile(f"replications/{name}", content)
    for setting in replication.was_run:
        yield from _copy_results(replication, setting)


def _copy_results(replication: ReplicationRecord, setting: SettingRecord) -> Iterator[SiteFile]:
    """Yields the files of a run, for readers who want the numbers themselves."""
    for path in sorted(setting.folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(setting.folder).as_posix()
            yield SiteFile(f"replications/results/{replication.slug}/{setting.name}/{name}", path.read_bytes())


def _derive_exports(records: Records) -> Iterator[SiteFile]:
    """Yields the downloads: everything, each section, each paper, each reading path, in each format."""
    groups: list[tuple[str, Sequence[Paper]]] = [("bibliography", list(records.library))]
    groups += [(f"sections/{s.slug}", [records.library[key] for key in s.all_keys]) for s in records.library.sections]
    groups += [(f"papers/{paper.key}", [paper]) for paper in records.library]
    groups += [(f"paths/{path.slug}", [records.library[s.key] for s in path.steps]) for path in records.library.paths]
    for stem, papers in groups:
        for name, exporter in EXPORTERS.items():
            if papers:
                yield SiteFile(f"{stem}{SUFFIXES[name]}", exporter(papers))


def _ledger_rows(records: Records) -> Iterator[dict[str, object]]:
    order = list(Verdict)
    for replication in records.replications:
        for setting in replication.settings:
            for claim in setting.judged.claims:
                yield {
                    "replication": replication,
                    "setting": setting,
                    "claim": claim,
                    "paper": records.library[replication.claims.paper_of[claim.id]],
                    "text": replication.statements[claim.id],
                    "order": order.index(claim.verdict),
                }


def _ledger_filters(records: Records) -> list[tuple[str, str, list[str]]]:
    settings = [(r, s) for r in records.replications for s in r.settings]
    found = {claim.verdict for _, s in settings for claim in s.judged.claims}
    return [
        ("paper", "Paper", _unique(key for r, _ in settings for key in r.claims.papers)),
        ("verdict", "Verdict", [verdict.value for verdict in Verdict if verdict in found]),
        ("setting", "Setting", _unique(s.name for _, s in settings)),
        ("scale", "Scale", _unique(s.judged.scale for _, s in settings)),
        ("kind", "Kind", ["claim", "control"]),
    ]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _render(path: str, template: str, records: Records, **values: object) -> SiteFile:
    text = _TEMPLATES.get_template(f"{template}.md.jinja").render(records=records, formats=FORMATS, **values)
    return SiteFile(path, text)


def _make_environment() -> jinja2.Environment:
    """Returns the template engine: whatever a template prints is escaped, unless a filter has made it markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: escape_markdown(value),
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "authors": format_authors,
        "duration": format_duration,
        "fence": fence_code,
        "front": quote_front_matter,
        "links": format_links,
        "measured": format_measured,
        "number": format_number,
        "raw": Markup,
        "scale": SCALES.__getitem__,
        "source": format_source,
        "unit": format_unit,
        "verdict": format_verdict,
    }
    environment.filters.update(filters)
    return environment


_TEMPLATES = _make_environment()
