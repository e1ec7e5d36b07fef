"""Where codes may lie in bytes, told at the speed of the memory however large the content is.

A code of 15 bytes or more covers, wherever it lies, one of the words of eight bytes into which a content is cut. Only
words of small letters, digits and hyphens are looked up, and images hold few of them.
"""

import mmap
from collections.abc import Collection, Iterator
from typing import Any, Final

import numpy as np

WORD: Final = 8
SHORTEST: Final = 2 * WORD - 1
"""Bytes of the shortest code that always covers a word."""
_BLOCK: Final = 1 << 15
"""Words at a time, which the cache of a processor holds."""
_MASK: Final = np.uint64(0xA0A0_A0A0_A0A0_A0A0)
_MASKED: Final = np.uint64(0x2020_2020_2020_2020)
"""What the mask leaves of eight small letters, digits and hyphens."""
_SPREAD: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""An odd number, by which words are spread over a table."""
_BITS: Final = 18

Content = bytes | mmap.mmap


class Words:
    """The words that some codes cover; each code is 15 or more small letters, digits and hyphens."""

    def __init__(self, codes: Collection[bytes]) -> None:
        lengths = sorted({len(code) for code in codes})
        found = [_first_words([code for code in codes if len(code) == length]) for length in lengths]
        self._words = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype="<u8")
        self._table = np.zeros(1 << _BITS, dtype=bool)
        self._table[_spread(self._words)] = True

    def places(self, content: Content) -> Iterator[int]:
        """Where words lie that may be part of a code: none of a content that holds no code."""
        cut = np.frombuffer(content, dtype="<u8", count=len(content) // WORD)
        for start in range(0, len(cut), _BLOCK):
            block = cut[start : start + _BLOCK]
            near = np.flatnonzero((block & _MASK) == _MASKED)
            near = near[self._table[_spread(block[near])]]
            if len(near):
                sure = self._words.take(np.searchsorted(self._words, block[near]), mode="clip") == block[near]
                yield from (WORD * (start + near[sure])).tolist()


def _first_words(codes: Collection[bytes]) -> Any:
    """The words at the first eight places of codes of one length, of which one is where a content is cut."""
    rows = np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(len(codes), -1)
    starts = [np.ascontiguousarray(rows[:, start : start + WORD]) for start in range(WORD)]
    return np.concatenate([own.view("<u8").ravel() for own in starts])


def _spread(words: Any) -> Any:
    return (words * _SPREAD) >> np.uint64(64 - _BITS)
