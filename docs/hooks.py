"""The mkdocs hook: a thin layer that hands the derived files and the navigation to mkdocs."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.pages import derive_navigation, derive_site
from docs.records import Records, load_records

_records: dict[str, Records] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Loads the records and puts the derived pages before the hand-written ones in the navigation."""
    _records["loaded"] = load_records()
    config.nav = [*derive_navigation(_records["loaded"]), *(config.nav or [])]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the derived files."""
    for derived in derive_site(_records["loaded"]):
        files.append(File.generated(config, derived.path, content=derived.content))
    return files
