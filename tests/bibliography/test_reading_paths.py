"""Reading paths are read strictly, like everything else."""

import pytest

from bibliography import Library
from tests.bibliography.conftest import Shelf

STEP = "  - {{key: {key}, why: Because.}}\n"
KEYS = ("decao2021editing", "mitchell2022mend", "anthropic2025tracer")
HEAD = "paths:\n- slug: a-path\n  title: A path\n  introduction: Where it leads.\n  steps:\n"


def test_the_real_paths_lead_through_papers_of_several_sections(real_library: Library) -> None:
    assert len(real_library.paths) >= 4
    for path in real_library.paths:
        sections = {real_library.sections_of(step.key)[0].slug for step in path.steps}
        assert len(sections) >= 2, path.slug


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "".join(STEP.format(key=key) for key in KEYS), "got 3 steps in 'a-path'; expected 6 to 10"),
        (HEAD + STEP.format(key="nobody2000none"), "got the unknown key 'nobody2000none'; expected keys of entries"),
        (HEAD + 2 * STEP.format(key=KEYS[0]), "expected each paper once in a path"),
        (HEAD.replace("a-path", "A Path"), "expected a slug of lower-case words"),
        (HEAD.replace("title", "tittle"), "got the unknown key 'tittle'"),
        ("paths: 7\n", "expected paths as a list"),
        (HEAD + "  - {key: decao2021editing}\n", "got a step without why"),
    ],
)
def test_a_faulty_path_is_named(shelf: Shelf, text: str, message: str) -> None:
    shelf.write("reading_paths.yml", text)
    assert any(message in fault for fault in shelf.faults()), shelf.faults()
