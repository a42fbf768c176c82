"""RO-Crate: a replication described for machines, so that it can be archived and found. Version 1.1 of the standard.

The crate is the folder that the site publishes for a replication: claims, parameters, code, and the results of every
setting that was run. https://www.researchobject.org/ro-crate/specification/1.1/
"""

import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping

from bibliography import Paper
from docs.project import Project
from docs.records import ReplicationRecord, SettingRecord

Entity = dict[str, object]

# Version 1.1 has no word for a SHA-256 of its own; it allows to add one.
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]

_DESCRIPTIONS = {
    "claims.yml": "What the paper states, and the line that each number must reach, drawn before any run",
    "params.yaml": "Every number that may be changed",
    "dvc.yaml": "The pipeline",
    "figures.yml": "Which claims each figure shows",
    "measured.json": "Every measurement with its 95 % interval",
    "verdict.json": "The verdict on every claim",
    "run.json": "Provenance of the run: commit, code hash, seeds, machine, libraries",
    "notebook.ipynb": "The executed notebook",
}
_MEDIA_TYPES = {
    ".yml": "application/yaml",
    ".yaml": "application/yaml",
    ".ipynb": "application/x-ipynb+json",
    ".py": "text/x-python",
    ".safetensors": "application/octet-stream",
}
_LICENSES = {"https://spdx.org/licenses/MIT": "MIT License", "https://spdx.org/licenses/CC-BY-4.0": "CC BY 4.0"}


def describe_crate(
    replication: ReplicationRecord, paper: Paper, citation: Paper, project: Project, files: Mapping[str, bytes]
) -> str:
    """Returns the content of `ro-crate-metadata.json`.

    Args:
        replication: what is described.
        paper: the paper that it replicates.
        citation: the replication as something to be cited.
        project: who made it.
        files: the crate's files by path.
    """
    described = [_describe_file(path, content) for path, content in files.items()]
    actions = [_describe_run(replication, setting, files) for setting in replication.was_run]
    maker: Entity = {"@id": "#authors", "@type": "Organization", "name": project.authors}
    people = _describe_people(paper)
    article = _describe_article(paper, people)
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": citation.title,
        "description": citation.summary or citation.title,
        "datePublished": project.released.isoformat(),
        "license": {"@id": "https://spdx.org/licenses/MIT"},
        "author": {"@id": "#authors"},
        "publisher": {"@id": "#authors"},
        "citation": {"@id": article["@id"]},
        "keywords": ", ".join((*paper.topics, *paper.methods)),
        "hasPart": [{"@id": entity["@id"]} for entity in described],
        "mentions": [{"@id": action["@id"]} for action in actions],
    }
    graph = [_describe_itself(), root, maker, article, *people, *_describe_licenses(), *described, *actions]
    content = {"@context": _CONTEXT, "@graph": [_unwrap(entity) for entity in graph]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _unwrap(entity: Entity) -> Entity:
    """Returns the entity with lists of one value replaced by the value, as the standard wants it."""
    return {name: v[0] if isinstance(v, list) and len(v) == 1 else v for name, v in entity.items()}


def _describe_itself() -> Entity:
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }


def _describe_people(paper: Paper) -> list[Entity]:
    return [
        {"@id": f"#author-{number}", "@type": "Person" if author.given else "Organization", "name": author.display}
        for number, author in enumerate(paper.authors, start=1)
    ]


def _describe_article(paper: Paper, people: list[Entity]) -> Entity:
    address = paper.doi_url or paper.url
    return {
        "@id": address,
        "@type": "ScholarlyArticle",
        "name": paper.title,
        "author": [{"@id": person["@id"]} for person in people],
        "datePublished": paper.date or str(paper.year),
        "identifier": address,
        "url": paper.url,
    }


def _describe_licenses() -> Iterator[Entity]:
    for address, name in _LICENSES.items():
        yield {"@id": address, "@type": "CreativeWork", "name": name}


def _describe_file(path: str, content: bytes) -> Entity:
    name = path.rpartition("/")[2]
    suffix = name[name.rfind(".") :]
    entity: Entity = {
        "@id": path,
        "@type": ["File", "SoftwareSourceCode"] if suffix == ".py" else "File",
        "name": name,
        "encodingFormat": _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if name in _DESCRIPTIONS:
        entity["description"] = _DESCRIPTIONS[name]
    if suffix == ".ipynb":
        entity["license"] = {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    return entity


def _describe_run(replication: ReplicationRecord, setting: SettingRecord, files: Mapping[str, bytes]) -> Entity:
    """Returns the run of a setting as an action: from code and parameters to results."""
    run = setting.run or {}
    folder = setting.folder.relative_to(replication.folder).as_posix()
    results = [path for path in files if path.startswith(f"{folder}/")]
    return {
        "@id": f"#run-{setting.name}",
        "@type": "CreateAction",
        "name": f"Run of the setting {setting.name}",
        "description": f"{setting.note} Commit {run['commit']}, {run['wall_seconds']} s on {run['device']}.",
        "instrument": {"@id": f"{run['stage']}.py"},
        "agent": {"@id": "#authors"},
        "object": [{"@id": "claims.yml"}, {"@id": "params.yaml"}],
        "result": [{"@id": path} for path in results],
    }
