"""Each target gives a reader a file of any bytes: what it says comes back whole, or is refused by the project's error.

Anything else, an error of Python's or something that was silently lost, raises, and the fuzzer has found a case.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from bibliography import BibliographyError, Library, load_library
from bibliography.export import EXPORTERS, export
from bibliography.faults import FaultLog
from bibliography.files import read_text
from bibliography.reading_paths import read_reading_paths as parse_reading_paths
from bibliography.schema import OWN_FIELDS
from bibliography.source import Entry, read_blocks
from replications.common import paths as places
from replications.common.claims import ClaimsError, read_claims
from replications.common.params import ParamsError, StageParams, load_params, load_setting, run_settings
from tests.fuzz import seeds

ENTRY, TOOL = "entries/editing.bib", "entries/tools.bib"
SEPARATOR = b"\xff"  # of the fields' values: no UTF-8 has it
REFUSALS = (BibliographyError, ClaimsError, ParamsError)


@dataclass(frozen=True)
class Target:
    """What reads a file of any content.

    Attributes:
        module: Whose code, with all that it imports, is put to the test.
        read: Writes the content to a folder, reads it back and checks that nothing was lost.
        seed: A valid file.
    """

    module: str
    read: Callable[[Path, bytes], None]
    seed: bytes

    def try_case(self, folder: Path, data: bytes) -> str:
        """Returns how a case ended: loaded or refused; raises where it may not end so."""
        try:
            self.read(folder, data)
        except REFUSALS as error:
            assert str(error).strip(), "a refusal without a reason"
            return "refused"
        return "loaded"


class Setting(StageParams):
    """What a setting of a replication says."""

    workers: int


class Measure(StageParams):
    """Parameters of every type that replications use."""

    seed: int
    rate: float
    name: str
    is_exact: bool
    widths: tuple[int, ...]
    sizes: dict[str, tuple[int, ...]]


class LostError(ValueError):
    """Something that a file says is not in what was read from it."""


def read_entries(folder: Path, data: bytes) -> None:
    """Reads a file of entries: the sources of what was loaded are the file."""
    library = _load(folder, {TOOL: data})
    sources = [paper.source.text for paper in library if paper.source.path == TOOL]
    _same("\n\n".join(sources) + "\n", data.decode())
    _check_exports(library)


def read_fields(folder: Path, data: bytes) -> None:
    """Reads an entry with these values, and exports it."""
    library = _load(folder, {ENTRY: write_entry(data)})
    _check_exports(library)


def read_outline(folder: Path, data: bytes) -> None:
    """Reads an outline: every key stands where the file has it."""
    library = _load(folder, {"outline.yml": data})
    _same([_as_written(section) for section in library.sections], _plain_yaml(data)["sections"])
    _same(list(library.papers), [key for section in library.sections for key in section.all_keys])


def read_vocabulary(folder: Path, data: bytes) -> None:
    """Reads a vocabulary: every word has its meaning."""
    library = _load(folder, {"vocabulary.yml": data})
    _same({"topics": dict(library.topics), "methods": dict(library.methods)}, _plain_yaml(data))


def read_reading_paths(folder: Path, data: bytes) -> None:
    """Reads reading paths: every step is there."""
    name, log = "reading_paths.yml", FaultLog()
    (folder / name).write_bytes(data)
    text = read_text(folder, name, log)
    paths = parse_reading_paths(name, text or "", seeds.KEYS, log)
    if log.faults:
        raise BibliographyError(log.faults)
    written = [
        {
            "slug": path.slug,
            "title": path.title,
            "introduction": path.introduction,
            "steps": [{"key": step.key, "why": step.why} for step in path.steps],
        }
        for path in paths
    ]
    _same(written, _plain_yaml(data)["paths"])


def read_claims_file(folder: Path, data: bytes) -> None:
    """Reads claims: what was loaded says what the file says."""
    path = folder / "claims.yml"
    path.write_bytes(data)
    claims = read_claims(path)
    refuse_repeated_keys(data)
    _same(claims.model_dump(exclude_unset=True), _plain_yaml(data))


def read_params_file(folder: Path, data: bytes) -> None:
    """Reads parameters: what was loaded says what the file says."""
    (folder / "fuzzed").mkdir(exist_ok=True)
    (folder / "fuzzed" / "claims.yml").touch()
    (folder / "fuzzed" / "params.yaml").write_bytes(data)
    with patch.object(places, "REPLICATIONS", folder):
        settings = run_settings("fuzzed")
        setting = load_setting("fuzzed", "small", Setting)
        measure = load_params("fuzzed", "measure", Measure)
    refuse_repeated_keys(data)
    content = _plain_yaml(data)
    _same(settings, content["run"])
    _same(setting.model_dump(), content["settings"]["small"])
    _same(measure.model_dump(), content["measure"])


def write_entry(data: bytes) -> bytes:
    """Returns the valid entry with the values in `data`: its own where that is empty, none where it is -."""
    values = [part.decode(errors="replace") for part in data.split(SEPARATOR)]
    given = {name: value for name, value in zip(seeds.FIELDS, values, strict=False) if value}
    lines = [f"  {name} = {{{value}}},\n" for name, value in (seeds.FIELDS | given).items() if value != "-"]
    return f"@incollection{{hopper2021editing,\n{''.join(lines)}}}\n".encode()


def refuse_repeated_keys(data: bytes) -> None:
    """Raises where a mapping has a key twice, of which a plain reader of YAML silently drops one."""
    waiting = [yaml.compose(data, Loader=yaml.CSafeLoader)]
    seen = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.CollectionNode) and id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, yaml.MappingNode):
                keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
                if len(keys) != len(set(keys)):
                    raise LostError(f"got one of {keys} twice")
                waiting += [value for _, value in node.value]
            else:
                waiting += node.value


def _load(folder: Path, files: Mapping[str, bytes]) -> Library:
    """Returns the library in `folder`, which is the valid one but for these files."""
    (folder / "entries").mkdir(exist_ok=True)
    for path, content in (VALID | files).items():
        (folder / path).write_bytes(content)
    return load_library(folder)


def _check_exports(library: Library) -> None:
    """Checks that every export says of every paper what its source says, read back by our own loader or by another."""
    texts = {name: export(library, library, name) for name in EXPORTERS}
    for name, date in (("bibtex", "date"), ("biblatex", "year")):
        log = FaultLog()
        blocks = read_blocks(name, texts[name], log)
        _same(log.faults, [])
        _same([block.key for block in blocks], [paper.key for paper in library])
        for block, paper in zip(blocks, library, strict=True):
            [source] = read_blocks("", paper.source.text + "\n", log)
            assert block.entry and source.entry
            left_out = OWN_FIELDS | {date} if paper.date else OWN_FIELDS
            _same(_values(block.entry, frozenset()), _values(source.entry, left_out))
    items = json.loads(texts["csl-json"])
    _same([(i["id"], i["title"], len(i["author"])) for i in items], [(p.key, p.title, len(p.authors)) for p in library])
    records = [dict(line.split("  - ", 1) for line in r.splitlines()) for r in texts["ris"].split("\n\n")]
    _same([(r["ID"], r["TI"], r["UR"]) for r in records], [(p.key, p.title, p.arxiv_url or p.url) for p in library])


def _values(entry: Entry, without: frozenset[str]) -> list[str]:
    return [field.value for name, field in entry.fields.items() if name not in without]


def _as_written(section: object) -> dict[str, object]:
    """Returns a section in the form of the file."""
    parts = {name: getattr(section, name) for name in ("slug", "title", "introduction", "keys")}
    below = [_as_written(child) for child in section.sections]  # type: ignore[attr-defined]
    return parts | ({"sections": below} if below else {})


def _plain_yaml(data: bytes) -> Any:
    """Returns what another parser, libyaml, finds in a file."""
    return yaml.load(data, Loader=yaml.CSafeLoader)


def _same(got: object, expected: object) -> None:
    """Raises where the two say different things; white space, and how a number is written, make no difference."""
    if (left := _plain(got)) != (right := _plain(expected)):
        raise LostError(f"got {left!r:.500}; expected {right!r:.500}")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if part not in (None, [], ())}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    try:
        return float(value) if isinstance(value, int | float | str) else value
    except ValueError:
        return " ".join(str(value).split())


VALID = {
    ENTRY: write_entry(b""),
    TOOL: seeds.TOOL.encode(),
    "outline.yml": seeds.OUTLINE.encode(),
    "vocabulary.yml": seeds.VOCABULARY.encode(),
}
TARGETS = {
    "entries": Target("bibliography.cli", read_entries, VALID[TOOL]),
    "fields": Target("bibliography.cli", read_fields, SEPARATOR.join(map(str.encode, seeds.FIELDS.values()))),
    "outline": Target("bibliography.load", read_outline, VALID["outline.yml"]),
    "vocabulary": Target("bibliography.load", read_vocabulary, VALID["vocabulary.yml"]),
    "reading_paths": Target("bibliography.load", read_reading_paths, seeds.READING_PATHS.encode()),
    "claims": Target("replications.common.claims", read_claims_file, seeds.CLAIMS.encode()),
    "params": Target("replications.common.params", read_params_file, seeds.PARAMS.encode()),
}
