"""The site as a folder of its own, for any builder that reads Markdown and `mkdocs.yml`: no hook, no records."""

import shutil
from pathlib import Path

import yaml
from mkdocs.utils.yaml import yaml_load

from docs.pages import HAND_WRITTEN, derive_navigation, derive_site
from docs.records import Records
from replications.common.files import write_bytes, write_text

CONFIGURATION = Path(__file__).parents[1] / "mkdocs.yml"
THEME = Path(__file__).parent / "theme"


def write_tree(records: Records, folder: Path) -> int:
    """Writes `pages/`, `theme/` and `mkdocs.yml` to `folder` and returns how many files that were.

    Raises:
        FileExistsError: the folder has content already; nothing is written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"got {folder}, which is not empty; expected a new or empty folder; name another one")
    configuration = yaml_load(CONFIGURATION.read_text(encoding="utf-8"))
    derived = list(derive_site(records, configuration.get("site_url") or ""))
    shutil.copytree(HAND_WRITTEN, folder / "pages")
    shutil.copytree(THEME, folder / "theme")
    for file in derived:
        content = file.content.encode("utf-8") if isinstance(file.content, str) else file.content
        write_bytes(folder / "pages" / file.path, content)
    write_text(folder / "mkdocs.yml", _write_configuration(configuration, records))
    return sum(path.is_file() for path in folder.rglob("*"))


def _write_configuration(configuration: dict[str, object], records: Records) -> str:
    """Returns the project's configuration with the whole navigation in it and without the hook that derives it."""
    theme = configuration["theme"]
    assert isinstance(theme, dict)  # the strict build reads the same file
    hand_written = configuration["nav"]
    assert isinstance(hand_written, list)
    changed = configuration | {
        "docs_dir": "pages",
        "theme": theme | {"custom_dir": "theme"},
        "nav": [*derive_navigation(records), *hand_written],
    }
    del changed["hooks"]
    return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True)
