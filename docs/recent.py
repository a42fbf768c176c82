"""What is new: releases, as the changelog tells them, and papers by the day on which their entry was confirmed."""

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from bibliography import Paper
from docs.formats import format_authors, format_source
from docs.records import Records
from docs.render import SiteFile, render

EVIDENCE = Path(__file__).parents[1] / "bibliography" / "evidence.jsonl"
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
MOST_PAPERS = 40
ATOM = "http://www.w3.org/2005/Atom"
_RELEASE = re.compile(r"^## (?P<version>\S+) \((?P<day>\d{4}-\d\d-\d\d)\)\n(?P<text>.*?)(?=^## |\Z)", re.M | re.S)


@dataclass(frozen=True)
class Release:
    """A release: its version, its day, and what changed, as Markdown."""

    version: str
    day: date
    text: str


def read_releases(path: Path = CHANGELOG) -> tuple[Release, ...]:
    """Returns the releases that a changelog lists, in its order: the newest first."""
    found = _RELEASE.finditer(path.read_text(encoding="utf-8"))
    return tuple(Release(m["version"], date.fromisoformat(m["day"]), m["text"].strip()) for m in found)


def read_days_added(path: Path = EVIDENCE) -> dict[str, date]:
    """Returns, for each key with evidence, the day of the first piece of it: the day its entry came to the list."""
    days: dict[str, date] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        piece = json.loads(line)
        day = date.fromisoformat(piece["date"])
        days[piece["key"]] = min(day, days.get(piece["key"], day))
    return days


def list_recent(papers: Iterable[Paper], days: dict[str, date]) -> list[tuple[date, Paper]]:
    """Returns the papers that came last with the day they came: of one day the most recently published first."""
    dated = [(days[paper.key], paper) for paper in papers if paper.key in days]
    dated.sort(key=lambda item: (item[0], item[1].date or str(item[1].year)), reverse=True)
    return dated[:MOST_PAPERS]


def derive_recent(records: Records, site_url: str) -> tuple[SiteFile, SiteFile]:
    """Returns the page of what is new, and the same as an Atom feed.

    Args:
        records: what the papers are read from.
        site_url: address of the published site, with a slash at its end; empty if it is not known.
    """
    releases, recent = read_releases(), list_recent(records.library, read_days_added())
    page = render("recent.md", "recent", records, releases=releases, recent=recent)
    return page, SiteFile("feed.xml", write_feed(releases, recent, site_url))


def write_feed(releases: Iterable[Release], recent: Iterable[tuple[date, Paper]], site_url: str) -> str:
    """Returns an Atom feed (RFC 4287); without `site_url` its links are relative to the feed's own address."""
    ElementTree.register_namespace("", ATOM)
    entries = [("recent/#" + f"v{r.version}", f"Release {r.version}", r.day, r.text) for r in releases]
    for day, paper in recent:
        text = f"{format_authors(paper)} · {format_source(paper)}\n{paper.summary}"
        entries.append((f"papers/{paper.key}/", paper.title, day, text))
    entries.sort(key=lambda entry: entry[2], reverse=True)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(feed, "title", "Interpretability, replicated")
    _add(feed, "id", _identify(""))
    _add(feed, "updated", f"{entries[0][2]}T00:00:00Z")
    _add(feed, "link", rel="self", href=f"{site_url}feed.xml")
    _add(feed, "link", href=site_url or "./")
    _add(_add(feed, "author"), "name", "The authors of Interpretability, replicated")
    for path, title, day, text in entries:
        entry = _add(feed, "entry")
        _add(entry, "title", title)
        _add(entry, "id", _identify(path))
        _add(entry, "updated", f"{day}T00:00:00Z")
        _add(entry, "link", href=f"{site_url}{path}")
        _add(entry, "summary", text)
    ElementTree.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode") + "\n"


def _identify(path: str) -> str:
    """Returns a name that stays the same wherever the site is published."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"interpretability-replicated/{path}").urn


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{ATOM}}}{tag}", attributes)
    child.text = text
    return child
