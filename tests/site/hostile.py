"""Records that do their worst: no page may run them, break on them or hide them.

The loader refuses some of this already (characters that steer direction, letters that are not ASCII where LaTeX is
expected), but claims and summaries do not pass through it, and a page must not depend on it.
"""

import re
from dataclasses import replace
from types import MappingProxyType

from bibliography import Author, Library, Paper, ReadingPath, Section, SourceBlock
from bibliography.model import Step
from docs.records import Records, ReplicationRecord, SettingRecord
from replications.common.claims import Deviation, NotAttempted

SCRIPT = '<script>hacked("script")</script>'
BREAKOUT = """</title></head></a></script>--></textarea>"'><svg onload=hacked('svg')><img src=x onerror=hacked(1)>"""
MARKDOWN = (
    "[click](javascript:hacked(2)) ![x](x.png) **bold** `code` ~~~ ``` | a | b | # x {{ 7 * 7 }} {% raw %} \\ $x$ &lt;"
)
ATTRIBUTE = """x" onmouseover="hacked(3)" y='z' onfocus='hacked(4)"""
OVERRIDE = "abc \u202egpj.exe\u2067 def \u200f!"
RIGHT_TO_LEFT = "מבוא ל-interpretability: شرح النماذج, a Survey"
LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 8
EMOJI = "𝒪(n²) attention 🙂🔥👩\u200d🔬: ∑ᵢ αᵢ ≤ β, 100 % & more #1"

TITLES = {
    "mallory2021script": SCRIPT,
    "mallory2021breakout": BREAKOUT,
    "mallory2021markdown": MARKDOWN,
    "mallory2021attribute": ATTRIBUTE,
    "mallory2021override": OVERRIDE,
    "cohen2022mixed": RIGHT_TO_LEFT,
    "mallory2023long": LONG,
    "mallory2024emoji": EMOJI,
}
AUTHORS = (
    Author("Eve", SCRIPT),
    Author("محمد", "الخوارزمي"),
    Author("דוד", "לוי"),
    Author("", ATTRIBUTE),
    Author(LONG, LONG),
)


def make_hostile_records(replication: ReplicationRecord) -> Records:
    """Returns records in which every text of a bibliography, and every text of a replication's claims, attacks."""
    keys = tuple(TITLES)
    papers = {key: _make_paper(key, keys) for key in keys}
    inner = Section("inner-section", RIGHT_TO_LEFT, EMOJI, keys[4:], ())
    outer = Section("outer-section", f"{SCRIPT} {MARKDOWN}", f"{BREAKOUT} {LONG}", keys[:4], (inner,))
    path = ReadingPath("path", BREAKOUT, MARKDOWN, tuple(Step(key, ATTRIBUTE) for key in keys))
    words = MappingProxyType({"attacks": f"{SCRIPT} {ATTRIBUTE}"})
    library = Library(MappingProxyType(papers), (outer,), words, words, (path,))
    return Records(library, (_attack_claims(replication, keys[0]),))


def _make_paper(key: str, keys: tuple[str, ...]) -> Paper:
    title = TITLES[key]
    return Paper(
        key=key,
        entry_type="article",
        title=title,
        authors=AUTHORS,
        year=int(re.search(r"\d{4}", key)[0]),
        date=None,
        venue=f"{title} {MARKDOWN}",
        volume=ATTRIBUTE,
        number=SCRIPT,
        pages=f"{SCRIPT}–{LONG}",
        doi=f"10.1234/{ATTRIBUTE}",
        arxiv=None,
        url="https://example.org/?q=%3Cscript%3E&b=(c)" + "a" * 300,
        code="https://example.org/?c='(hacked)'&amp;quot;",
        seealso="https://example.org/#;'!*+,",
        aliases=(title, SCRIPT, OVERRIDE),
        topics=("attacks",),
        methods=("attacks",),
        related=keys,
        summary=f"{title} {SCRIPT} {MARKDOWN} {BREAKOUT} {OVERRIDE}\n\n    indented {LONG}\n\n# heading\n\n```\nopen",
        source=SourceBlock("x.bib", 1, f"@article{{{key},\n  title = {{{title} {BREAKOUT}\n```\n}},\n}}"),
        editors=AUTHORS,
        series=f"{BREAKOUT} {OVERRIDE}",
        publisher=f"{ATTRIBUTE} {MARKDOWN}",
    )


def _attack_claims(replication: ReplicationRecord, key: str) -> ReplicationRecord:
    claims = replication.claims
    texts = {"paper": None, "statement": f"{SCRIPT} {RIGHT_TO_LEFT}", "because": f"{BREAKOUT} {MARKDOWN} {OVERRIDE}"}
    attacked = claims.model_copy(
        update={
            "paper": key,
            "claims": tuple(claim.model_copy(update=texts | {"where": ATTRIBUTE}) for claim in claims.claims),
            "controls": tuple(control.model_copy(update=texts) for control in claims.controls),
            "not_attempted": (NotAttempted(where=ATTRIBUTE, what=BREAKOUT, why=MARKDOWN),),
            "deviations": (Deviation(id="attack", what=SCRIPT, why=BREAKOUT, effect=MARKDOWN),),
        }
    )
    return replace(replication, claims=attacked, settings=tuple(map(_attack_setting, replication.settings)))


def _attack_setting(setting: SettingRecord) -> SettingRecord:
    """Returns the setting with hostile notes, reasons, captions and provenance, as a results folder may hold them."""
    reasons = {"reason": BREAKOUT, "expect": SCRIPT, "unit": ATTRIBUTE}
    judged = setting.judged.model_copy(
        update={"claims": tuple(claim.model_copy(update=reasons) for claim in setting.judged.claims)}
    )
    run = setting.run and dict(setting.run) | dict.fromkeys(("commit", "machine", "device", "python"), SCRIPT)
    figures = tuple(replace(figure, caption=f"{BREAKOUT} {MARKDOWN}") for figure in setting.figures)
    return replace(setting, judged=judged, note=f"{SCRIPT} {MARKDOWN}", run=run, figures=figures)
