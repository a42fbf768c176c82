"""The ledger of claims: its rows and its filters."""

from collections.abc import Iterable, Iterator

from docs.records import Records
from replications.common.verdicts import Verdict


def list_rows(records: Records) -> Iterator[dict[str, object]]:
    """Yields the ledger's rows: a claim in a setting, with the records that belong to it."""
    order = list(Verdict)
    for replication in records.replications:
        for setting in replication.settings:
            for claim in setting.judged.claims:
                yield {
                    "replication": replication,
                    "setting": setting,
                    "claim": claim,
                    "paper": records.library[replication.claims.paper_of[claim.id]],
                    "text": replication.statements[claim.id],
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


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
