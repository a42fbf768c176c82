"""How a reader sees tokens. They are pieces of UTF-8, so that a letter's bytes may lie in more than one of them."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

# The byte-level encoding writes each byte as a letter: printable ones as themselves, the others from U+0100 on.
_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTES = {chr(byte): byte for byte in _PRINTABLE} | {chr(256 + n): byte for n, byte in enumerate(_OTHERS)}


@dataclass(frozen=True)
class Vocabulary:
    """The bytes of every token."""

    pieces: tuple[bytes, ...]

    def show(self, token: int) -> str:
        """Returns the text of a token by itself, bytes that are no whole letter in hexadecimal, such as ⟨D7⟩."""
        return self.pieces[token].decode("utf-8", errors="hexadecimal")

    def show_all(self) -> list[str]:
        """Returns the text of every token by itself."""
        return [self.show(token) for token in range(len(self.pieces))]

    def show_run(self, tokens: Sequence[int]) -> list[str]:
        """Returns the text of each token in a row of them: a letter of several tokens stands with its last one."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="hexadecimal")
        shown = [decoder.decode(self.pieces[token]) for token in tokens]
        return [*shown[:-1], shown[-1] + decoder.decode(b"", final=True)] if shown else []


def read_vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """Returns the vocabulary of a byte-level encoding, in the order of the tokens' numbers."""
    names = (tokenizer.id_to_token(token) for token in range(tokenizer.get_vocab_size()))
    return Vocabulary(tuple(bytes(_BYTES[letter] for letter in name) for name in names))


def _show_bytes(error: UnicodeError) -> tuple[str, int]:
    """Returns the bytes that cannot be decoded in hexadecimal, and where decoding goes on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return f"⟨{error.object[error.start : error.end].hex(' ').upper()}⟩", error.end


codecs.register_error("hexadecimal", _show_bytes)
