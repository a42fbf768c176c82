"""A small, valid bibliography to break, and the real one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bibliography import BibliographyError, Library, load_library
from bibliography.online.settings import Manners, Services, Settings
from tests.bibliography.server import MakeWeb, Web, refused_address, serve

SUMMARY = """{What is the question? Something is done about it, with care and with a control that the
    authors describe at length. Something is found, and it is 42 in the setting of the paper, 17 in
    another. A reader of this list should care, since the next three papers all build on it.}"""

EDITING = rf"""@inproceedings{{decao2021editing,
  title = {{Editing Factual Knowledge in {{GPT}}-2: $k$-Sparse Updates}},
  author = {{De Cao, Nicola and B{{\"u}}rger, {{\L}}ukasz and {{Some Lab}}}},
  booktitle = {{Proceedings of a Conference}},
  volume = {{7}},
  pages = {{6491--6506}},
  year = {{2021}},
  doi = {{10.18653/v1/2021.emnlp-main.522}},
  eprint = {{2104.08164}},
  archiveprefix = {{arXiv}},
  url = {{https://aclanthology.org/2021.emnlp-main.522/}},
  code = {{https://github.com/nicola-decao/KnowledgeEditor}},
  alias = {{KE | KnowledgeEditor}},
  topics = {{model-editing, limits}},
  methods = {{hypernetwork}},
  related = {{mitchell2022mend}},
  summary = {SUMMARY},
}}
"""

MEND = f"""@article{{mitchell2022mend,
  title = {{Fast Model Editing}},
  author = {{Mitchell, Eric}},
  journal = {{Journal of Edits}},
  number = {{3}},
  year = {{2022}},
  eprint = {{2110.11309}},
  archiveprefix = {{arXiv}},
  url = {{https://arxiv.org/abs/2110.11309}},
  topics = {{model-editing}},
  methods = {{hypernetwork}},
  related = {{decao2021editing, anthropic2025tracer}},
  summary = {SUMMARY},
}}
"""

TRACER = f"""@online{{anthropic2025tracer,
  title = {{Open-Sourcing Circuit Tracing Tools}},
  author = {{{{Anthropic Interpretability}}}},
  howpublished = {{Research blog}},
  year = {{2025}},
  date = {{2025-05-29}},
  url = {{https://www.anthropic.com/research/open-source-circuit-tracing}},
  topics = {{limits}},
  related = {{mitchell2022mend}},
  summary = {SUMMARY},
}}
"""

OUTLINE = """sections:
- slug: editing
  title: Model editing
  introduction: >
    What editing
    is about.
  keys:
  - decao2021editing
  sections:
  - slug: fast-editing
    title: Fast
    introduction: Faster.
    keys: [mitchell2022mend]
- slug: tools
  title: Tools
  introduction: Software and articles.
  keys: [anthropic2025tracer]
"""

VOCABULARY = """topics:
  limits: Failures and disputes.
  model-editing: Changing what a model knows.
methods:
  hypernetwork: A network that predicts weights.
"""


@dataclass(frozen=True)
class Shelf:
    """A bibliography in a folder, valid until a test edits it."""

    root: Path

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def load(self) -> Library:
        return load_library(self.root)

    def faults(self) -> list[str]:
        """The messages of the faults, none if there is no fault."""
        try:
            load_library(self.root)
        except BibliographyError as error:
            return [str(fault) for fault in error.faults]
        return []


@pytest.fixture(scope="session")
def make_shelf() -> Callable[[Path], Shelf]:
    def make(root: Path) -> Shelf:
        (root / "entries").mkdir(parents=True, exist_ok=True)
        shelf = Shelf(root)
        shelf.write("entries/editing.bib", f"{EDITING}\n{MEND}")
        shelf.write("entries/tools.bib", TRACER)
        shelf.write("outline.yml", OUTLINE)
        shelf.write("vocabulary.yml", VOCABULARY)
        return shelf

    return make


@pytest.fixture
def shelf(tmp_path: Path, make_shelf: Callable[[Path], Shelf]) -> Shelf:
    return make_shelf(tmp_path)


@pytest.fixture(scope="session")
def real_library() -> Library:
    return load_library()


@pytest.fixture
def make_web(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeWeb]:
    """Starts servers; each is a host of its own, since its port is part of its name."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(serve())


@pytest.fixture
def web(make_web: MakeWeb) -> Web:
    return make_web()


@pytest.fixture
def settings(web: Web) -> Settings:
    """All services on the local server, and pauses too short to notice."""
    services = Services(
        crossref=f"{web.address}/crossref/",
        datacite=f"{web.address}/datacite/",
        arxiv=f"{web.address}/arxiv",
        doi=f"{web.address}/doi/",
        arxiv_abs=f"{web.address}/abs/",
    )
    manners = Manners(timeout=0.4, retries=2, backoff=0.01, host_delay=0.0, arxiv_delay=0.0, longest_wait=3.0)
    return Settings(services, manners)


@pytest.fixture
def offline(settings: Settings) -> Settings:
    """The same without a network: nothing listens where the services are."""
    address = refused_address()
    names = ("crossref", "datacite", "arxiv", "doi", "arxiv_abs")
    return replace(settings, services=Services(**{name: f"{address}/{name}/" for name in names}))


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("BIBLIOGRAPHY_CACHE", str(folder))
    return folder
