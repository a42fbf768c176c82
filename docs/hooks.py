"""The mkdocs hook: a thin layer that hands the derived files, the navigation and the policy to mkdocs."""

import os
import re
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from bibliography.lock import BusyError, only_one
from docs import pages, records
from docs.content_security import add_policy, read_theme_scripts
from docs.project import load_project
from docs.records import Records
from docs.tables import box_tables

_records: dict[str, Records] = {}
_theme_scripts: list[re.Pattern[str]] = []
_lock = ExitStack()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Loads the records, and puts the derived pages before the hand-written ones in the navigation.

    The sitemap's dates are those of the release, unless SOURCE_DATE_EPOCH says otherwise, and never those of the build:
    the same sources give the same site on any day.
    """
    _records["loaded"] = records.load_records()
    _theme_scripts[:] = read_theme_scripts(Path(folder) for folder in config.theme.dirs)
    released = datetime.combine(load_project().released, time(), UTC)
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(released.timestamp())))
    config.nav = [*pages.derive_navigation(_records["loaded"]), *(config.nav or [])]
    return config


def on_pre_build(config: MkDocsConfig) -> None:
    """Refuses to empty and fill a folder that another build is filling, or that cannot be written."""
    folder = Path(config.site_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _lock.enter_context(only_one(folder, "a build of the site"))
    except BusyError as error:
        raise PluginError(str(error)) from error
    except OSError as error:
        raise PluginError(
            f"cannot write {folder}: {error.strerror}; name a folder of yours with mkdocs build --site-dir"
        ) from error


def on_post_build(config: MkDocsConfig) -> None:
    """Lets the next build write."""
    _lock.close()


def on_build_error(error: Exception) -> None:
    """Lets the next build write, too, where this one failed."""
    _lock.close()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the derived files, and leaves out the theme's scripts: `assets/frame.js` stands in their place."""
    for file in [file for file in files if file.src_uri.startswith("assets/javascripts/")]:
        files.remove(file)
    for derived in pages.derive_site(_records["loaded"], config.site_url or ""):
        files.append(File.generated(config, derived.path, content=derived.content))
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Puts plain tables into boxes that scroll."""
    return box_tables(html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Adds the content security policy to a page; its front matter says `runs_wasm: true` if it needs WebAssembly."""
    return add_policy(output, _theme_scripts, runs_wasm=bool(page.meta.get("runs_wasm")))


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:
    """Adds the policy to the page for addresses that do not exist, which is a template without front matter."""
    return add_policy(output_content, _theme_scripts) if template_name == "404.html" else output_content
