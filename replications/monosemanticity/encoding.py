"""Tokens: a byte-level encoding learned on the text, and the text in it, kept on disk."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer

from replications.common.byte_pairs import EncodedText, is_encoded, learn_encoding, read_encoded, write_encoded
from replications.common.texts import text_cache
from replications.monosemanticity.text import Document, read_documents

SAMPLED_DOCUMENTS, SAMPLED_CHARACTERS = 2_000, 5_000  # the encoding is learned on the beginnings of so many
BATCH_OF_DOCUMENTS = 256  # encoded together


def load_text(corpus: str, path: str | None, vocabulary: int, held_out: float) -> EncodedText:
    """Returns the text of a corpus, encoded once and then read from the cache.

    Args:
        corpus: as for `read_documents`.
        path: as for `read_documents`.
        vocabulary: tokens of the byte-pair encoding, at most 2^16.
        held_out: share of the documents that is kept for evaluation.

    Raises:
        TextUnavailableError: as for `read_documents`.
    """
    documents = read_documents(corpus, path)
    folder = text_cache() / f"{corpus}-{vocabulary}-{held_out}-{_fingerprint(documents)}"
    if not is_encoded(folder):
        evaluated, trained_on = split(documents, held_out)
        print(f"Encoding {len(documents)} documents with {vocabulary} tokens …", flush=True)
        sample = [document.text[:SAMPLED_CHARACTERS] for document in trained_on[:SAMPLED_DOCUMENTS]]
        tokenizer = learn_encoding(sample, vocabulary)  # Deviation: small-vocabulary
        write_encoded(folder, tokenizer, _encode_batches(tokenizer, trained_on), _encode_batches(tokenizer, evaluated))
    return read_encoded(folder)


def split(documents: Sequence[Document], held_out: float) -> tuple[Sequence[Document], Sequence[Document]]:
    """Returns the documents for evaluation, and those to train on."""
    first = max(1, round(held_out * len(documents)))
    return documents[:first], documents[first:]


def encode(
    tokenizer: Tokenizer, documents: Sequence[Document]
) -> list[tuple[Int[np.ndarray, " token"], Int[np.ndarray, "token 2"]]]:
    """Returns tokens and their first and last character for each document, the start token first with an empty span."""
    encoded = tokenizer.encode_batch([document.text for document in documents])
    return [
        (np.array([0, *one.ids], np.uint16), np.array([(0, 0), *one.offsets], np.int64).reshape(-1, 2))
        for one in encoded
    ]


def _encode_batches(tokenizer: Tokenizer, documents: Sequence[Document]) -> Iterator[Int[np.ndarray, " token"]]:
    for first in range(0, len(documents), BATCH_OF_DOCUMENTS):
        for tokens, _ in encode(tokenizer, documents[first : first + BATCH_OF_DOCUMENTS]):
            yield tokens


def _fingerprint(documents: Sequence[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(hashlib.sha256(document.identity.encode()).digest())
    return digest.hexdigest()[:12]
