"""What the shared stages take from the command line, and what they leave: the judge, the ledger, the notebook."""

import json
import sys
from pathlib import Path

import nbformat
import pytest

from replications.common import judge, ledger, notebook
from replications.common.claims import load_claims
from replications.common.files import write_json
from replications.common.judge import judge_setting
from replications.common.ledger import collect_verdicts, list_claims
from replications.common.measurements import Measurement, exact, missing, write_measurements
from replications.common.stage import parse_replication_and_setting, parse_setting

Capture = pytest.CaptureFixture[str]


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["stage", *arguments])


@pytest.fixture
def measured(toy: Path) -> Path:
    write_measurements(
        "toy", "small", {"the-claim": Measurement(6.5, 6, 7, 3, "nats"), "a-control": exact(0, 1, "heads")}
    )
    return toy


def test_a_setting_of_the_claims_is_taken_and_another_refused(toy: Path, capsys: Capture):
    assert parse_setting("toy", ["large"]) == "large"
    with pytest.raises(SystemExit, match="2"):
        parse_setting("toy", ["huge"])
    assert "argument SETTING: invalid choice: 'huge' (choose from 'small', 'large')" in capsys.readouterr().err


def test_the_help_of_a_stage_tells_its_settings_apart(toy: Path, capsys: Capture):
    with pytest.raises(SystemExit, match="0"):
        parse_setting("toy", ["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "A stage of the replication toy." in told
    assert "SETTING small (reduced): half of it, 50 %; large (paper): all of it" in told


def test_a_shared_stage_takes_a_replication_and_one_of_its_settings(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    assert parse_replication_and_setting(["toy", "small"]) == ("toy", "small")
    call(monkeypatch, "toy", "large")
    assert parse_replication_and_setting() == ("toy", "large")
    for wrong, told in ((["tyo", "small"], "argument REPLICATION: invalid choice: 'tyo'"), (["toy", "x"], "SETTING")):
        with pytest.raises(SystemExit, match="2"):
            parse_replication_and_setting(wrong)
        assert told in capsys.readouterr().err


def test_the_judge_writes_the_verdicts_and_prints_a_line_for_each(
    measured: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    call(monkeypatch, "toy", "small")
    judge.main()
    assert capsys.readouterr().out == (
        "         holds  the-claim: 6.5 [6, 7] nats; line: at least 5\n"
        "         holds  a-control: 0 [0, 0] heads; line: at most 1\n"
    )
    content = json.loads((measured / "results" / "small" / "verdict.json").read_text(encoding="utf-8"))
    assert content["claims"][0] == {
        "id": "the-claim", "kind": "claim", "verdict": "holds", "paper_value": 10, "value": 6.5, "low": 6, "high": 7,
        "n": 3, "unit": "nats", "expect": "at least 5", "reason": None,
    }  # fmt: skip
    assert (content["paper"], content["setting"], content["scale"]) == ("someone2020word", "small", "reduced")
    assert (content["claims"][1]["kind"], content["claims"][1]["paper_value"]) == ("control", None)


def test_the_judge_prints_the_reason_where_nothing_was_found(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    write_measurements("toy", "large", {"the-claim": missing("no head was found", "nats")})
    call(monkeypatch, "toy", "large")
    judge.main()
    assert capsys.readouterr().out == (
        " does not hold  the-claim: no head was found; line: the paper's value within 10% of it\n"
        " not attempted  a-control: too dear; line: \n"
    )


def test_the_ledger_has_a_row_for_each_claim_in_each_setting_also_where_it_was_not_run(
    measured: Path, monkeypatch: pytest.MonkeyPatch
):
    call(monkeypatch, "toy", "small")
    judge.main()
    rows = list_claims("toy")
    assert [(row["setting"], row["id"], row["verdict"]) for row in rows] == [
        ("small", "the-claim", "holds"),
        ("small", "a-control", "holds"),
        ("large", "the-claim", "not run"),
        ("large", "a-control", "not attempted"),
    ]
    assert {name: rows[0][name] for name in ("paper", "replication", "scale", "statement", "where", "value")} == {
        "paper": "other2019word",
        "replication": "toy",
        "scale": "reduced",
        "statement": "A number is large – as μ says.",
        "where": "§ 1",
        "value": 6.5,
    }
    assert (rows[1]["paper"], rows[1]["where"]) == ("someone2020word", None)


def test_the_ledger_is_written_beside_the_claims(toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    call(monkeypatch, "toy")
    ledger.main()
    assert json.loads((toy / "claims.json").read_text(encoding="utf-8")) == list_claims("toy")
    call(monkeypatch, "tyo")
    with pytest.raises(SystemExit, match="2"):
        ledger.main()
    assert "argument REPLICATION: invalid choice: 'tyo' (choose from 'toy')" in capsys.readouterr().err


def test_verdicts_that_were_written_are_read_back(measured: Path):
    claims = load_claims("toy")
    judged = judge_setting(claims, "small", {"the-claim": exact(1, 1, "nats"), "a-control": exact(1, 1, "heads")})
    write_json(measured / "results" / "small" / "verdict.json", judged.model_dump(mode="json"))
    assert collect_verdicts("toy") == (judged, judge_setting(claims, "large", None))


def test_the_notebook_of_a_setting_is_executed_in_its_folder_and_kept_with_the_results(
    toy: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def execute(source: str, *, folder: str, setting: str) -> nbformat.NotebookNode:
        asked.append((source, folder, setting))
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("μ", id="a")])

    (toy / "notebook.py").write_bytes("# μ\n".encode())
    monkeypatch.setattr(notebook, "execute_notebook", execute)
    call(monkeypatch, "toy", "small")
    notebook.main()
    assert asked == [("# μ\n", str(toy), "small")]
    text = (toy / "results" / "small" / "notebook.ipynb").read_text(encoding="utf-8")
    assert text.endswith("}\n") and nbformat.reads(text, as_version=4).cells[0].source == "μ"
