"""Bibliographies of many times the real size, made of copies with keys and identifiers of their own."""

import re
from pathlib import Path

import yaml

from bibliography.load import PACKAGE

_KEY_IN_OPENING = re.compile(r"^(@\w+\{)(\w+),$", re.M)
_RELATED = re.compile(r"^  related = \{([^}]*)\},$", re.M)
_EPRINT = re.compile(r"^  eprint = \{[^}]*\},$", re.M)
_DOI = re.compile(r"^(  doi = \{)([^}]*)(\},)$", re.M)


def write_copies(folder: Path, times: int) -> str:
    """Writes a valid bibliography of so many copies of the real one, and returns all of its BibTeX.

    Each copy has its own top-level sections and files, as a larger list would have; the copies are related
    only to papers of the same copy.
    """
    (folder / "entries").mkdir(parents=True)
    (folder / "vocabulary.yml").write_bytes((PACKAGE / "vocabulary.yml").read_bytes())
    outline = yaml.safe_load((PACKAGE / "outline.yml").read_text(encoding="utf-8"))
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "entries").glob("*.bib"))}
    sections, texts, identifiers = [], [], iter(range(10**9))
    for copy in range(times):
        sections += [_copy_section(section, copy) for section in outline["sections"]]
        for slug, text in files.items():
            texts.append(_copy_entries(text, copy, identifiers))
            (folder / "entries" / f"{slug}-copy{copy}.bib").write_text(texts[-1], encoding="utf-8")
    dumped = yaml.safe_dump({"sections": sections}, allow_unicode=True, sort_keys=False, width=120)
    (folder / "outline.yml").write_text(dumped, encoding="utf-8")
    return "\n".join(texts)


def _copy_section(section: dict, copy: int) -> dict:
    below = [_copy_section(child, copy) for child in section.get("sections", [])]
    keys = [f"{key}copy{copy}" for key in section["keys"]]
    return {**section, "slug": f"{section['slug']}-copy{copy}", "keys": keys, "sections": below}


def _copy_entries(text: str, copy: int, identifiers) -> str:
    text = _KEY_IN_OPENING.sub(rf"\1\2copy{copy},", text)
    text = _RELATED.sub(lambda match: re.sub(r"(\w+)", rf"\1copy{copy}", match[0]).replace(
        f"relatedcopy{copy}", "related"), text)  # fmt: skip
    text = _EPRINT.sub(lambda match: f"  eprint = {{{_arxiv_identifier(next(identifiers))}}},", text)
    return _DOI.sub(rf"\1\2.copy{copy}\3", text)


def _arxiv_identifier(number: int) -> str:
    month, rest = divmod(number, 99_999)
    return f"{10 + month // 12:02d}{1 + month % 12:02d}.{rest + 1:05d}"
