"""Tokens: a byte-level encoding learned on the text, and the text in it, kept on disk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from replications.common.files import write_text
from replications.monosemanticity.text import Document, read_documents, text_cache

START = "<s>"  # token 0, before every document
SAMPLED_DOCUMENTS, SAMPLED_CHARACTERS = 2_000, 5_000  # the encoding is learned on the beginnings of so many
BATCH_OF_DOCUMENTS = 256  # encoded together


@dataclass(frozen=True)
class EncodedText:
    """Text as tokens, in one line; documents follow each other.

    Attributes:
        training: tokens to train on, on disk.
        held_out: tokens of other documents.
        tokenizer: the encoding; its token 0 is the start token.
    """

    training: Int[np.ndarray, " token"]
    held_out: Int[np.ndarray, " token"]
    tokenizer: Tokenizer


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
    if not (folder / "tokenizer.json").is_file():
        evaluated, trained_on = split(documents, held_out)
        print(f"Encoding {len(documents)} documents with {vocabulary} tokens …", flush=True)
        sample = [document.text[:SAMPLED_CHARACTERS] for document in trained_on[:SAMPLED_DOCUMENTS]]
        tokenizer = learn_encoding(sample, vocabulary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in (("held_out", evaluated), ("training", trained_on)):
            _write_tokens(tokenizer, part, folder / f"{name}.u16")
        write_text(folder / "tokenizer.json", tokenizer.to_str())  # last: a folder that has it is whole
    training, kept = (np.memmap(folder / f"{name}.u16", np.uint16, mode="r") for name in ("training", "held_out"))
    return EncodedText(training, kept, Tokenizer.from_file(str(folder / "tokenizer.json")))


def split(documents: Sequence[Document], held_out: float) -> tuple[Sequence[Document], Sequence[Document]]:
    """Returns the documents for evaluation, and those to train on."""
    first = max(1, round(held_out * len(documents)))
    return documents[:first], documents[first:]


def learn_encoding(sample: Sequence[str], vocabulary: int) -> Tokenizer:
    """Returns a byte-level byte-pair encoding with `vocabulary` tokens, of which 0 is the start token.

    Raises:
        ValueError: the vocabulary is too small for all bytes, or does not fit into 16 bits.
    """
    # Deviation: small-vocabulary
    if not 257 < vocabulary <= 2**16:
        raise ValueError(f"got a vocabulary of {vocabulary}; expected 258 to {2**16}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[START],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample, trainer)
    return tokenizer


def encode(
    tokenizer: Tokenizer, documents: Sequence[Document]
) -> list[tuple[Int[np.ndarray, " token"], Int[np.ndarray, "token 2"]]]:
    """Returns tokens and their first and last character for each document, the start token first with an empty span."""
    encoded = tokenizer.encode_batch([document.text for document in documents])
    return [
        (np.array([0, *one.ids], np.uint16), np.array([(0, 0), *one.offsets], np.int64).reshape(-1, 2))
        for one in encoded
    ]


def _write_tokens(tokenizer: Tokenizer, documents: Sequence[Document], path: Path) -> None:
    with path.open("wb") as file:
        for first in range(0, len(documents), BATCH_OF_DOCUMENTS):
            for tokens, _ in encode(tokenizer, documents[first : first + BATCH_OF_DOCUMENTS]):
                tokens.tofile(file)


def _fingerprint(documents: Sequence[Document]) -> str:
    digest = hashlib.sha256()
    for document in documents:
        digest.update(hashlib.sha256(document.identity.encode()).digest())
    return digest.hexdigest()[:12]
