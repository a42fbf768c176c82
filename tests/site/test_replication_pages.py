"""What a replication publishes: its citation, its code with the line of every claim, and its RO-Crate."""

import hashlib
import json
import re
import shutil
import textwrap
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import bibtexparser
import pytest
from rocrate.rocrate import ROCrate

from bibliography.export import EXPORTERS
from docs.evidence import gather_evidence
from docs.project import load_project
from docs.records import Records, load_records
from docs.replication_citation import cite_replication, name_commits
from docs.replication_pages import _published_files
from docs.source_code import SourceLine, highlight_module, locate_claims
from replications.common.paths import list_replications


@pytest.fixture(scope="module")
def records() -> Records:
    return load_records()


@pytest.fixture(params=list_replications())
def replication(request, records):
    return next(r for r in records.replications if r.slug == request.param)


@pytest.fixture
def crate(built_site, replication) -> dict:
    path = built_site / "replications" / replication.slug / "ro-crate-metadata.json"
    return json.loads(path.read_text(encoding="utf-8"))


def references(value) -> set[str]:
    """Returns every identifier that a JSON-LD value refers to."""
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    return {value["@id"]} if isinstance(value, dict) and set(value) == {"@id"} else set()


def test_a_reader_of_ro_crates_finds_every_file_of_the_replication(built_site, replication, crate):
    read = ROCrate(built_site / "replications" / replication.slug)
    assert read.root_dataset["license"].id == "https://spdx.org/licenses/MIT"
    found = {entity.id for entity in read.root_dataset["hasPart"]}
    assert {"claims.yml", "params.yaml", "measure.py"} <= found
    for setting in replication.was_run:
        assert f"results/{setting.name}/measured.json" in found


def test_a_table_stands_in_one_box_that_scrolls_and_not_in_two(built_site, replication):
    page = (built_site / "replications" / replication.slug / "index.html").read_text(encoding="utf-8")
    boxes = re.findall(r'<div class="table-scroll"[^>]*>\s*(<\w+)', page)
    assert set(boxes) == {"<table"}


def test_the_files_of_a_crate_are_those_beside_it_to_the_byte(built_site, replication, crate):
    folder = built_site / "replications" / replication.slug
    for entity in crate["@graph"]:
        if "sha256" in entity:
            content = (folder / entity["@id"]).read_bytes()
            assert (entity["contentSize"], entity["sha256"]) == (str(len(content)), hashlib.sha256(content).hexdigest())


def test_a_crate_refers_to_nothing_that_it_does_not_describe(crate):
    described = {entity["@id"] for entity in crate["@graph"]}
    outside = {"https://w3id.org/ro/crate/1.1"}
    for entity in crate["@graph"]:
        assert set().union(*(references(value) for value in entity.values())) <= described | outside, entity["@id"]


def test_a_crate_uses_only_words_that_its_context_defines(crate):
    context = json.loads((files("rocrate") / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))["@context"]
    terms = set().union(*(part for part in ([context] if isinstance(context, dict) else context)), crate["@context"][1])
    for entity in crate["@graph"]:
        assert {name for name in entity if not name.startswith("@")} <= terms, entity["@id"]


def test_every_run_is_an_action_from_the_stage_to_the_results(crate, replication):
    actions = {entity["@id"]: entity for entity in crate["@graph"] if entity["@type"] == "CreateAction"}
    assert set(actions) == {f"#run-{setting.name}" for setting in replication.was_run}
    for setting in replication.was_run:
        action = actions[f"#run-{setting.name}"]
        assert action["instrument"]["@id"] == f"{setting.run['stage']}.py"
        assert setting.run["commit"] in action["description"]


def test_a_replication_is_cited_with_its_commit_in_every_format(records, replication):
    paper, address = records.library[replication.claims.paper], "https://example.org/x/"
    citation = cite_replication(replication, paper, load_project(), address)
    commits = name_commits(replication)
    assert bool(commits) == bool(replication.was_run)
    for name, exporter in EXPORTERS.items():
        text = exporter([citation])
        assert citation.key in text, name
        assert commits in text, name
        assert f"{address}replications/{replication.slug}/" in text, name
    parsed = bibtexparser.parse_string(EXPORTERS["biblatex"]([citation]))
    assert not parsed.failed_blocks
    assert parsed.entries[0].entry_type == "software"


def test_every_claim_leads_to_a_line_and_a_figure_that_are_there(built_site, replication):
    code = (built_site / "replications" / replication.slug / "code" / "index.html").read_text(encoding="utf-8")
    page = (built_site / "replications" / replication.slug / "index.html").read_text(encoding="utf-8")
    for evidence in gather_evidence(replication).values():
        assert f'id="{evidence.line.anchor}"' in code
        for setting in replication.was_run:
            figure = evidence.figure_in(setting)
            assert not setting.figures or f'id="{figure}"' in page


def test_figures_that_are_named_in_figures_yml_are_drawn(replication):
    drawn = {figure.stem.name for setting in replication.was_run for figure in setting.figures}
    named = {evidence.figure for evidence in gather_evidence(replication).values() if evidence.figure}
    assert named <= drawn or not drawn


def write_module(folder: Path, name: str, source: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")


def test_a_claim_is_measured_where_its_id_stands_before_a_computed_value(tmp_path):
    write_module(
        tmp_path, "estimates", 'UNITS = {"a-b": "logit"}\n\n\ndef f(x):\n    return {\n        "a-b": x + 1,\n    }\n'
    )
    write_module(tmp_path, "measure", 'out["c"] = f(2)\nfor name in ("d", "e"):\n    pass\n')
    write_module(tmp_path, "figures", 'show("f")\n')
    assert locate_claims(tmp_path, frozenset({"a-b", "c", "d", "f"})) == {
        "a-b": SourceLine("estimates", 6),
        "c": SourceLine("measure", 1),
        "d": SourceLine("measure", 2),
        "f": SourceLine("measure", 0),
    }


def test_a_module_is_shown_letter_by_letter_with_an_address_for_each_line(tmp_path):
    write_module(tmp_path, "hostile", 'x = "<script>alert(1)</script>"\n\n# </pre></div>\n')
    shown = str(highlight_module(tmp_path / "hostile.py"))
    assert "<script" not in shown
    assert shown.count("</pre>") == 1
    assert [f'id="hostile-{number}"' in shown for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_figures_of_claims_that_there_are_not_stop_the_build(records, tmp_path):
    (tmp_path / "figures.yml").write_text("a-figure: [no-such-claim]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"got the claims \['no-such-claim'\]; expected ids of claims.yml"):
        gather_evidence(replace(records.replications[0], folder=tmp_path))


def test_what_a_killed_run_left_of_a_file_is_not_published(records, tmp_path):
    setting = next(setting for setting in records.replications[0].settings if setting.run)
    shutil.copytree(setting.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".measured.json.ab12cd34").write_text("{")
    (tmp_path / "figures" / ".x.svg.ab12cd34").write_text("<svg")
    copied = replace(setting, folder=tmp_path)
    assert copied.records == setting.records
    published = dict(_published_files(replace(records.replications[0], folder=tmp_path, settings=(copied,))))
    assert "measured.json" in published
    assert not [path for path in published if "ab12cd34" in path]
