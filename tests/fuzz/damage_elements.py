"""Damage to single DICOM elements as they lie in the file: borders, lengths, value representations, values."""

import struct
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import Final

import pydicom
from pydicom.dataelem import RawDataElement

from cinemyo.deid.decoding import quiet
from tests.fuzz.draft import Draft, Mutation, pick
from tests.fuzz.edits import is_bomb

_LONG: Final = {b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UC", b"UN", b"UR", b"UT", b"SV", b"UV"}
_VRS: Final = (
    b"AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV ZZ \0\0"
).split(b" ")
_LENGTHS: Final = (0, 1, 2, 3, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True)
class Element:
    """Where one top-level element lies in the bytes of a file."""

    tag: int
    start: int
    length_at: int
    length_bytes: int
    value_at: int
    length: int
    vr_at: int | None


@lru_cache(maxsize=128)
def elements(content: bytes) -> tuple[Element, ...]:
    """The top-level elements of a little-endian file in order; none where it cannot be parsed."""
    if is_bomb(content):
        return ()
    try:
        with quiet():
            dataset = pydicom.dcmread(BytesIO(content), force=True)
    except Exception:
        return ()
    raw = [element for element in dataset.values() if isinstance(element, RawDataElement)]
    found = [_element(content, element) for element in raw if element.is_little_endian and element.value_tell]
    return tuple(sorted(found, key=lambda element: element.start))


def _element(content: bytes, raw: RawDataElement) -> Element:
    at = raw.value_tell
    vr = None if raw.is_implicit_VR else (raw.VR or "UN").encode()
    if vr is None:
        return Element(int(raw.tag), at - 8, at - 4, 4, at, raw.length, None)
    if vr in _LONG:
        return Element(int(raw.tag), at - 12, at - 4, 4, at, raw.length, at - 8)
    return Element(int(raw.tag), at - 8, at - 2, 2, at, raw.length, at - 4)


def _drawn(draft: Draft, random: Random) -> tuple[str, bytes, Element | None]:
    name = pick(draft, random, ending=".dcm")
    content = draft.files[name]
    found = elements(content)
    return name, content, random.choice(found) if found else None


def truncate_border(draft: Draft, random: Random) -> str:
    """Cut exactly before or after an element, or between its tag, length and value."""
    name, content, element = _drawn(draft, random)
    if element is None:
        return f"{name!r} has no elements"
    at = random.choice((element.start, element.start + 4, element.length_at, element.value_at))
    draft.replace(name, content[:at], pixels="kept")
    return f"{name!r} cut at a border of {element.tag:08x}, byte {at}"


def lie_length(draft: Draft, random: Random) -> str:
    """A length that is none: undefined, beyond the file, or off by a little."""
    name, content, element = _drawn(draft, random)
    if element is None:
        return f"{name!r} has no elements"
    near = element.length + random.choice((-2, -1, 1, 2, 8, 100))
    length = random.choice((*_LENGTHS, near, len(content))) & (0xFFFF if element.length_bytes == 2 else 0xFFFFFFFF)
    packed = struct.pack("<H" if element.length_bytes == 2 else "<I", length)
    at = element.length_at
    draft.replace(name, content[:at] + packed + content[at + element.length_bytes :], pixels="changed")
    return f"{name!r}: length of {element.tag:08x} is {length:#x}"


def lie_vr(draft: Draft, random: Random) -> str:
    """Another value representation before the same bytes."""
    name, content, element = _drawn(draft, random)
    if element is None or element.vr_at is None:
        return f"{name!r} has no VR"
    vr = random.choice(_VRS)
    draft.replace(name, content[: element.vr_at] + vr[:2] + content[element.vr_at + 2 :], pixels="changed")
    return f"{name!r}: VR of {element.tag:08x} is {vr!r}"


def lie_tag(draft: Draft, random: Random) -> str:
    """Another element's tag before the same value, or one that is out of order."""
    name, content, element = _drawn(draft, random)
    if element is None:
        return f"{name!r} has no elements"
    tag = random.choice(
        [other.tag for other in elements(content)] + [0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD, 0, 0x7FE00010]
    )
    packed = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    draft.replace(name, content[: element.start] + packed + content[element.start + 4 :], pixels="changed")
    return f"{name!r}: {element.tag:08x} stands under {tag:08x}"


def noise_value(draft: Draft, random: Random) -> str:
    """Noise of the same length in place of a value."""
    name, content, element = _drawn(draft, random)
    if element is None or element.length > len(content):
        return f"{name!r} has no elements"
    end = element.value_at + element.length
    draft.replace(
        name, content[: element.value_at] + random.randbytes(element.length) + content[end:], pixels="changed"
    )
    return f"{name!r}: value of {element.tag:08x} is noise"


def drop_element(draft: Draft, random: Random) -> str:
    """An element less, cut out of the bytes."""
    name, content, element = _drawn(draft, random)
    if element is None or element.length > len(content):
        return f"{name!r} has no elements"
    draft.replace(name, content[: element.start] + content[element.value_at + element.length :], pixels="changed")
    return f"{name!r} without {element.tag:08x}"


def double_element(draft: Draft, random: Random) -> str:
    """The same element twice, or at the end, or before everything."""
    name, content, element = _drawn(draft, random)
    if element is None or element.length > len(content):
        return f"{name!r} has no elements"
    whole = content[element.start : element.value_at + element.length]
    at = random.choice([other.start for other in elements(content)] + [len(content)])
    draft.replace(name, content[:at] + whole + content[at:], pixels="changed")
    return f"{name!r}: {element.tag:08x} again at {at}"


def exchange_values(draft: Draft, random: Random) -> str:
    """One to six elements of one file take the place of the same or other ones in another."""
    name, donor = pick(draft, random, ending=".dcm"), pick(draft, random, ending=".dcm")
    content, source = draft.files[name], draft.files[donor]
    told = []
    for _ in range(random.randint(1, 6)):
        mine, theirs = elements(content), elements(source)
        if not mine or not theirs:
            break
        there = random.choice(theirs)
        same = [element for element in mine if element.tag == there.tag and random.random() < 0.7]
        here = same[0] if same else random.choice(mine)
        whole = source[there.start : there.value_at + there.length]
        if not same and there.tag != here.tag and random.random() < 0.5:
            whole = content[here.start : here.start + 4] + whole[4:]
        content = content[: here.start] + whole + content[here.value_at + here.length :]
        told.append(f"{there.tag:08x}->{here.tag:08x}")
    draft.replace(name, content, pixels="changed")
    return f"{name!r} takes {' '.join(told)} of {donor!r}"


MUTATIONS: Final = (
    Mutation("truncate at a border", 3, truncate_border, "dicom"),
    Mutation("length that lies", 5, lie_length, "dicom"),
    Mutation("wrong VR", 4, lie_vr, "dicom"),
    Mutation("wrong tag", 2, lie_tag, "dicom"),
    Mutation("noise as value", 3, noise_value, "dicom"),
    Mutation("element cut out", 3, drop_element, "dicom"),
    Mutation("element twice", 2, double_element, "dicom"),
    Mutation("elements exchanged", 6, exchange_values, "dicom"),
)
