"""The project itself as something to be cited: what `CITATION.cff` says of it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

CITATION_FILE = Path(__file__).parents[1] / "CITATION.cff"


@dataclass(frozen=True)
class Project:
    """What citations of its parts need: who made it and when it was released."""

    title: str
    authors: str
    released: date

    @property
    def short_title(self) -> str:
        """The title up to its colon."""
        return self.title.partition(":")[0]


def load_project(path: Path = CITATION_FILE) -> Project:
    """Returns what the Citation File Format's file at `path` says.

    Raises:
        ValueError: a field is missing.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Project(content["title"], content["authors"][0]["name"], date.fromisoformat(content["date-released"]))
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path}: got no {error}; expected title, authors with a name, and date-released") from error
