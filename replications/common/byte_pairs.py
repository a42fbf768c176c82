"""Byte-pair encodings of text: learned, and the text as tokens on disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from replications.common.files import write_text

START = "<s>"  # token 0
TOKENIZER = "tokenizer.json"


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


def learn_encoding(sample: Iterable[str], vocabulary: int) -> Tokenizer:
    """Returns a byte-level byte-pair encoding with `vocabulary` tokens, of which 0 is the start token.

    Raises:
        ValueError: the vocabulary is too small for all bytes, or does not fit into 16 bits.
    """
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


def is_encoded(folder: Path) -> bool:
    """Tells whether `write_encoded` was done with a folder."""
    return (folder / TOKENIZER).is_file()


def write_encoded(
    folder: Path,
    tokenizer: Tokenizer,
    training: Iterable[Int[np.ndarray, " token"]],
    held_out: Iterable[Int[np.ndarray, " token"]],
) -> None:
    """Writes the tokens of documents, in 16 bits, and then the encoding: a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, documents in (("training", training), ("held_out", held_out)):
        with (folder / f"{name}.u16").open("wb") as file:
            for tokens in documents:
                tokens.tofile(file)
    write_text(folder / TOKENIZER, tokenizer.to_str())


def read_encoded(folder: Path) -> EncodedText:
    """Returns what `write_encoded` wrote."""
    training, held_out = (np.memmap(folder / f"{part}.u16", np.uint16, mode="r") for part in ("training", "held_out"))
    return EncodedText(training, held_out, Tokenizer.from_file(str(folder / TOKENIZER)))
