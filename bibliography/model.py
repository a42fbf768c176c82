"""The records that everything else is derived from: papers, sections, the library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from bibliography.faults import suggest

KINDS = {
    "article": "article",
    "inproceedings": "conference paper",
    "incollection": "book chapter",
    "book": "book",
    "phdthesis": "thesis",
    "misc": "preprint",
    "online": "article on the web",
    "software": "software",
}


class UnknownNameError(KeyError):
    """No paper or section has this name; the message suggests near ones."""

    def __str__(self) -> str:
        # KeyError would print the repr of its message.
        return str(self.args[0])


@dataclass(frozen=True)
class Author:
    """A person, or an organisation (then ``given`` is empty), in Unicode."""

    given: str
    family: str

    @property
    def display(self) -> str:
        """``Given Family``, or the organisation's name."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True)
class SourceBlock:
    """The BibTeX block of an entry, byte for byte, and where it stands.

    Attributes:
        path: File, relative to the bibliography's folder.
        line: Line of the block's first character, counted from 1.
        text: From ``@`` to the closing brace.
    """

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Paper:
    """One item of the reading list; all text is Unicode, ready to be shown.

    Attributes:
        key: The identity, ``surnameYEARword``.
        entry_type: BibTeX type in lower case, one of ``KINDS``.
        date: ``YYYY-MM`` or ``YYYY-MM-DD``, only where ``entry_type`` is online or software.
        venue: Journal, proceedings, or how it was published; empty where there is none.
        pages: With an en dash.
        doi: Without ``https://doi.org/``.
        arxiv: The arXiv identifier, without a version.
        code: Address of the authors' own code.
        seealso: Address of a page that belongs to the item beside ``url``, such as the announcement of a tool.
        aliases: Other titles under which a reader may look for it.
        related: Keys of the papers to read next.
        summary: In our own words, on one line.
    """

    key: str
    entry_type: str
    title: str
    authors: tuple[Author, ...]
    year: int
    date: str | None
    venue: str
    volume: str | None
    number: str | None
    pages: str | None
    doi: str | None
    arxiv: str | None
    url: str
    code: str | None
    seealso: str | None
    aliases: tuple[str, ...]
    topics: tuple[str, ...]
    methods: tuple[str, ...]
    related: tuple[str, ...]
    summary: str
    source: SourceBlock
    editors: tuple[Author, ...] = ()
    series: str | None = None
    publisher: str | None = None

    @property
    def kind(self) -> str:
        """The type in a reader's words."""
        return KINDS[self.entry_type]

    @property
    def doi_url(self) -> str | None:
        """Address that resolves the DOI, or None."""
        return f"https://doi.org/{quote(self.doi, safe='/():;')}" if self.doi else None

    @property
    def arxiv_url(self) -> str | None:
        """Address of the abstract on arXiv, or None."""
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else None


@dataclass(frozen=True)
class Section:
    """A node of the outline: its own papers, then its sub-sections."""

    slug: str
    title: str
    introduction: str
    keys: tuple[str, ...]
    sections: tuple[Section, ...]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Section]]:
        """Yield ``(depth, section)`` for this section (depth 0) and all below, in reading order."""
        yield depth, self
        for section in self.sections:
            yield from section.walk(depth + 1)

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Keys of this section and of all below, in reading order."""
        return tuple(key for _, section in self.walk() for key in section.keys)


@dataclass(frozen=True)
class Step:
    """A paper on a reading path, and in one sentence why it comes there."""

    key: str
    why: str


@dataclass(frozen=True)
class ReadingPath:
    """A way through the list across its sections."""

    slug: str
    title: str
    introduction: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Library:
    """The reading list: papers by key, in reading order, and the outline that orders them.

    Attributes:
        papers: Read-only, in reading order.
        sections: The top-level sections.
        topics: The allowed topics, each with its meaning.
        methods: The allowed methods, each with its meaning.
        paths: The reading paths.
    """

    papers: Mapping[str, Paper]
    sections: tuple[Section, ...]
    topics: Mapping[str, str]
    methods: Mapping[str, str]
    paths: tuple[ReadingPath, ...] = ()

    def __iter__(self) -> Iterator[Paper]:
        return iter(self.papers.values())

    def __len__(self) -> int:
        return len(self.papers)

    def __contains__(self, key: object) -> bool:
        return key in self.papers

    def __getitem__(self, key: str) -> Paper:
        if key not in self.papers:
            raise UnknownNameError(f"no paper has the key {key!r}{suggest(key, self.papers)}")
        return self.papers[key]

    def section(self, slug: str) -> Section:
        """Return the section, at any depth, that has this slug.

        Raises:
            UnknownNameError: There is none.
        """
        return self._path(slug)[-1]

    def sections_of(self, key: str) -> tuple[Section, ...]:
        """Return the sections that a paper stands in, from the top one to its own.

        Raises:
            UnknownNameError: No paper has this key.
        """
        return self._paths[self._slugs_by_key[self[key].key]]

    def in_reading_order(self, keys: set[str]) -> list[Paper]:
        """Return the papers with these keys, each once, in reading order.

        Raises:
            UnknownNameError: No paper has one of the keys.
        """
        return sorted((self[key] for key in keys), key=lambda paper: self._positions[paper.key])

    def _path(self, slug: str) -> tuple[Section, ...]:
        if slug not in self._paths:
            raise UnknownNameError(f"no section has the slug {slug!r}{suggest(slug, self._paths)}")
        return self._paths[slug]

    @cached_property
    def _paths(self) -> dict[str, tuple[Section, ...]]:
        paths: dict[str, tuple[Section, ...]] = {}

        def visit(section: Section, above: tuple[Section, ...]) -> None:
            paths[section.slug] = path = (*above, section)
            for child in section.sections:
                visit(child, path)

        for section in self.sections:
            visit(section, ())
        return paths

    @cached_property
    def _slugs_by_key(self) -> dict[str, str]:
        return {key: slug for slug, path in self._paths.items() for key in path[-1].keys}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {key: position for position, key in enumerate(self.papers)}
