"""The benchmark measures valid bibliographies of the size that it says."""

from pathlib import Path

from benchmarks.generated import write_copies
from bibliography import Library, load_library


def test_copies_load_without_a_fault_and_keep_their_relations(tmp_path: Path, real_library: Library) -> None:
    text = write_copies(tmp_path / "copies", 3)
    copies = load_library(tmp_path / "copies")
    assert len(copies) == 3 * len(real_library) == text.count("\n@") + 1
    paper = next(iter(real_library))
    assert copies[f"{paper.key}copy2"].related == tuple(f"{key}copy2" for key in paper.related)
    assert copies[f"{paper.key}copy2"].title == paper.title
