"""The pages and files of a replication: its claims and figures, its code, and the records themselves."""

from collections.abc import Iterator

from bibliography.export import EXPORTERS, SUFFIXES
from docs.crate import describe_crate
from docs.evidence import gather_evidence
from docs.interactive import read_interactive
from docs.notebooks import convert_notebook
from docs.project import Project
from docs.records import Records, ReplicationRecord
from docs.render import SiteFile, render
from docs.replication_citation import cite_replication, name_commits
from docs.schema_org import describe_replication
from docs.source_code import highlight_module, list_modules

RECORDS = ("claims.yml", "params.yaml", "dvc.yaml", "figures.yml")


def derive_replication(
    records: Records, replication: ReplicationRecord, project: Project, site_url: str
) -> Iterator[SiteFile]:
    """Yields a replication's page, the page of its code, its citation in every format, and the files it is made of."""
    slug, paper = replication.slug, records.library[replication.claims.paper]
    notebooks = {s.name: convert_notebook(s.notebook, f"{slug}-{s.name}") for s in replication.was_run if s.notebook}
    interactive = read_interactive(replication.folder)
    citation, commits = cite_replication(replication, paper, project, site_url), name_commits(replication)
    yield render(
        f"replications/{slug}.md",
        "replication",
        records,
        replication=replication,
        paper=paper,
        evidence=gather_evidence(replication),
        interactive=interactive,
        notebooks={name: notebook.markdown for name, notebook in notebooks.items()},
        commands=f"make repro NAME={slug}     # restores cached results, then recomputes what is stale",
        commits=commits,
        bibtex=EXPORTERS["bibtex"]([citation]),
        schema_org=describe_replication(citation, paper, commits),
    )
    for notebook in notebooks.values():
        for name, content in notebook.images.items():
            yield SiteFile(f"replications/{name}", content)
    for name, exporter in EXPORTERS.items():
        yield SiteFile(f"replications/{slug}{SUFFIXES[name]}", exporter([citation]))
    yield _derive_code(records, replication)
    files = {**dict(_published_files(replication)), **interactive.files}
    for path, content in files.items():
        yield SiteFile(f"replications/{slug}/{path}", content)
    crate = describe_crate(replication, paper, citation, project, files)
    yield SiteFile(f"replications/{slug}/ro-crate-metadata.json", crate)


def _derive_code(records: Records, replication: ReplicationRecord) -> SiteFile:
    modules = {path.name: highlight_module(path) for path in list_modules(replication.folder)}
    paper = records.library[replication.claims.paper]
    return render(
        f"replications/{replication.slug}/code.md",
        "code",
        records,
        replication=replication,
        paper=paper,
        modules=modules,
    )


def _published_files(replication: ReplicationRecord) -> Iterator[tuple[str, bytes]]:
    """Yields path and content of what a reader needs to check a replication: claims, parameters, code, results."""
    folder = replication.folder
    paths = [folder / name for name in RECORDS] + list_modules(folder)
    for setting in replication.was_run:
        paths += sorted(setting.folder.rglob("[!.]*"))  # a killed run may have left a hidden part of a file
    for path in paths:
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()
