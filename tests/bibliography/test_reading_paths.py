"""Reading paths are read strictly, like everything else."""

import pytest

from bibliography import Library, ReadingPath
from bibliography.faults import FaultLog
from bibliography.model import Step
from bibliography.reading_paths import read_reading_paths
from tests.bibliography.conftest import Shelf

STEP = "  - {{key: {key}, why: Because.}}\n"
KEYS = ("decao2021editing", "mitchell2022mend", "anthropic2025tracer")
HEAD = "paths:\n- slug: a-path\n  title: A path\n  introduction: Where it leads.\n  steps:\n"


def test_the_real_paths_lead_through_papers_of_several_sections(real_library: Library) -> None:
    assert len(real_library.paths) >= 4
    for path in real_library.paths:
        sections = {real_library.sections_of(step.key)[0].slug for step in path.steps}
        assert len(sections) >= 2, path.slug


SLUG = "a slug of lower-case words joined by hyphens; do: rename it"
QUOTES = "do: write it so, in quotes where YAML takes it otherwise"


def write_path(slug: str, keys: list[str]) -> str:
    return HEAD.removeprefix("paths:\n").replace("a-path", slug) + "".join(STEP.format(key=key) for key in keys)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD + "".join(STEP.format(key=key) for key in KEYS), 6,
         "got 3 steps in 'a-path'; expected 6 to 10; do: split or extend the path"),
        (HEAD + STEP.format(key="nobody2000none"), 6,
         "got the unknown key 'nobody2000none'; expected keys of entries; do: correct it"),
        (HEAD + 2 * STEP.format(key=KEYS[0]), 7,
         "got 'decao2021editing' again; expected each paper once in a path; do: delete one"),
        (HEAD.replace("a-path", "A Path"), 2, f"got the slug 'A Path'; expected {SLUG}"),
        (HEAD.replace("title", "tittle"), 3,
         "got the unknown key 'tittle'; expected only introduction, slug, steps, title in a path; do: rename or delete "
         "it, perhaps 'title'"),
        (HEAD.replace("  title: A path\n", ""), 2, "got a path without title; expected the key title; do: add title"),
        (HEAD.replace("  introduction: Where it leads.\n", ""), 2,
         "got a path without introduction; expected the key introduction; do: add introduction"),
        (HEAD.replace("  steps:\n", ""), 2, "got a path without steps; expected the key steps; do: add steps"),
        (HEAD.replace("- slug: a-path\n  title", "- title"), 2,
         "got a path without slug; expected the key slug; do: add slug"),
        (HEAD.replace("a-path", "7"), 2, f"got '7'; expected slug as a text; {QUOTES}"),
        (HEAD.replace("A path", "7"), 3, f"got '7'; expected title as a text; {QUOTES}"),
        (HEAD.replace("Where it leads.", "[a]"), 4, f"got a list; expected introduction as a text; {QUOTES}"),
        (HEAD.replace("steps:\n", "steps: 7\n"), 5, f"got '7'; expected steps as a list; {QUOTES}"),
        ("paths: 7\n", 1, f"got '7'; expected paths as a list; {QUOTES}"),
        ("paths: [7]\n", 1, f"got '7'; expected a path as a mapping (key: value); {QUOTES}"),
        ("[7]\n", 1, f"got a list; expected the reading paths as a mapping (key: value); {QUOTES}"),
        ("path: []\n", 1, "got the reading paths without paths; expected the key paths; do: add paths"),
        (HEAD + "  - {key: decao2021editing}\n", 6, "got a step without why; expected the key why; do: add why"),
        (HEAD + "  - {why: Because.}\n", 6, "got a step without key; expected the key key; do: add key"),
        (HEAD + "  - {key: 7, why: Because.}\n", 6, f"got '7'; expected key as a text; {QUOTES}"),
        (HEAD + "  - {key: decao2021editing, why: 7}\n", 6, f"got '7'; expected why as a text; {QUOTES}"),
        (HEAD + "  - decao2021editing\n", 6,
         f"got 'decao2021editing'; expected a step as a mapping (key: value); {QUOTES}"),
        ("paths:\n" + 2 * write_path("a-path", list(KEYS)), 9,
         "got 'a-path' again; expected it once, as on line 2; do: rename one of the two"),
        ("paths: [\n", 2,
         "got expected the node content, but found '<stream end>' while parsing a flow node; expected plain YAML; do: "
         "mend the syntax, indentation first"),
    ],
)  # fmt: skip
def test_a_faulty_path_is_named_with_place_and_remedy(shelf: Shelf, text: str, line: int, message: str) -> None:
    shelf.write("reading_paths.yml", text)
    assert f"reading_paths.yml:{line}: {message}" in shelf.faults()


@pytest.mark.parametrize("count", [6, 10])
def test_paths_are_read_whole_and_in_their_order(count: int) -> None:
    log, keys = FaultLog(), [f"key{number}" for number in range(count)]
    text = "paths:\n" + write_path("b-path", keys) + write_path("a-path", keys[::-1])
    paths = read_reading_paths("reading_paths.yml", text, set(keys), log)
    assert log.faults == []
    assert paths == tuple(
        ReadingPath(slug, "A path", "Where it leads.", tuple(Step(key, "Because.") for key in order))
        for slug, order in (("b-path", keys), ("a-path", keys[::-1]))
    )


@pytest.mark.parametrize("count", [0, 5, 11])
def test_a_path_of_too_few_or_too_many_steps_is_a_fault_at_its_steps(count: int) -> None:
    log, keys = FaultLog(), [f"key{number}" for number in range(count)]
    text = "paths:\n" + write_path("a-path", keys) if count else "paths:\n" + HEAD[7:].replace("steps:", "steps: []")
    read_reading_paths("reading_paths.yml", text, set(keys), log)
    assert [(fault.line, fault.message) for fault in log.faults] == [
        (6 if count else 5, f"got {count} steps in 'a-path'; expected 6 to 10; do: split or extend the path")
    ]


def test_without_the_file_there_are_no_paths(shelf: Shelf) -> None:
    assert shelf.load().paths == ()


def test_what_is_no_yaml_gives_no_path() -> None:
    log = FaultLog()
    assert read_reading_paths("reading_paths.yml", "", set(), log) == ()
    assert [str(fault) for fault in log.faults] == [
        "reading_paths.yml:1: got an empty file; expected plain YAML; do: mend the syntax, indentation first"
    ]
