"""The elements of a DICOM data set that are asked for, walked over in memory; ten times as fast as a full parse.

What is not plain here is left to pydicom: the walk says None, and never guesses.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from cinemyo.sources.dicom_layouts import Ending, Layouts, Trail
from cinemyo.sources.dicom_meta import LONG, PREAMBLE, SHORT, meta_end
from cinemyo.sources.dicom_syntaxes import GE_PRIVATE
from cinemyo.sources.dicom_values import finite, several, stripped

DEEPEST: Final = 32
"""Levels of sequences of undefined length; PS3.3 has no image with more than a handful."""
MOST_ITEMS: Final = 60_000
UNDEFINED: Final = 0xFFFFFFFF
_PIXEL_DATA: Final = 0x7FE00010
_PIXELS: Final = (_PIXEL_DATA, 0x7FE00008, 0x7FE00009)
_ITEM: Final = 0xFFFEE000
_ITEM_BYTES: Final = b"\xfe\xff\x00\xe0"
_ENDS: Final = (0xFFFEE00D, 0xFFFEE0DD)
_NUMBERS: Final = {"US": ("H", 2), "SS": ("h", 2), "UL": ("L", 4), "SL": ("l", 4), "FL": ("f", 4), "FD": ("d", 8)}
_ABSENT: Final = ("", b"")
_HIGH_GROUPS: Final = 0x7FE0
"""From here on: pixels, and the items and ends of sequences."""
_SHORT_VALUE: Final = 64
"""Bytes of values that are kept to be recognised."""
_TEXTS: Final = frozenset(
    {*("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT"), *("PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")}
)
_IMPLICIT: Final = {ImplicitVRLittleEndian, GE_PRIVATE}
_PRIVATE: Final = {"PhilipsCreator": 0x20050010, "PhilipsScaleIntercept": 0x2005100D, "PhilipsScaleSlope": 0x2005100E}
_PRIVATE_VR: Final = {0x20050010: "LO", 0x2005100D: "FL", 0x2005100E: "FL"}
_PLAIN: Final = bytes(range(32, 127)) + b"\t\n\r\0"


@dataclass(frozen=True)
class Elements:
    """Raw values by tag, as a pydicom data set gives them by keyword, and where the pixels are."""

    raw: Mapping[int, tuple[str, bytes]]
    syntax: str
    little: bool
    start: int
    """Of the pixel element in the file; the end of the data set where there is none."""
    pixels_at: int | None
    """Of the value of PixelData."""
    length: int
    """Of that value; `UNDEFINED` where it holds compressed fragments."""

    def part(self, wanted: tuple[int, ...]) -> "Part":
        """The values of some tags alone."""
        return Part(wanted, tuple(map(self.raw.get, wanted)), self.little)

    def get(self, keyword: str, /) -> Any:
        """The value, a tuple of several, or None where there is none or none that can be read."""
        return _value(*self.raw.get(tag_of(keyword), _ABSENT), little=self.little)

    def numbers(self, keyword: str, /) -> tuple[float, ...]:
        """As `dicom_values.numbers`; what other files of a series have alike is converted once."""
        found = self.raw.get(tag_of(keyword))
        if found is None:
            return ()
        vr, value = found
        read = _known_numbers if len(value) <= _SHORT_VALUE else _numbers
        return read(vr, value, self.little)

    def texts(self, keyword: str, /) -> tuple[str, ...]:
        """As `dicom_values.texts`; what other files of a series have alike is converted once."""
        found = self.raw.get(tag_of(keyword))
        if found is None:
            return ()
        vr, value = found
        read = _known_texts if len(value) <= _SHORT_VALUE else _texts
        return read(vr, value, self.little)


@dataclass(frozen=True)
class Part:
    """Some values; equal and of equal hash wherever they are, so that what is made of them can be kept."""

    wanted: tuple[int, ...]
    raw: tuple[tuple[str, bytes] | None, ...]
    little: bool

    def get(self, keyword: str, /) -> Any:
        """As `Elements.get`."""
        tag = tag_of(keyword)
        found = self.raw[self.wanted.index(tag)] if tag in self.wanted else None
        return _value(*(found or _ABSENT), little=self.little)


def _value(vr: str, value: bytes, *, little: bool) -> Any:
    if not value:
        return None
    if vr in _NUMBERS:
        code, width = _NUMBERS[vr]
        found = struct.unpack_from(f"{'<' if little else '>'}{len(value) // width}{code}", value)
    else:
        found = tuple(value.decode("ascii").split("\\"))
    return found[0] if len(found) == 1 else found


def _numbers(vr: str, value: bytes, little: bool) -> tuple[float, ...]:  # noqa: FBT001  # a cache takes no keywords well
    return finite(several(_value(vr, value, little=little)))


def _texts(vr: str, value: bytes, little: bool) -> tuple[str, ...]:  # noqa: FBT001
    return stripped(several(_value(vr, value, little=little)))


_known_numbers = lru_cache(maxsize=2048)(_numbers)
_known_texts = lru_cache(maxsize=2048)(_texts)


@lru_cache(maxsize=4096)
def tag_of(keyword: str) -> int:
    """The tag of a keyword; also of three private ones of Philips, which are read for what they say of the pixels."""
    tag = _PRIVATE.get(keyword) or tag_for_keyword(keyword)
    return -1 if tag is None else tag


@lru_cache(maxsize=4096)
def _known_vr(tag: int) -> str:
    return _PRIVATE_VR.get(tag) or dictionary_VR(tag)


def tags(keywords: Iterable[str]) -> frozenset[int]:
    """The tags of keywords."""
    return frozenset(tag_of(keyword) for keyword in keywords)


def too_many_items(content: bytes) -> bool:
    """Whether a file's beginning holds more items of sequences than any image; a full parse makes an object of each."""
    return content.count(_ITEM_BYTES) > MOST_ITEMS


