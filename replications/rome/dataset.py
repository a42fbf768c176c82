"""Facts: our own, built from the tables in `facts.yml`, or the authors' CounterFact and known_1000, in one form."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Annotated

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

NEIGHBOURS = 10  # prompts per fact, as in CounterFact (Table 2)
TABLES = Path(__file__).parent / "facts.yml"
Template = Annotated[str, Field(pattern=r"^.*\{\}.*$")]


class FactsError(ValueError):
    """A file of facts that is in none of the known forms."""


class Relation(BaseModel):
    """A relation of `facts.yml`: templates with {} for the subject, and subjects by their object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Template
    paraphrases: tuple[Template, Template]
    writing: tuple[Template, Template, Template]
    objects: dict[str, Annotated[tuple[str, ...], Field(min_length=5)]]

    @model_validator(mode="after")
    def _subjects_are_unique(self) -> "Relation":
        subjects = [subject for group in self.objects.values() for subject in group]
        repeated = sorted({subject for subject in subjects if subjects.count(subject) > 1})
        if repeated:
            raise ValueError(f"got {repeated[0]!r} twice; expected one object for each subject of a relation")
        return self


class Fact(BaseModel):
    """A fact with what an edit of it is measured on, in the form of CounterFact's records.

    Attributes:
        case_id: unique.
        relation: name of the relation.
        subject: as it stands in the prompts.
        prompt: template of the prompt that is traced and edited, {} for the subject.
        target_true: the object.
        target_new: another object of the relation, which an edit puts in its place; None if the file has none.
        paraphrases: prompts that say the same in other words.
        neighbours: prompts about other subjects with the same object.
        writing: beginnings of texts about the subject.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case_id: int
    relation: str
    subject: Annotated[str, Field(min_length=1)]
    prompt: Template
    target_true: Annotated[str, Field(min_length=1)]
    target_new: str | None
    paraphrases: tuple[str, ...]
    neighbours: tuple[str, ...]
    writing: tuple[str, ...]

    @property
    def text(self) -> str:
        """The prompt with the subject in it."""
        return self.prompt.replace("{}", self.subject)

    @property
    def subject_span(self) -> tuple[int, int]:
        """First character of the subject in the prompt, and the one after its last."""
        start = self.prompt.index("{}")
        return start, start + len(self.subject)


def load_facts(path: str | Path | None, seed: int) -> list[Fact]:
    """Returns our own facts, or those of a file of the authors, in a random order that mixes the relations.

    Args:
        path: `counterfact.json` or `known_1000.json`; None for our own.
        seed: of the order, and of what our own facts leave to chance.

    Raises:
        FactsError: no such file, or not in either form.
    """
    rng = np.random.default_rng(seed)
    if path is None:
        return mix_relations(build_facts(read_relations(), rng), rng)
    try:
        records = json.loads(Path(path).read_text(encoding="utf-8"))
        return [_read_record(record) for record in records]
    except FileNotFoundError as error:
        raise FactsError(
            f"got no file {path}; download it from the authors' page, or set null in params.yaml"
        ) from error
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise FactsError(
            f"{path}: got a record that is no fact ({str(error)[:200]}); expected the form of counterfact.json or "
            "known_1000.json"
        ) from error


def read_relations(path: Path = TABLES) -> dict[str, Relation]:
    """Returns the tables of our own facts.

    Raises:
        FactsError: a table breaks the schema.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {name: Relation.model_validate(table) for name, table in content.items()}
    except ValidationError as error:
        raise FactsError(f"{path}: {error}") from error


def build_facts(relations: Mapping[str, Relation], rng: np.random.Generator) -> list[Fact]:
    """Returns a fact for every subject of the tables."""
    facts = []
    for name, relation in relations.items():
        for true, subjects in relation.objects.items():
            others = [new for new in relation.objects if new.split()[0] != true.split()[0]]
            for subject in subjects:
                # Deviation: own-facts
                facts.append(
                    Fact(
                        case_id=len(facts),
                        relation=name,
                        subject=subject,
                        prompt=relation.prompt,
                        target_true=true,
                        target_new=others[int(rng.integers(len(others)))],
                        paraphrases=tuple(template.replace("{}", subject) for template in relation.paraphrases),
                        neighbours=_draw_neighbours(relation, [s for s in subjects if s != subject], rng),
                        writing=tuple(template.replace("{}", subject) for template in relation.writing),
                    )
                )
    return facts


def mix_relations(facts: Sequence[Fact], rng: np.random.Generator) -> list[Fact]:
    """Returns the facts shuffled, one of each relation in turn, so that any beginning of the list has all relations."""
    groups: dict[str, list[Fact]] = {}
    for place in rng.permutation(len(facts)):
        groups.setdefault(facts[place].relation, []).append(facts[place])
    turns = zip_longest(*(groups[name] for name in sorted(groups)))
    return [fact for fact in chain.from_iterable(turns) if fact is not None]


def subjects_with(facts: Sequence[Fact], relation: str, target: str | None) -> Iterator[Fact]:
    """Yields the facts of a relation that have a certain true object."""
    return (fact for fact in facts if fact.relation == relation and fact.target_true == target)


def _draw_neighbours(relation: Relation, others: Sequence[str], rng: np.random.Generator) -> tuple[str, ...]:
    """Returns ten prompts about others: as many subjects as there are, the prompt first, then the paraphrases."""
    templates = (relation.prompt, *relation.paraphrases)
    shuffled = [others[place] for place in rng.permutation(len(others))]
    prompts = [template.replace("{}", subject) for template in templates for subject in shuffled]
    return tuple(prompts[:NEIGHBOURS])


def _read_record(record: Mapping[str, object]) -> Fact:
    """Returns a record of CounterFact, or of known_1000, which has a prompt and an attribute and nothing to edit."""
    rewrite: Mapping[str, object] = record.get("requested_rewrite", {})  # type: ignore[assignment]
    if rewrite:
        return Fact.model_validate(
            {
                "case_id": record["case_id"],
                "relation": rewrite["relation_id"],
                "subject": rewrite["subject"],
                "prompt": rewrite["prompt"],
                "target_true": rewrite["target_true"]["str"],  # type: ignore[index]
                "target_new": rewrite["target_new"]["str"],  # type: ignore[index]
                "paraphrases": record["paraphrase_prompts"],
                "neighbours": record["neighborhood_prompts"],
                "writing": record["generation_prompts"],
            }
        )
    return Fact.model_validate(
        {
            "case_id": record["known_id"],
            "relation": record["relation_id"],
            "subject": record["subject"],
            "prompt": record["template"],
            "target_true": str(record["attribute"]).strip(),
            "target_new": None,
            "paraphrases": (),
            "neighbours": (),
            "writing": (),
        }
    )
