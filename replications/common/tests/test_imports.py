"""The import closure: every project file that runs, none that does not, and a hash that tells two closures apart."""

import hashlib
from pathlib import Path

import pytest

from replications.common import imports
from replications.common.imports import hash_code, import_closure, imported_names

FILES = {
    "replications/__init__.py": '"""All replications."""\n',
    "replications/toy/__init__.py": '"""An abstract changes no result."""\n',
    "replications/toy/measure.py": "import numpy\nfrom replications.toy import method\nfrom . import dataset as data\n",
    "replications/toy/method.py": "def late():\n    import bibliography.names\n",
    "replications/toy/dataset.py": "from ..common.files import write\nfrom .deep import thing\n",
    "replications/toy/deep/__init__.py": "from ..other import nothing\n",
    "replications/toy/deep/thing.py": "x = 1\n",
    "replications/toy/other.py": "import replications.toy.measure\n",
    "replications/toy/unused.py": "x = 1\n",
    "replications/common/files.py": "import docs.pages\n",
    "bibliography/names.py": "x = 1\n",
    "docs/pages.py": "x = 1\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project of its own; what was read of another one is forgotten."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(imports, "REPOSITORY", tmp_path)
    imported_names.cache_clear()
    return tmp_path


def test_the_closure_has_what_is_imported_anywhere_and_nothing_without_code_or_of_others(project: Path):
    found = {path.relative_to(project).as_posix() for path in import_closure("replications.toy.measure")}
    assert found == {
        "replications/toy/measure.py",
        "replications/toy/method.py",
        "replications/toy/dataset.py",
        "replications/toy/deep/__init__.py",
        "replications/toy/deep/thing.py",
        "replications/toy/other.py",
        "replications/common/files.py",
        "bibliography/names.py",
    }


def test_a_module_of_nobody_is_refused(project: Path):
    with pytest.raises(ModuleNotFoundError) as error:
        import_closure("replications.toy.missing")
    assert str(error.value) == "got module 'replications.toy.missing'; expected one of this repository"
    with pytest.raises(ModuleNotFoundError, match=r"got module 'docs.pages'"):
        import_closure("docs.pages")


def test_names_are_read_with_their_package(project: Path):
    assert imported_names(project / "replications/toy/dataset.py") == (
        "replications.common.files",
        "replications.common.files.write",
        "replications.toy.deep",
        "replications.toy.deep.thing",
    )
    assert imported_names(project / "replications/toy/measure.py") == (
        "numpy",
        "replications.toy",
        "replications.toy.method",
        "replications.toy",
        "replications.toy.dataset",
    )


def test_the_hash_is_of_paths_and_contents_in_order(project: Path):
    (project / "replications/toy/other.py").write_text("import replications.toy.unused\n")
    expected = hashlib.sha256(
        b"replications/toy/other.py\0import replications.toy.unused\n\0replications/toy/unused.py\0x = 1\n\0"
    )
    assert hash_code("replications.toy.other") == expected.hexdigest()


def test_the_hash_changes_with_a_file_of_the_closure_and_with_no_other(project: Path):
    before = hash_code("replications.toy.measure")
    (project / "replications/toy/unused.py").write_text("x = 2\n")
    (project / "replications/toy/__init__.py").write_text('"""Another abstract."""\n')
    assert hash_code("replications.toy.measure") == before
    (project / "replications/toy/deep/thing.py").write_text("x = 2\n")
    assert hash_code("replications.toy.measure") != before


def test_text_of_any_alphabet_is_read(project: Path):
    (project / "replications/toy/unused.py").write_bytes('"""Gradienten über Schichten."""\nx = "β"\n'.encode())
    assert len(import_closure("replications.toy.unused")) == 1
