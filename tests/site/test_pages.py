"""Derived pages: what they must contain, and what must stop the build."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
import yaml

from docs.escape import escape_markdown
from docs.formats import format_measured, format_number, format_verdict
from docs.notebooks import convert_notebook
from docs.pages import derive_site
from docs.records import Records, load_records
from docs.verdict_picture import INTERVALS, LINE, WEAKER_LINE
from replications.common.claims import Expectation, Line
from replications.common.judge import decide_verdict
from replications.common.measurements import Measurement
from replications.common.paths import REPOSITORY
from replications.common.verdicts import JudgedClaim, Verdict


@pytest.fixture(scope="module")
def records() -> Records:
    return load_records()


@pytest.fixture(scope="module")
def pages(records) -> dict[str, str]:
    return {file.path: file.content for file in derive_site(records) if file.path.endswith(".md")}


def test_every_page_has_a_title_and_a_description(pages):
    for path, text in pages.items():
        meta = yaml.safe_load(text.split("---\n")[1])
        assert meta["title"] and meta["description"], path


def test_every_paper_section_and_replication_has_its_page(pages, records):
    expected = {f"papers/{paper.key}.md" for paper in records.library}
    expected |= {f"sections/{section.slug}.md" for section in records.library.sections}
    expected |= {f"replications/{replication.slug}.md" for replication in records.replications}
    assert expected <= pages.keys()


def test_no_address_is_escaped_as_text_is(pages, records):
    """Then it would lead nowhere: a name with an underscore has one to escape."""
    assert any("_" in replication.slug for replication in records.replications)
    for path, text in pages.items():
        assert not [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "&#" in target], path


def test_a_replications_page_shows_every_claim_with_the_papers_number_and_the_verdict(pages, records):
    for replication in records.replications:
        text = pages[f"replications/{replication.slug}.md"]
        for setting in replication.settings:
            for claim in setting.of_kind("claim"):
                if claim.verdict is Verdict.NOT_ATTEMPTED:
                    item = re.search(rf'<li id="{setting.name}-{claim.id}">.*?</li>', text, re.S).group()
                    assert "Not attempted: " in item and str(escape_markdown(claim.reason)) in item
                    continue
                row = re.search(rf'<tr role="row" id="{setting.name}-{claim.id}">.*?</tr>', text, re.S).group()
                assert str(escape_markdown(format_number(claim.paper_value))) in row
                assert claim.verdict.value in row
                assert claim.value is None or str(escape_markdown(format_measured(claim))) in row


def test_every_step_of_a_reading_path_says_why(pages, records):
    for path in records.library.paths:
        for step in path.steps:
            assert str(escape_markdown(step.why)) in pages["paths.md"]


def test_hostile_fields_leave_no_markup_on_any_page(records):
    attack = '</title><script>alert("x")</script>[a](javascript:b)'
    papers = {
        key: replace(paper, title=attack, venue=attack, summary=attack, aliases=(attack,))
        for key, paper in records.library.papers.items()
    }
    hostile = replace(records, library=replace(records.library, papers=MappingProxyType(papers)))
    for file in derive_site(hostile):
        if file.path.endswith(".md"):
            _, front_matter, body = file.content.split("---\n", 2)
            body = re.sub(r"^(`{3,}).*?^\1$", "", body, flags=re.S | re.M)  # code is shown as it is
            body = re.sub(r'<script src="interactive/\w+\.js" defer></script>', "", body)  # a replication's own
            assert "<script" not in front_matter + body, file.path
            assert "](javascript:" not in body, file.path


def test_the_ledger_for_machines_has_a_row_for_every_claim_and_setting(records):
    content = next(file.content for file in derive_site(records) if file.path == "claims.json")
    expected = sum(len(s.judged.claims) for r in records.replications for s in r.settings)
    assert len(json.loads(content)) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (5.7123, 5.6, 5.82, "5.71 [5.60, 5.82]"),
        (-0.0312, -0.04, -0.02, "−0.031 [−0.040, −0.020]"),
        (3, 3, 3, "3"),
        (4, 3, 4, "4 [3, 4]"),
        (1234.5, 1100, 1400, "1234 [1100, 1400]"),
        (None, None, None, "–"),
    ],
)
def test_a_measured_number_shows_the_digits_that_its_interval_supports(value, low, high, expected):
    claim = JudgedClaim(
        id="c",
        kind="claim",
        verdict=Verdict.HOLDS,
        paper_value=1,
        value=value,
        low=low,
        high=high,
        n=1,
        unit="1",
        expect="",
    )
    assert format_measured(claim) == expected


@pytest.mark.parametrize(("outputs", "count", "state"), [([], None, "was not executed"), (["error"], 1, "failed")])
def test_an_unfinished_notebook_stops_the_build(tmp_path, outputs, count, state):
    made = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[]) for _ in outputs]
    cell = nbformat.v4.new_code_cell("1 / 0", outputs=made, execution_count=count)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "n.ipynb")
    with pytest.raises(ValueError, match=f"cell 1 {state}; run `dvc repro`"):
        convert_notebook(tmp_path / "n.ipynb", "n")


def test_a_notebooks_headings_go_below_the_pages_own_and_its_comments_stay(tmp_path):
    code = nbformat.v4.new_code_cell("# a comment\n1", execution_count=1)
    text = nbformat.v4.new_markdown_cell("# Title\n\n## Part\n")
    nbformat.write(nbformat.v4.new_notebook(cells=[text, code]), tmp_path / "n.ipynb")
    page = convert_notebook(tmp_path / "n.ipynb", "n").markdown
    assert "### Part" in page
    assert "# Title" not in page
    assert "\n# a comment\n" in page


def test_the_site_is_derived_without_torch():
    code = "import sys, docs.pages, docs.records; docs.records.load_records(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.repeated: set[str] = set()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.repeated |= {attributes["id"]} & self.anchors if "id" in attributes else set()
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


def read_links(path: Path) -> _Links:
    parser = _Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_every_internal_link_and_anchor_of_the_built_site_leads_somewhere(built_site):
    parsed = {path: read_links(path) for path in built_site.rglob("*.html") if path.name != "404.html"}
    for page, content in parsed.items():
        assert not content.repeated, f"{page.relative_to(built_site)}: ids that stand twice"
        for link in content.links:
            address, fragment = urldefrag(link)
            if urlsplit(address).scheme:
                assert urlsplit(address).scheme in ("https", "http"), f"{page}: {link}"
                continue
            target = (page.parent / unquote(urlsplit(address).path)).resolve() if address else page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{page.relative_to(built_site)}: {link}"
            if fragment and target.suffix == ".html" and not fragment.startswith("__"):
                assert unquote(fragment) in parsed[target].anchors, f"{page.relative_to(built_site)}: {link}"


def test_a_claim_of_a_second_paper_shows_on_that_papers_page_and_in_the_ledger(records):
    replication = records.replications[0]
    other = next(paper.key for paper in records.library if paper.key not in records.replications_by_paper)
    first, *rest = replication.claims.claims
    claims = replication.claims.model_copy(update={"claims": (first.model_copy(update={"paper": other}), *rest)})
    changed = replace(records, replications=(replace(replication, claims=claims), *records.replications[1:]))
    found = {file.path: file.content for file in derive_site(changed)}
    assert f"../replications/{replication.slug}.md" in found[f"papers/{other}.md"]
    counts = replace(replication, claims=claims).counts_for(other, replication.settings[0])
    assert sum(counts.values()) == 1
    assert f'data-paper="{other}"' in found["ledger.md"]


def test_every_page_of_the_built_site_has_one_title_and_a_description(built_site):
    for path in built_site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        head = page[: page.index("</head>")]
        assert len(re.findall(r"<title>[^<]+</title>", head)) == 1, path
        assert len(re.findall(r'<meta name="description" content="[^"]+">', head)) == 1, path


def test_building_twice_gives_the_same_bytes(built_site, tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "again")]
    elsewhere = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **elsewhere}, check=True)
    first, second = (
        {path.relative_to(site): path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file()}
        for site in (built_site, tmp_path / "again")
    )
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []


def test_a_verdict_is_a_word_and_a_sign_of_its_own_and_never_colour_alone():
    badges = {verdict: re.sub(r"<[^>]*>", "", format_verdict(verdict)) for verdict in Verdict}
    assert all(verdict.value in badge for verdict, badge in badges.items())
    assert len({badge.removesuffix(verdict.value) for verdict, badge in badges.items()}) == len(Verdict)


@pytest.mark.parametrize("verdict", INTERVALS)
def test_the_picture_of_a_verdict_is_one_that_the_judge_would_give(verdict):
    low, high = INTERVALS[verdict]
    expectation = Expectation(between=LINE, partly=Line(between=WEAKER_LINE))
    judged = decide_verdict(Measurement((low + high) / 2, low, high, 1, "1"), expectation, None)
    assert judged == (Verdict.HOLDS if verdict is Verdict.REPRODUCED else verdict)
