"""The ledger of claims: its rows, its filters, its summary, and the same rows as JSON and CSV."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from docs.evidence import gather_evidence
from docs.formats import SCALES
from docs.records import Records, count_verdicts
from docs.render import SiteFile
from replications.common.ledger import list_claims
from replications.common.verdicts import JudgedClaim, Verdict


@dataclass(frozen=True)
class Tally:
    """How many claims of the papers, controls excepted, got each verdict in one part of the ledger.

    Attributes:
        filter: name of the ledger's filter that shows this part.
        value: what the filter must be set to.
        label: the part in words.
        counts: claims by verdict.
    """

    filter: str
    value: str
    label: str
    counts: Mapping[Verdict, int]


def list_rows(records: Records) -> Iterator[dict[str, object]]:
    """Yields the ledger's rows: a claim in a setting, with the records that belong to it."""
    order = list(Verdict)
    for replication in records.replications:
        evidence = gather_evidence(replication)
        for setting in replication.settings:
            for claim in setting.judged.claims:
                yield {
                    "replication": replication,
                    "setting": setting,
                    "claim": claim,
                    "paper": records.library[replication.claims.paper_of[claim.id]],
                    "text": replication.statements[claim.id],
                    "evidence": evidence[claim.id],
                    "order": order.index(claim.verdict),
                }


def list_filters(records: Records) -> list[tuple[str, str, list[str]]]:
    """Returns the ledger's filters: name, label, and the values that occur."""
    settings = [(r, s) for r in records.replications for s in r.settings]
    found = {claim.verdict for _, s in settings for claim in s.judged.claims}
    return [
        ("paper", "Paper", _unique(key for r, _ in settings for key in r.claims.papers)),
        ("verdict", "Verdict", [verdict.value for verdict in Verdict if verdict in found]),
        ("setting", "Setting", _unique(s.name for _, s in settings)),
        ("scale", "Scale", _unique(s.judged.scale for _, s in settings)),
        ("kind", "Kind", ["claim", "control"]),
    ]


def summarise(records: Records) -> list[tuple[str, list[Tally]]]:
    """Returns the ledger's summary: a title with its tallies, by paper and by scale."""
    rows = [
        (replication.claims.paper_of[claim.id], setting.judged.scale, claim)
        for replication in records.replications
        for setting in replication.settings
        for claim in setting.of_kind("claim")
    ]
    papers = _unique(paper for paper, _, _ in rows)
    by_paper = [_tally("paper", key, records.library[key].title, [c for p, _, c in rows if p == key]) for key in papers]
    used = {scale for _, scale, _ in rows}
    scales = [(name, f"{name}: {meaning}") for name, meaning in SCALES.items() if name in used]
    by_scale = [_tally("scale", name, label, [c for _, s, c in rows if s == name]) for name, label in scales]
    return [("By paper", by_paper), ("By scale", by_scale)]


def derive_downloads(records: Records) -> Iterator[SiteFile]:
    """Yields the ledger for machines: the same rows as JSON and as CSV."""
    rows = [row for replication in records.replications for row in list_claims(replication.slug)]
    yield SiteFile("claims.json", json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    if rows:
        table = io.StringIO()
        writer = csv.DictWriter(table, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        yield SiteFile("claims.csv", table.getvalue())


def _tally(name: str, value: str, label: str, claims: Iterable[JudgedClaim]) -> Tally:
    return Tally(name, value, label, count_verdicts(claims))


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
