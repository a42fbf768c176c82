"""Building the site of given records, in this process, for tests and benchmarks; `make site` builds this repository."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from mkdocs.commands.build import build
from mkdocs.config import load_config

from docs.records import Records

CONFIGURATION = Path(__file__).parents[1] / "mkdocs.yml"


def build_site(records: Records, folder: Path) -> None:
    """Builds the site of `records` in `folder`, strictly, as `make site` does for the repository's own."""
    with _deriving_from(records):
        config = load_config(str(CONFIGURATION), site_dir=str(folder), strict=True)
        build(config)


@contextmanager
def _deriving_from(records: Records) -> Iterator[None]:
    """Lets the hook, which mkdocs loads once in a process, find these records in place of the repository's."""
    with patch("docs.records.load_records", lambda: records), patch.dict(os.environ, NO_MKDOCS_2_WARNING="1"):
        yield
