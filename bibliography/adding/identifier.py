"""What a user may hand to ``add``: an arXiv identifier, a DOI, each also as an address, or a BibTeX file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bibliography.output import CommandError
from bibliography.schema import FORMS

_ARXIV = re.compile(
    r"(?:https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv:\s*|(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?"
    r"10\.48550/arxiv\.)?(?P<id>.+?)(?:v[0-9]+)?(?:\.pdf)?/?",
    re.I,
)
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(?P<doi>10\..+)", re.I)


@dataclass(frozen=True)
class Arxiv:
    """An arXiv identifier without a version."""

    identifier: str


@dataclass(frozen=True)
class Doi:
    """A DOI, not of arXiv."""

    doi: str


def read_identifier(text: str) -> Arxiv | Doi | Path:
    """Return what the text names.

    Raises:
        CommandError: It names nothing of these.
    """
    text = text.strip()
    if text.lower().endswith(".bib"):
        return Path(text)
    arxiv = _ARXIV.fullmatch(text)
    if arxiv and FORMS["eprint"].pattern.fullmatch(arxiv["id"]):
        return Arxiv(arxiv["id"])
    doi = _DOI.fullmatch(text)
    if doi and FORMS["doi"].pattern.fullmatch(found := unquote(doi["doi"]) if "://" in text else doi["doi"]):
        return Doi(found)
    raise CommandError(
        f"got {text!r}; expected an arXiv identifier such as 2211.00593, a DOI such as 10.1162/neco.1992.4.2.196, "
        "or the path of a BibTeX file (.bib)"
    )
