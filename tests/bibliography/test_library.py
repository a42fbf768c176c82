"""What a loaded library says."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING

import pytest

from bibliography import Author, Library, Paper, Section, SourceBlock, UnknownNameError

if TYPE_CHECKING:
    from conftest import Shelf


def test_papers_come_in_the_reading_order_of_the_outline(shelf: Shelf) -> None:
    library = shelf.load()
    assert [paper.key for paper in library] == ["decao2021editing", "mitchell2022mend", "anthropic2025tracer"]
    assert len(library) == 3
    assert "mitchell2022mend" in library and "mitchell2022" not in library


def test_a_paper_is_shown_in_unicode(shelf: Shelf) -> None:
    paper = shelf.load()["decao2021editing"]
    assert paper.title == "Editing Factual Knowledge in GPT-2: k-Sparse Updates"
    assert paper.authors == (Author("Nicola", "De Cao"), Author("Łukasz", "Bürger"), Author("", "Some Lab"))
    assert [author.display for author in paper.authors] == ["Nicola De Cao", "Łukasz Bürger", "Some Lab"]
    assert (paper.venue, paper.volume, paper.pages) == ("Proceedings of a Conference", "7", "6491–6506")
    assert (paper.year, paper.date, paper.arxiv) == (2021, None, "2104.08164")
    assert paper.doi_url == "https://doi.org/10.18653/v1/2021.emnlp-main.522"
    assert paper.arxiv_url == "https://arxiv.org/abs/2104.08164"
    assert paper.aliases == ("KE", "KnowledgeEditor")
    assert paper.topics == ("model-editing", "limits")
    assert "\n" not in paper.summary and paper.summary.endswith("all build on it.")


def test_a_paper_has_every_field_of_its_entry(shelf: Shelf) -> None:
    library = shelf.load()
    summary = (
        "What is the question? Something is done about it, with care and with a control that the authors describe at "
        "length. Something is found, and it is 42 in the setting of the paper, 17 in another. A reader of this list "
        "should care, since the next three papers all build on it."
    )
    assert library["decao2021editing"] == Paper(
        key="decao2021editing",
        entry_type="inproceedings",
        title="Editing Factual Knowledge in GPT-2: k-Sparse Updates",
        authors=(Author("Nicola", "De Cao"), Author("Łukasz", "Bürger"), Author("", "Some Lab")),
        year=2021,
        date=None,
        venue="Proceedings of a Conference",
        volume="7",
        number=None,
        pages="6491–6506",
        doi="10.18653/v1/2021.emnlp-main.522",
        arxiv="2104.08164",
        url="https://aclanthology.org/2021.emnlp-main.522/",
        code="https://github.com/nicola-decao/KnowledgeEditor",
        seealso=None,
        aliases=("KE", "KnowledgeEditor"),
        topics=("model-editing", "limits"),
        methods=("hypernetwork",),
        related=("mitchell2022mend",),
        summary=summary,
        source=SourceBlock("entries/editing.bib", 1, shelf.read("entries/editing.bib").partition("\n\n")[0]),
    )
    tracer = library["anthropic2025tracer"]
    assert (tracer.entry_type, tracer.year, tracer.number, tracer.editors, tracer.series) == (
        "online",
        2025,
        None,
        (),
        None,
    )
    assert library["mitchell2022mend"].number == "3"


def test_a_see_also_is_kept(shelf: Shelf) -> None:
    shelf.replace("entries/tools.bib", "  topics =", "  seealso = {https://example.org/tool},\n  topics =")
    assert shelf.load()["anthropic2025tracer"].seealso == "https://example.org/tool"


def test_the_outline_and_the_vocabulary_are_read_whole(shelf: Shelf) -> None:
    library = shelf.load()
    fast = Section("fast-editing", "Fast", "Faster.", ("mitchell2022mend",), ())
    assert library.sections == (
        Section("editing", "Model editing", "What editing is about.", ("decao2021editing",), (fast,)),
        Section("tools", "Tools", "Software and articles.", ("anthropic2025tracer",), ()),
    )
    assert library.topics == {"limits": "Failures and disputes.", "model-editing": "Changing what a model knows."}
    assert library.methods == {"hypernetwork": "A network that predicts weights."}
    with pytest.raises(TypeError):
        library.topics["x"] = "y"  # type: ignore[index]


def test_entries_of_several_files_keep_their_places(shelf: Shelf) -> None:
    sources = {paper.key: (paper.source.path, paper.source.line) for paper in shelf.load()}
    assert sources == {
        "decao2021editing": ("entries/editing.bib", 1),
        "mitchell2022mend": ("entries/editing.bib", 22),
        "anthropic2025tracer": ("entries/tools.bib", 1),
    }


def test_an_article_on_the_web_has_its_date_and_may_have_no_method(shelf: Shelf) -> None:
    paper = shelf.load()["anthropic2025tracer"]
    assert (paper.kind, paper.date, paper.venue) == ("article on the web", "2025-05-29", "Research blog")
    assert (paper.methods, paper.code, paper.doi_url, paper.arxiv_url) == ((), None, None, None)


def test_the_source_block_is_the_file_byte_for_byte(shelf: Shelf) -> None:
    source = shelf.load()["mitchell2022mend"].source
    lines = shelf.read(source.path).split("\n")
    assert lines[source.line - 1 :] == [*source.text.split("\n"), ""]


def test_sections_nest_and_are_found_by_slug(shelf: Shelf) -> None:
    library = shelf.load()
    editing = library.section("editing")
    assert editing.introduction == "What editing is about."
    assert [(depth, section.slug) for depth, section in editing.walk()] == [(0, "editing"), (1, "fast-editing")]
    assert editing.all_keys == ("decao2021editing", "mitchell2022mend")
    assert [section.slug for section in library.sections_of("mitchell2022mend")] == ["editing", "fast-editing"]


def test_an_unknown_name_is_an_error_that_suggests_a_near_one(shelf: Shelf) -> None:
    library = shelf.load()
    with pytest.raises(UnknownNameError, match=r"^no paper has the key 'mitchel2022', perhaps 'mitchell2022mend'$"):
        library["mitchel2022"]
    with pytest.raises(UnknownNameError, match=r"^no section has the slug 'tool', perhaps 'tools'$"):
        library.section("tool")
    with pytest.raises(UnknownNameError, match=r"^no paper has the key 'zzz'$"):
        library.sections_of("zzz")


def test_a_library_cannot_be_changed(shelf: Shelf) -> None:
    library = shelf.load()
    with pytest.raises(TypeError):
        library.papers["x"] = library["mitchell2022mend"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        library["mitchell2022mend"].title = "Slow Model Editing"  # type: ignore[misc]


def test_loading_twice_gives_equal_libraries(shelf: Shelf) -> None:
    assert shelf.load() == shelf.load()


def test_the_real_bibliography_has_no_faults_and_every_section_an_introduction(real_library: Library) -> None:
    assert len(real_library.sections) == 16
    assert all(section.introduction for top in real_library.sections for _, section in top.walk())
    assert [len(real_library.section(slug).all_keys) for slug in ("sparse-autoencoders", "circuit-discovery")] >= [
        9,
        10,
    ]
