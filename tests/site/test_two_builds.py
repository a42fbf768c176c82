"""A second build into the same folder, and a folder that cannot be written, are refused with what to do."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

from bibliography.lock import only_one
from docs import hooks


def test_a_second_build_into_one_folder_is_refused_until_the_first_ends(tmp_path: Path):
    config = SimpleNamespace(site_dir=str(tmp_path / "site"))
    hooks.on_pre_build(config)
    with pytest.raises(PluginError, match=r"got a build of the site that writes to .*site already; .*until it ends"):
        hooks.on_pre_build(config)
    hooks.on_post_build(config)
    hooks.on_pre_build(config)
    hooks.on_build_error(ValueError())
    with only_one(tmp_path / "site", "a build"):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "site").touch()
    with pytest.raises(PluginError, match=r"cannot write .*site: File exists; name a folder of yours"):
        hooks.on_pre_build(SimpleNamespace(site_dir=str(tmp_path / "site")))
