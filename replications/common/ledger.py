"""The ledger: every claim of every replication in every setting, in one file.

python -P -m replications.common.ledger        # writes replications/claims.json
"""

from replications.common.claims import load_claims
from replications.common.files import write_json
from replications.common.judge import judge_setting
from replications.common.paths import REPLICATIONS, list_replications, replication_dir
from replications.common.verdicts import JudgedSetting, read_verdicts

LEDGER = REPLICATIONS / "claims.json"


def collect_verdicts(replication: str) -> tuple[JudgedSetting, ...]:
    """Returns the judged settings in the order of `claims.yml`; a setting without results is "not run"."""
    claims = load_claims(replication)
    judged = []
    for setting in claims.settings:
        path = replication_dir(replication) / "results" / setting / "verdict.json"
        judged.append(read_verdicts(path) if path.is_file() else judge_setting(claims, setting, None))
    return tuple(judged)


def build_ledger() -> list[dict[str, object]]:
    """Returns one row per claim and setting, with the paper's key, the replication and the claim's text."""
    rows: list[dict[str, object]] = []
    for replication in list_replications():
        statements = {statement.id: statement for statement in load_claims(replication).statements()}
        for judged in collect_verdicts(replication):
            for claim in judged.claims:
                row = {
                    "paper": judged.paper,
                    "replication": replication,
                    "setting": judged.setting,
                    "scale": judged.scale,
                }
                statement = statements[claim.id]
                row |= {"statement": statement.statement, "where": getattr(statement, "where", None)}
                rows.append(row | claim.model_dump(mode="json"))
    return rows


def main() -> None:
    """Writes the ledger."""
    write_json(LEDGER, build_ledger())


if __name__ == "__main__":
    main()
