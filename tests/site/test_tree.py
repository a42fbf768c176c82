"""The Markdown tree is a project of its own: a second site builder builds it without a hook and without the records."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.records import Records, load_records
from docs.tree import write_tree


@pytest.fixture(scope="module")
def records() -> Records:
    return load_records()


@pytest.fixture(scope="module")
def tree(records, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tree") / "site-source"
    write_tree(records, folder)
    return folder


class _Text(HTMLParser):
    """Reads the words of a page's article, and none of what the theme adds."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attrs):
        self.inside |= tag == "article"

    def handle_endtag(self, tag):
        self.inside &= tag != "article"

    def handle_data(self, data):
        if self.inside:
            self.words += data.split()


def read_article(path: Path) -> list[str]:
    text = _Text()
    text.feed(path.read_text(encoding="utf-8"))
    return text.words


def test_properdocs_builds_every_page_with_the_same_words(tree, built_site):
    done = subprocess.run(
        [sys.executable, "-m", "properdocs", "build", "--strict", "--quiet", "-f", "mkdocs.yml"],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ours = {path.relative_to(built_site) for path in built_site.rglob("*.html")}
    theirs = {path.relative_to(tree / "site") for path in (tree / "site").rglob("*.html")}
    assert ours == theirs
    for name in ours - {Path("404.html")}:
        words = read_article(built_site / name)
        assert words, name
        assert read_article(tree / "site" / name) == words, name


def test_the_tree_holds_everything_that_the_site_is_made_of(tree):
    for name in ("papers/wang2023ioi.md", "contribute.md", "assets/site.css", "bibliography.bib", "claims.csv"):
        assert (tree / "pages" / name).is_file()
    assert "hooks" not in (tree / "mkdocs.yml").read_text(encoding="utf-8")


def test_the_tree_is_written_to_an_empty_folder_only(tree, records):
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        write_tree(records, tree)
