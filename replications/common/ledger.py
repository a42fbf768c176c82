"""The ledger: every claim of a replication in every setting, in one file for machines.

`python -P -m replications.common.ledger REPLICATION` writes `replications/REPLICATION/claims.json`.
"""

import argparse

from replications.common.claims import load_claims
from replications.common.files import write_json
from replications.common.judge import judge_setting
from replications.common.paths import list_replications, replication_dir
from replications.common.verdicts import JudgedSetting, read_verdicts


def collect_verdicts(replication: str) -> tuple[JudgedSetting, ...]:
    """Returns the judged settings in the order of `claims.yml`; a setting without results is "not run"."""
    claims = load_claims(replication)
    judged = []
    for setting in claims.settings:
        path = replication_dir(replication) / "results" / setting / "verdict.json"
        judged.append(read_verdicts(path) if path.is_file() else judge_setting(claims, setting, None))
    return tuple(judged)


def list_claims(replication: str) -> list[dict[str, object]]:
    """Returns one row per claim and setting, with the paper's key, the replication and the claim's text."""
    claims = load_claims(replication)
    statements = {statement.id: statement for statement in claims.statements()}
    rows: list[dict[str, object]] = []
    for judged in collect_verdicts(replication):
        for claim in judged.claims:
            statement = statements[claim.id]
            row: dict[str, object] = {
                "paper": claims.paper_of[claim.id],
                "replication": replication,
                "setting": judged.setting,
                "scale": judged.scale,
                "statement": statement.statement,
                "where": getattr(statement, "where", None),
            }
            rows.append(row | claim.model_dump(mode="json"))
    return rows


def main() -> None:
    """Writes the ledger of one replication."""
    parser = argparse.ArgumentParser()
    parser.add_argument("replication", choices=list_replications(), metavar="REPLICATION")
    name = parser.parse_args().replication
    write_json(replication_dir(name) / "claims.json", list_claims(name))


if __name__ == "__main__":
    main()
