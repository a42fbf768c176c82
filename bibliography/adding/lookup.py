"""Makes a draft of what a user has named, by asking the services where that needs a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bibtexparser.middlewares.names import parse_single_name_into_parts

from bibliography.adding.bibtex_file import read_bibtex_file
from bibliography.adding.draft import Draft, draft_from_record
from bibliography.adding.identifier import Arxiv, Doi
from bibliography.model import Author
from bibliography.online.client import AnswerError, require_network
from bibliography.online.datacite import ARXIV_PREFIX
from bibliography.online.names import Likeness, compare_names
from bibliography.online.record import Record
from bibliography.online.services import Registry
from bibliography.online.settings import Settings
from bibliography.output import CommandError


def draft_offline(named: Arxiv | Doi | Path) -> Draft:
    """Return what is known without a network: all of a file, of an identifier no more than itself."""
    if isinstance(named, Path):
        return read_bibtex_file(named)
    if isinstance(named, Arxiv):
        url = f"https://arxiv.org/abs/{named.identifier}"
        fields = {"howpublished": "arXiv preprint", "eprint": named.identifier, "archiveprefix": "arXiv", "url": url}
        return Draft("misc", "", None, fields, (f"a stub: nothing but {named.identifier} is known without a network",))
    fields = {"doi": named.doi, "url": f"https://doi.org/{named.doi}"}
    return Draft("article", "", None, fields, (f"a stub: nothing but {named.doi} is known without a network",))


def draft_online(named: Arxiv | Doi, settings: Settings) -> Draft:
    """Return the draft that the services' records make.

    Raises:
        NoNetworkError: No service answers.
        AnswerError: The one that matters answers nonsense.
        CommandError: Nobody knows the identifier.
    """
    services = settings.services
    require_network((services.arxiv, services.crossref, services.datacite), settings.manners)
    registry = Registry(settings)
    if isinstance(named, Doi):
        record = registry.crossref(named.doi) or registry.datacite(named.doi)
        if record is None:
            raise CommandError(f"neither Crossref nor DataCite knows the DOI {named.doi}; look at it again")
        return _explained(draft_from_record(replace(record, doi=named.doi)), record)
    return _draft_preprint(named.identifier, registry)


def _draft_preprint(identifier: str, registry: Registry) -> Draft:
    """Return the draft of the published version where arXiv names one, else of the preprint."""
    record = next(registry.arxiv([identifier])).get(identifier)
    if record is None:
        raise CommandError(f"arXiv does not know {identifier}; look at it again")
    notes = []
    if record.doi:
        try:
            published = registry.crossref(record.doi)
        except AnswerError as error:
            published = None
            notes.append(f"the published version {record.doi} could not be looked up ({error})")
        if published:
            draft = draft_from_record(replace(published, doi=record.doi), record)
            return _explained(
                replace(draft, notes=(*draft.notes, "the published version, which arXiv names")), published
            )
    if record.remark:
        notes.append(f'arXiv says "{record.remark}": if it is published, write its venue, year and type')
    record = replace(record, authors=_split_names(record, registry), doi="")
    draft = draft_from_record(record)
    return _explained(replace(draft, notes=(*draft.notes, *notes)), record)


def _split_names(record: Record, registry: Registry) -> tuple[Author, ...]:
    """Return the authors with family names apart, as DataCite has them of arXiv, or guessed where it does not."""
    try:
        copy = registry.datacite(f"{ARXIV_PREFIX}{record.arxiv}")
    except AnswerError:
        copy = None
    split = copy.authors if copy else ()
    if len(split) == len(record.authors) and all(
        compare_names(ours, theirs) is not Likeness.DIFFERENT or ours.display == theirs.display
        for ours, theirs in zip(split, record.authors, strict=True)
    ):
        return split
    return tuple(_guess_split(author.family) for author in record.authors)


def _guess_split(name: str) -> Author:
    parts = parse_single_name_into_parts(name, strict=False)
    return Author(" ".join(parts.first), " ".join([*parts.von, *parts.last, *parts.jr]))


def _explained(draft: Draft, record: Record) -> Draft:
    """Return the draft with notes on what a person should look at."""
    notes = [f"taken from {record.source}"]
    if any(not value.isascii() for name, value in draft.fields.items() if name != "alias"):
        notes.append("some letters have no LaTeX here: write them in Latin script")
    return replace(draft, notes=(*notes, *draft.notes))
