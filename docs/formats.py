"""How numbers and verdicts are written on a page."""

import math
from collections.abc import Mapping

from markupsafe import Markup

from bibliography import Paper
from docs.escape import escape_markdown
from replications.common.verdicts import JudgedClaim, Verdict

# A verdict is never colour alone: each has a sign of its own beside its word.
SIGNS = {
    Verdict.REPRODUCED: "✓✓",
    Verdict.HOLDS: "✓",
    Verdict.PARTLY: "◐",
    Verdict.DOES_NOT_HOLD: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_RUN: "○",
    Verdict.NOT_ATTEMPTED: "–",
}
SCALES = {
    "paper": "the paper's own model and data",
    "reduced": "the same kind of model and data, smaller",
    "substitute": "another model or data set in place of the paper's",
}


def format_verdict(verdict: Verdict) -> Markup:
    """Returns the verdict as a badge: sign, word and a class for its colour."""
    name = verdict.value.replace(" ", "-")
    return Markup(
        f'<span class="verdict verdict--{name}"><span aria-hidden="true">{SIGNS[verdict]}</span> {verdict.value}</span>'
    )


def format_states(counts: Mapping[Verdict, int]) -> Markup:
    """Returns the parts of a bar of verdicts: each as wide as its count, with its sign and a class for its colour."""
    return Markup("").join(
        Markup('<span class="states__part verdict--{}" style="flex-grow: {}" data-sign="{}"></span>').format(
            verdict.value.replace(" ", "-"), count, SIGNS[verdict]
        )
        for verdict, count in counts.items()
    )


def format_number(value: float, spread: float = 0.0) -> str:
    """Returns a number with the digits that its spread leaves meaningful: two digits of the spread.

    Args:
        value: the number.
        spread: width of its interval; 0 if it has none: then up to four digits are shown.
    """
    if not spread:
        return f"{value:.4g}".replace("-", "−")
    decimals = max(0, 1 - math.floor(math.log10(spread)))
    return f"{value:.{min(decimals, 6)}f}".replace("-", "−")


def format_measured(claim: JudgedClaim) -> str:
    """Returns our number with its interval, such as "5.71 [5.60, 5.82]"; a dash if there is none."""
    if claim.value is None or claim.low is None or claim.high is None:
        return "–"
    spread = claim.high - claim.low
    if all(number.is_integer() for number in (claim.value, claim.low, claim.high)) and spread:
        return f"{claim.value:.0f} [{claim.low:.0f}, {claim.high:.0f}]"  # a count
    value = format_number(claim.value, spread)
    return f"{value} [{format_number(claim.low, spread)}, {format_number(claim.high, spread)}]" if spread else value


def format_unit(unit: str) -> str:
    """Returns the unit to stand behind a number; a pure number and a fraction have none to show."""
    return "" if unit in ("1", "fraction") else f" {unit}"


def format_authors(paper: Paper, most: int = 4) -> Markup:
    """Returns the authors' names, shortened to the first three and "et al." if they are more than `most`."""
    names = [escape_markdown(author.display) for author in paper.authors]  # each alone, whatever its direction
    if len(names) > most:
        return Markup(", ").join(names[:3]) + " et al."
    if len(names) > 1:
        return Markup(", ").join(names[:-1]) + " and " + names[-1]
    return names[0] if names else Markup("No author given")


def format_source(paper: Paper) -> str:
    """Returns venue, volume, pages and year, such as "Distill 5(3), 2020"; for the web and software the date."""
    volume = f" {paper.volume}" if paper.volume else ""
    volume += f"({paper.number})" if paper.volume and paper.number else ""
    pages = f", {'p. ' if paper.pages and paper.pages.isdigit() else 'pp. '}{paper.pages}" if paper.pages else ""
    return f"{paper.venue}{volume}{pages}, {paper.date or paper.year}".lstrip(", ")


def format_reference(paper: Paper) -> str:
    """Returns the full reference as a line of text: all authors, title, source, and where to find it."""
    where = paper.doi_url or paper.arxiv_url or paper.url
    return f"{format_authors(paper, most=len(paper.authors))}. {paper.title}. {format_source(paper)}. {where}"


def shorten_text(text: str, most: int = 200) -> str:
    """Returns the first sentences of a text that fit into `most` letters; if not even one does, its first words."""
    if len(text) <= most:
        return text
    sentences = text[: most + 1]
    end = max(sentences.rfind(f"{mark} ") for mark in ".?!")
    return text[: end + 1] if end > 0 else f"{text[: most - 1].rsplit(' ', 1)[0]}…"


def format_links(paper: Paper) -> list[tuple[str, str]]:
    """Returns the paper's links as (label, address): its page, DOI, arXiv, code, and what else belongs to it."""
    links = [("Read", paper.url), ("DOI", paper.doi_url), ("arXiv", paper.arxiv_url), ("Code", paper.code)]
    links.append(("See also", paper.seealso))
    seen: set[str] = set()
    unique = []
    for label, url in links:
        if url and url not in seen:
            unique.append((label, url))
            seen.add(url)
    return unique


def format_duration(seconds: float) -> str:
    """Returns a duration in words, such as "4 min 10 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
