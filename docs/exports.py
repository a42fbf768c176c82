"""The reading list's downloads: everything, each section, each paper, each reading path, in each format."""

from collections.abc import Iterator, Sequence

from bibliography import Paper
from bibliography.export import EXPORTERS, SUFFIXES
from docs.records import Records
from docs.render import SiteFile


def derive_exports(records: Records) -> Iterator[SiteFile]:
    """Yields the downloads: everything, each section, each paper, each reading path, in each format."""
    groups: list[tuple[str, Sequence[Paper]]] = [("bibliography", list(records.library))]
    groups += [(f"sections/{s.slug}", [records.library[key] for key in s.all_keys]) for s in records.library.sections]
    groups += [(f"papers/{paper.key}", [paper]) for paper in records.library]
    groups += [(f"paths/{path.slug}", [records.library[s.key] for s in path.steps]) for path in records.library.paths]
    for stem, papers in groups:
        for name, exporter in EXPORTERS.items():
            if papers:
                yield SiteFile(f"{stem}{SUFFIXES[name]}", exporter(papers))
