"""All known values in one pass over bytes, with the rules that keep short ones from false alarms."""

import mmap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ahocorasick_rs import BytesAhoCorasick

from cinemyo.scan.forms import Encoding, Form, forms_of
from cinemyo.scan.values import Value, date_of

Buffer = bytes | mmap.mmap

CHUNK: Final = 4 << 20
SURE: Final = 8
"""From so many characters a value counts inside a longer word too."""
SHORT: Final = 6
"""Below so many characters a value in a binary file counts inside a run of text alone."""
RUN: Final = 12
"""Printable characters that make a run of text in a binary file."""
CODE: Final = 512
"""Characters of base64 in a row in which a short word counts for nothing."""

_WORD: Final = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyz")
_DIGITS: Final = frozenset(b"0123456789")
_CODED: Final = _WORD | frozenset(b"+/")
_PRINTABLE: Final = frozenset(range(32, 127)) | frozenset(b"\t\r\n")


@dataclass(frozen=True)
class Hit:
    """Where a known value or a pattern was found."""

    kind: str
    start: int
    end: int
    known: int | None = None
    """Number of the known value, from 1."""


class Needles:
    """Known values, ready to be searched for.

    A value of fewer than eight characters counts as a whole word only: no letter or digit may touch it (an underscore
    may); a number must not touch a digit, nor be the fraction of a decimal; in a binary file a value of fewer than six
    characters must stand in a run of at least twelve printable characters. What looks like a short word within an image
    that a page or notebook holds as base64 is none: the image itself is searched. Hexadecimal and base64 know no words.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        owners: dict[bytes, dict[Form, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, value in enumerate(values):
            for form in forms_of(value):
                owners[form.content.lower()][form].append(number)
        self._values = values
        self._owners = [list(forms.items()) for forms in owners.values()]
        self._longest = max(map(len, owners), default=0)
        self._automaton = BytesAhoCorasick(list(owners)) if owners else None

    def find(self, content: Buffer, *, is_text: bool) -> Iterator[Hit]:
        """Each place of each value, in order of the places within a chunk of 4 MiB."""
        if self._automaton is None:
            return
        margin = self._longest + CODE
        for start in range(0, len(content), CHUNK):
            base = max(0, start - margin)
            raw = bytes(content[base : start + CHUNK + margin])
            folded = raw.lower()
            for index, first, last in self._automaton.find_matches_as_indexes(folded, overlapping=True):
                if start <= base + first < start + CHUNK:
                    yield from self._checked(index, base, first, last, raw, folded, is_text=is_text)

    def _checked(
        self, index: int, base: int, first: int, last: int, raw: bytes, folded: bytes, *, is_text: bool
    ) -> Iterator[Hit]:
        for form, numbers in self._owners[index]:
            if form.encoding == "base64" and raw[first:last] != form.content:
                continue
            if form.encoding != "hex" and form.encoding != "base64":
                width = 1 if form.encoding == "plain" else 2
                if not _stands_alone(folded, first, last, width=width, encoding=form.encoding):
                    continue
                if not is_text and (last - first) // width < SHORT and not _in_run(folded, first, last, width=width):
                    continue
                is_short = form.encoding == "plain" and last - first < SURE
                if is_short and _in_row(folded, first, last, of=_CODED, length=CODE):
                    continue
            for number in numbers:
                yield Hit(self._values[number].kind, base + first, base + last, number + 1)


def _stands_alone(text: bytes, first: int, last: int, *, width: int, encoding: Encoding) -> bool:
    """Whether the value is a word of its own, or long enough not to need it."""
    characters = _characters(text[first:last], encoding)
    before, after = text[max(0, first - width) : first], text[last : last + width]
    left, right = _characters(before, encoding), _characters(after, encoding)
    if not characters.translate(None, b" -./\\_"):
        return True
    if all(letter in _DIGITS for letter in characters.translate(None, b" -./")):
        return _number_alone(text, first, last, left=left, right=right, date=_is_date(characters), width=width)
    if len(characters) >= SURE:
        return True
    return not (left and left[-1] in _WORD) and not (right and right[0] in _WORD)


def _number_alone(text: bytes, first: int, last: int, *, left: bytes, right: bytes, date: bool, width: int) -> bool:
    if left and left[-1] in _WORD:
        return False
    if width == 1 and left == b"." and first > 1 and text[first - 2] in _DIGITS and right != b".":
        return False
    # a date of eight digits may go on with the time of day
    return not (right and right[0] in _WORD) or (date and right[0] in _DIGITS)


def _is_date(characters: bytes) -> bool:
    return len(characters) == 8 and date_of(characters.decode("latin-1")) is not None


def _characters(content: bytes, encoding: Encoding) -> bytes:
    if encoding == "utf-16-le":
        return content[::2]
    return content[1::2] if encoding == "utf-16-be" else content


def _in_run(text: bytes, first: int, last: int, *, width: int) -> bool:
    step = text[first % width :: width] if width > 1 else text
    return _in_row(step, first // width, last // width, of=_PRINTABLE, length=RUN)


def _in_row(text: bytes, first: int, last: int, *, of: frozenset[int], length: int) -> bool:
    """Whether the value, with the characters of a kind on both sides of it, makes a row of that length."""
    low, high = first, last
    while low > 0 and high - low < length and text[low - 1] in of:
        low -= 1
    while high < len(text) and high - low < length and text[high] in of:
        high += 1
    return high - low >= length
