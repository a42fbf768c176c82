"""The content security policy allows the theme's scripts and no others."""

import re

import pytest

from docs.content_security import InlineScriptError, add_policy, read_theme_scripts

# echo -n 'start("..")' | openssl dgst -sha256 -binary | base64
START_HASH = "sha256-lSWzH/Skq7tUVaxLYfx0pD+G/i8htjiM8seXpk28CDo="
PAGE = '<html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'


@pytest.fixture
def theme(tmp_path):
    folder = tmp_path / "partials" / "javascripts"
    folder.mkdir(parents=True)
    (folder / "base.html").write_text('<script>start("{{ config.scope | d(base_url) }}")</script>', encoding="utf-8")
    return read_theme_scripts([tmp_path])


def directives(page: str) -> dict[str, str]:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    return dict(part.split(" ", 1) for part in policy.split("; "))


def test_the_themes_script_is_allowed_by_its_hash(theme):
    page = add_policy(PAGE.format(head="", body='<script>start("..")</script>'), theme)
    assert directives(page)["script-src"] == f"'self' '{START_HASH}'"


def test_the_policy_stands_before_everything_that_it_governs(theme):
    page = add_policy(PAGE.format(head='<link rel="stylesheet" href="a.css">', body=""), theme)
    assert page.index("Content-Security-Policy") < page.index("stylesheet")


@pytest.mark.parametrize("code", ["alert(1)", 'start("..");alert(1)', 'start("..")+alert("x")', 'start("a b")'])
def test_any_other_inline_script_stops_the_build(theme, code):
    with pytest.raises(InlineScriptError, match="move it to a file under docs/pages/assets"):
        add_policy(PAGE.format(head="", body=f"<script>{code}</script>"), theme)


def test_data_and_files_are_no_inline_scripts(theme):
    body = '<script type="application/ld+json">{}</script><script src="a.js"></script>'
    assert directives(add_policy(PAGE.format(head="", body=body), theme))["script-src"] == "'self'"


def test_nothing_may_come_from_another_host(theme):
    for name, sources in directives(add_policy(PAGE.format(head="", body=""), theme)).items():
        assert set(sources.split()) <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
        assert "'unsafe-inline'" not in sources or name == "style-src-attr"


def test_only_a_page_that_says_so_may_run_webassembly(theme):
    page = PAGE.format(head="", body="")
    assert "'wasm-unsafe-eval'" not in directives(add_policy(page, theme))["script-src"]
    assert "'wasm-unsafe-eval'" in directives(add_policy(page, theme, runs_wasm=True))["script-src"]


def test_a_page_without_a_character_set_is_refused(theme):
    with pytest.raises(ValueError, match="expected one from the theme"):
        add_policy("<html></html>", theme)


def test_every_page_of_the_site_has_the_policy_once(built_site):
    for path in built_site.rglob("*.html"):
        assert path.read_text(encoding="utf-8").count('http-equiv="Content-Security-Policy"') == 1, path
