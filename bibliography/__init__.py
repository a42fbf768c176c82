"""The reading list as data: load it, check it, look things up, export it."""

from bibliography.faults import BibliographyError, Fault
from bibliography.load import load_library
from bibliography.model import Author, Library, Paper, ReadingPath, Section, SourceBlock, UnknownNameError

__all__ = [
    "Author",
    "BibliographyError",
    "Fault",
    "Library",
    "Paper",
    "ReadingPath",
    "Section",
    "SourceBlock",
    "UnknownNameError",
    "load_library",
]
