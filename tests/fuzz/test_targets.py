"""The targets of the fuzzer load their seeds, survive some cases of hypothesis, and notice what is lost."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bibliography import export as exports
from tests.fuzz import seeds, targets
from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import TARGETS

PIECES = st.sampled_from([word.encode(errors="surrogatepass") for word in seeds.WORDS]) | st.binary(max_size=3)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seed_of_a_target_is_loaded(name: str, tmp_path: Path):
    assert TARGETS[name].try_case(tmp_path, TARGETS[name].seed) == "loaded"


@pytest.mark.parametrize("name", TARGETS)
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), PIECES), min_size=1, max_size=3))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_into_a_seed_is_loaded_whole_or_refused(name: str, tmp_path: Path, edits: list):
    data = TARGETS[name].seed
    for place, overwrite, piece in edits:
        start = int(place * len(data))
        data = data[:start] + piece + data[start + overwrite :]
    TARGETS[name].try_case(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        seeds.CLAIMS.replace("  because: drawn for a test\n", "  because: drawn\n  because: drawn for a test\n"),
        seeds.CLAIMS.replace("paper_value: 10", "paper_value: 10 # \udcff"),
        seeds.CLAIMS.replace("note: a test", "note: 2020-99-99"),
        seeds.CLAIMS.replace("paper_value: 10", "paper_value: " + "[" * 2000),
    ],
    ids=["a key twice", "not UTF-8", "no such day", "too deep"],
)
def test_claims_of_which_something_would_be_lost_are_refused(data: str, tmp_path: Path):
    assert TARGETS["claims"].try_case(tmp_path, data.encode(errors="surrogateescape")) == "refused"


@pytest.mark.parametrize(("field", "lost"), [("title", "\n  title = {"), ("author", " and B{"), ("doi", "10.18653")])
def test_an_export_that_loses_something_is_a_case(field: str, lost: str, tmp_path: Path, monkeypatch):
    def lose(papers):
        return whole(papers).replace(lost, "\n  title = {x " if field == "title" else "")

    whole = exports.EXPORTERS["bibtex"]
    monkeypatch.setitem(exports.EXPORTERS, "bibtex", lose)
    with pytest.raises(targets.LostError):
        TARGETS["fields"].try_case(tmp_path, TARGETS["fields"].seed)


def test_a_paper_that_is_dropped_without_a_word_is_a_case(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(targets, "load_library", lambda root: [])
    with pytest.raises(targets.LostError, match=r"expected '@online\{hopper2025tracer"):
        TARGETS["entries"].try_case(tmp_path, TARGETS["entries"].seed)


def test_the_campaign_runs_every_target():
    assert tuple(TARGETS) == NAMES
