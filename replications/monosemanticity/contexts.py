"""Contexts of specific features: which tokens of held-out text lie in a docstring, an Arabic word, base64."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Int
from tokenizers import Tokenizer

from replications.monosemanticity.encoding import BATCH_OF_DOCUMENTS, encode
from replications.monosemanticity.text import Document

FILES_REMEMBERED = 20_000  # times patterns


def label_documents(
    documents: Sequence[Document], tokenizer: Tokenizer, contexts: Mapping[str, str]
) -> tuple[Int[np.ndarray, " token"], Bool[np.ndarray, "context token"], Int[np.ndarray, " token"]]:
    """Returns the tokens of the documents in one line, whether each overlaps a match of each context, and its document.

    Args:
        documents: to be encoded and labelled.
        tokenizer: the encoding.
        contexts: regular expression by name; matched on whole files, so that a docstring is seen from its start.
    """
    # Deviation: context-proxies
    patterns = [re.compile(pattern) for pattern in contexts.values()]
    tokens, labels, lengths = [], [], []
    for first in range(0, len(documents), BATCH_OF_DOCUMENTS):
        part = documents[first : first + BATCH_OF_DOCUMENTS]
        for document, (ids, spans) in zip(part, encode(tokenizer, part), strict=True):
            tokens.append(ids)
            lengths.append(len(ids))
            labels.append(np.stack([label_spans(spans, mark(document, pattern)) for pattern in patterns]))
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    return np.concatenate(tokens), np.concatenate(labels, axis=1), numbers


def mark(document: Document, pattern: re.Pattern[str]) -> Bool[np.ndarray, " character"]:
    """Returns for each character of a document whether a match in its file covers it."""
    content = document.content
    marked = np.zeros(len(content[document.start : document.end]), dtype=bool)
    for start, end in find_matches(content, pattern):
        first, last = start - document.start, end - document.start
        if last > 0 and first < len(marked):
            marked[max(first, 0) : last] = True
    return marked


@lru_cache(maxsize=FILES_REMEMBERED)
def find_matches(content: str, pattern: re.Pattern[str]) -> tuple[tuple[int, int], ...]:
    """Returns where the matches in a file start and end; remembered, as a file has many documents."""
    return tuple(match.span() for match in pattern.finditer(content))


def label_spans(
    spans: Int[np.ndarray, "token 2"], marked: Bool[np.ndarray, " character"]
) -> Bool[np.ndarray, " token"]:
    """Returns for each span of characters whether one of them is marked."""
    before = np.concatenate([[0], np.cumsum(marked)])
    return before[spans[:, 1]] > before[spans[:, 0]]
