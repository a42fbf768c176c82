"""Rendering a page: a template filled with records. Whatever a template prints is escaped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from bibliography.export import SUFFIXES
from docs.escape import escape_markdown, fence_code, quote_data, quote_front_matter
from docs.figures import read_size
from docs.formats import (
    SCALES,
    format_authors,
    format_duration,
    format_links,
    format_measured,
    format_number,
    format_reference,
    format_source,
    format_states,
    format_unit,
    format_verdict,
    shorten_text,
)
from docs.mathematics import FormulaError, render_mathematics
from docs.records import Records
from docs.verdict_picture import draw_verdict

LABELS = {"bibtex": "BibTeX", "biblatex": "BibLaTeX", "csl-json": "CSL-JSON", "ris": "RIS"}
FORMATS = [(SUFFIXES[name], label) for name, label in LABELS.items()]


@dataclass(frozen=True)
class SiteFile:
    """A file of the site's source: a path with forward slashes, relative to its root, and the content."""

    path: str
    content: str | bytes


def render(path: str, template: str, records: Records, **values: object) -> SiteFile:
    """Returns the page at `path`: a template of `docs/templates/`, filled with the records and `values`.

    Raises:
        FormulaError: a text of the page has a formula that cannot be shown.
    """
    try:
        text = _TEMPLATES.get_template(f"{template}.md.jinja").render(records=records, formats=FORMATS, **values)
    except FormulaError as error:
        raise FormulaError(f"{path}: {error}") from error
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
        "data": quote_data,
        "duration": format_duration,
        "fence": fence_code,
        "front": quote_front_matter,
        "links": format_links,
        "mathematics": lambda text: Markup(render_mathematics(str(text))),
        "measured": format_measured,
        "number": format_number,
        "picture": draw_verdict,
        "raw": Markup,
        "reference": format_reference,
        "scale": SCALES.__getitem__,
        "size": lambda path: read_size(Path(path)),
        "source": format_source,
        "states": format_states,
        "unit": format_unit,
        "brief": shorten_text,
        "verdict": format_verdict,
    }
    environment.filters.update(filters)
    return environment


_TEMPLATES = _make_environment()