def elements(content: bytes, *, wanted: frozenset[int], whole: bool) -> Elements | None:
    """What is wanted of the data set up to its pixels; None where a full parse must decide.

    `content` is the file or its beginning; `whole` says which. A data set without preamble or file meta, deflated, with
    lengths beyond the file, unknown VRs, letters beyond ASCII in what is wanted, or nested more than 32 deep is left.

    Source: DICOM PS3.5 2024, 7.1 and 7.5; PS3.10 2024, 7.1
    """
    if content[128:PREAMBLE] != b"DICM":
        return None
    layouts = _layouts(wanted)
    known = layouts.find(content, _PLAIN)
    if known is not None:
        return Elements(known[0], *known[1])
    trail = Trail()
    try:
        syntax, start = meta_end(content, trail)
        if not syntax or syntax == DeflatedExplicitVRLittleEndian:
            return None
        walk = _Walk(content, wanted, trail, little=syntax != ExplicitVRBigEndian, explicit=syntax not in _IMPLICIT)
        end, pixels_at, length = walk.run(start, whole=whole)
    except (struct.error, ValueError):
        return None
    ending: Ending = syntax, walk.little, end, pixels_at, length
    if pixels_at is not None:
        layouts.keep(content, trail, ending, _TEXTS)
    return Elements(walk.found, *ending)


@lru_cache(maxsize=4)
def _layouts(_wanted: frozenset[int]) -> Layouts:
    return Layouts()


class _Walk:
    """One walk over a data set; sequences of undefined length are stepped through, the others over."""

    def __init__(self, content: bytes, wanted: frozenset[int], trail: Trail, *, little: bool, explicit: bool) -> None:
        self.found: dict[int, tuple[str, bytes]] = {}
        self.little = little
        self._content = content
        self._wanted = wanted
        self._trail = trail
        order = "<" if little else ">"
        self._length = struct.Struct(f"{order}L")
        self._head = struct.Struct(f"{order}HH2sH") if explicit else struct.Struct(f"{order}HHL")
        self._is_explicit = explicit

    def run(self, at: int, *, whole: bool) -> tuple[int, int | None, int]:
        """Where the pixel element begins, where its value does and how long it is; the end and None without one.

        Raises:
            ValueError, struct.error: a full parse must decide.
        """
        content, end, depth, wanted = self._content, len(self._content), 0, self._wanted
        head, step = self._head.unpack_from, self._explicit if self._is_explicit else self._implicit
        is_explicit, passed = self._is_explicit, self._trail.heads
        while at < end:
            found = head(content, at)
            if is_explicit and found[2] in SHORT and found[0] < _HIGH_GROUPS:
                group, number, vr, length = found
                value_at = at + 8
                passed.append((at, value_at))
                at = value_at + length
                if at > end:
                    raise ValueError("length")
                if not depth and (tag := group << 16 | number) in wanted:
                    self._keep(tag, vr, value_at, at)
                continue
            tag, vr, length, value_at = step(at, found)
            passed.append((at, value_at))
            if length == UNDEFINED and tag not in _PIXELS and tag not in _ENDS:
                if vr not in {b"SQ", b""} or depth >= DEEPEST:
                    raise ValueError("undefined length")
                depth += 1
                at = value_at
                continue
            if tag in _ENDS:
                if depth == 0:
                    raise ValueError("end")
                depth -= 1
                at = value_at
                continue
            if depth == 0 and tag in _PIXELS:
                return (at, value_at, length) if tag == _PIXEL_DATA else (at, None, 0)
            at = value_at + length
            if at > end:
                raise ValueError("length")
            if depth == 0 and tag in wanted:
                self._keep(tag, vr, value_at, at)
        if not whole or depth:
            raise ValueError("no end")
        return at, None, 0

    def _implicit(self, at: int, head: Any) -> tuple[int, bytes, int, int]:
        """Tag, no VR, length, and where the value begins."""
        group, number, length = head
        return group << 16 | number, b"", length, at + 8

    def _explicit(self, at: int, head: Any) -> tuple[int, bytes, int, int]:
        """Tag, VR (none for items), length, and where the value begins."""
        group, number, vr, length = head
        if vr in SHORT and group != _ITEM >> 16:
            return group << 16 | number, vr, length, at + 8
        if group == _ITEM >> 16:
            return group << 16 | number, b"", self._length.unpack_from(self._content, at + 4)[0], at + 8
        if vr in LONG:
            return group << 16 | number, vr, self._length.unpack_from(self._content, at + 8)[0], at + 12
        raise ValueError("VR")

    def _keep(self, tag: int, vr: bytes, start: int, stop: int) -> None:
        value = self._content[start:stop]
        kind = (_known_plain if len(value) <= _SHORT_VALUE else _plain)(tag, vr, value)
        self.found[tag] = kind, value
        self._trail.values.append((tag, kind, start, stop))


def _plain(tag: int, vr: bytes, value: bytes) -> str:
    """The VR of a value that is plain here.

    Raises:
        ValueError: it is not.
    """
    known = _known_vr(tag)
    kind = known if vr in {b"", b"UN"} else vr.decode("ascii")
    if kind == "US or SS":
        kind = "US"
    if kind not in _NUMBERS and kind not in _TEXTS:
        raise ValueError("VR")
    if kind in _TEXTS and value.translate(None, _PLAIN):
        raise ValueError("letters")
    return kind


_known_plain = lru_cache(maxsize=2048)(_plain)
