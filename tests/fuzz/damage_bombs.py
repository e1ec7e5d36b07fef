"""Small files that ask for much: claims of size, of depth, of length, and streams that unpack to gigabytes."""

import struct
import zlib
from functools import cache
from random import Random
from typing import Final

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag

from tests.fuzz.draft import Draft, Mutation, Special, pick
from tests.fuzz.edits import edited, parsed, raw

DEPTH: Final = 10_000
_BLOCK: Final = 1 << 24
_SEQUENCES: Final = (
    *("ReferencedImageSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("RequestAttributesSequence", "DimensionIndexSequence"),
)
_ITEM, _ITEM_END, _SEQUENCE_END = (
    struct.pack("<HHI", 0xFFFE, tag, size) for tag, size in ((0xE000, 0xFFFFFFFF), (0xE00D, 0), (0xE0DD, 0))
)


@cache
def deflated_zeros(blocks: int, *, wbits: int = -15) -> bytes:
    """A raw deflate stream of `blocks` times 16 MiB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    packer.compress(b"")
    block = packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * blocks + packer.flush()


def huge_matrix(draft: Draft, random: Random) -> str:
    """Rows x Columns of billions over the same few bytes."""
    name = pick(draft, random, ending=".dcm")
    rows, columns = random.choice(((65535, 65535), (65535, 1), (2048, 2048), (32768, 32768), (1, 65535)))

    def change(dataset: Dataset) -> None:
        order = ">" if dataset.original_encoding[1] is False else "<"
        raw(dataset, "Rows", struct.pack(f"{order}H", rows), vr="US")
        raw(dataset, "Columns", struct.pack(f"{order}H", columns), vr="US")

    edited(draft, name, change, pixels="changed")
    return f"{name!r} claims {rows} x {columns}"


def huge_frames(draft: Draft, random: Random) -> str:
    """NumberOfFrames of billions, negative, or no number."""
    name = pick(draft, random, ending=".dcm")
    count = random.choice(("2147483647", "1000000000", "100000", "-1", "0", "1e9", "9" * 300, "2", "61", "x", "1\\2"))
    edited(draft, name, lambda dataset: raw(dataset, "NumberOfFrames", count.encode()), pixels="changed")
    return f"{name!r} claims {count[:20]} frames"


def deflate_bomb(draft: Draft, random: Random) -> str:
    """A deflated data set that unpacks to gigabytes, before or inside its pixels."""
    name, blocks = pick(draft, random, ending=".dcm"), random.choice((8, 200))
    dataset = parsed(draft.files[name])
    if dataset is None or "TransferSyntaxUID" not in dataset.file_meta:
        return f"{name!r} has no file meta"
    uid = b"1.2.840.10008.1.2.1.99"
    meta = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(uid)) + uid
    group = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    start = b"\xe0\x7f\x10\x00OW\0\0\xfe\xff\xff\xff" if random.random() < 0.7 else b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    draft.add(name, bytes(128) + b"DICM" + group + meta + head + deflated_zeros(blocks))
    return f"{name!r} deflates to {blocks * 16} MiB"


def _stream(kind: str, random: Random) -> bytes:
    if kind == "RLE":
        segments = random.choice((1, 2, 15, 4_000_000_000))
        offsets = [64 if random.random() < 0.5 else random.randrange(1 << 32) for _ in range(15)]
        body = b"\x81\x00" * random.choice((1, 1000, 1 << 20))
        return struct.pack("<16I", segments, *offsets) + body
    size = random.choice((0, 1, 20, 4096, 65535))
    if kind == "JPEG":
        return b"\xff\xd8\xff\xc0\x00\x0b\x08" + struct.pack(">HH", size, 65535) + b"\x01\x01\x11\x00\xff\xd9"
    if kind == "JPEG lossless":
        start = b"\xff\xd8\xff\xc3\x00\x0b\x10" + struct.pack(">HH", size, 65535) + b"\x01\x01\x11\x00"
        return start + b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00" + bytes(100) + b"\xff\xd9"
    if kind == "JPEG-LS":
        start = b"\xff\xd8\xff\xf7\x00\x0b\x10" + struct.pack(">HH", size, 65535) + b"\x01\x01\x11\x00"
        return start + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(100) + b"\xff\xd9"
    extent = random.choice((0, 1, 65535, 0x7FFFFFFF, 0xFFFFFFFF))
    siz = struct.pack(">HIIIIIIIIHBBB", 0, extent, extent, 0, 0, extent, extent, 0, 0, 1, 15, 1, 1)
    return (
        b"\xff\x4f\xff\x51"
        + struct.pack(">H", len(siz) + 2)
        + siz
        + b"\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x01\xff\xd9"
    )


_STREAMS: Final = {
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG": "1.2.840.10008.1.2.4.50",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}


def stream_bomb(draft: Draft, random: Random) -> str:
    """A compressed stream whose own header claims another size than the data set's."""
    name, kind = pick(draft, random, ending=".dcm"), random.choice(sorted(_STREAMS))
    stream = _stream(kind, random)

    def change(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = _STREAMS[kind]
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        if random.random() < 0.3:
            dataset.Rows = dataset.Columns = 2048

    edited(draft, name, change, pixels="changed")
    return f"{name!r} holds {len(stream)} bytes of {kind} of another size"


def stream_size(draft: Draft, random: Random) -> str:
    """The size inside a genuine stream is changed, the data set's is not."""
    name = pick(draft, random, ending=".dcm")
    content = draft.files[name]
    for marker, offset in (
        (b"\xff\x51", 6),
        (b"\xff\xf7\x00\x0b", 5),
        (b"\xff\xc3\x00\x0b", 5),
        (b"\xff\xc0\x00\x0b", 5),
    ):
        at = content.find(marker, 132)
        if at > 0:
            size = random.choice((0, 1, 23, 1000, 65535))
            packed = struct.pack(">II" if marker == b"\xff\x51" else ">HH", size, size)
            draft.replace(
                name, content[: at + offset] + packed + content[at + offset + len(packed) :], pixels="changed"
            )
            return f"{name!r}: its stream says {size} x {size}"
    return huge_matrix(draft, random)


def fragments(draft: Draft, random: Random) -> str:
    """Encapsulated pixels cut into other fragments: none, many, empty, with an offset table that lies."""
    name, how = (
        pick(draft, random, ending=".dcm"),
        random.choice(("none", "empty", "halved", "more", "table", "no end")),
    )

    def change(dataset: Dataset) -> None:
        pixels = bytes(dataset.PixelData)
        items: list[bytes] = []
        at = 0
        while at + 8 <= len(pixels) and pixels[at : at + 4] == _ITEM[:4]:
            size = int.from_bytes(pixels[at + 4 : at + 8], "little")
            items.append(pixels[at + 8 : at + 8 + size])
            at += 8 + size
        table, *rest = items or [b"", pixels]
        rest = {"none": [], "empty": [b""] * 3, "halved": _halved(rest), "more": rest * 3}.get(how, rest)
        table = random.randbytes(8) if how == "table" else table
        whole = b"".join(_ITEM[:4] + struct.pack("<I", len(item)) + item for item in [table, *rest])
        raw(dataset, "PixelData", whole + (b"" if how == "no end" else _SEQUENCE_END), vr="OB")

    edited(draft, name, change, pixels="changed")
    return f"fragments of {name!r}: {how}"


def _halved(items: list[bytes]) -> list[bytes]:
    return [half for item in items for half in (item[: len(item) // 4 * 2], item[len(item) // 4 * 2 :])]


def deep(draft: Draft, random: Random) -> str:
    """Sequences in sequences, thousands deep, closed or not, before or after what matters."""
    name, depth = pick(draft, random, ending=".dcm"), random.choice((50, 900, DEPTH, DEPTH))
    keyword, closed = random.choice(_SEQUENCES), random.random() < 0.6
    tag = Tag(keyword)
    content = draft.files[name]
    dataset = parsed(content)
    implicit = dataset is not None and dataset.original_encoding[0]
    start = struct.pack("<HH", tag.group, tag.element) + (b"" if implicit else b"SQ\0\0") + b"\xff\xff\xff\xff" + _ITEM
    nested = start * depth + (_ITEM_END + _SEQUENCE_END) * (depth if closed else 0)
    at = _before(content, tag.group, tag.element)
    draft.replace(name, content[:at] + nested + content[at:], pixels="changed")
    return f"{keyword} {depth} deep in {name!r}{'' if closed else ', never closed'}"


def deep_lengths(draft: Draft, random: Random) -> str:
    """The same with a length at each level."""
    name, depth = pick(draft, random, ending=".dcm"), random.choice((50, 900, 3000))
    nested = b""
    for _ in range(depth):
        item = _ITEM[:4] + struct.pack("<I", len(nested)) + nested
        nested = struct.pack("<HH", 0x0008, 0x1140) + b"SQ\0\0" + struct.pack("<I", len(item)) + item
    content = draft.files[name]
    at = _before(content, 0x0008, 0x1140)
    draft.replace(name, content[:at] + nested + content[at:], pixels="changed")
    return f"lengths {depth} deep in {name!r}"


def many_items(draft: Draft, random: Random) -> str:
    """A sequence of a hundred thousand empty items, or ten thousand elements out of order."""
    name = pick(draft, random, ending=".dcm")
    content = draft.files[name]
    at = _before(content, 0x0008, 0x1140)
    if random.random() < 0.5:
        more = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + (_ITEM[:4] + bytes(4)) * 100_000 + _SEQUENCE_END
    else:
        more = b"\x09\x00\x10\x10LO\x02\x00ab" * 10_000
    draft.replace(name, content[:at] + more + content[at:], pixels="changed")
    return f"{len(more)} bytes of small elements in {name!r}"


def _before(content: bytes, group: int, element: int) -> int:
    """Where an element would stand: right before the first one of a later group that is found, else at the end."""
    for tag in (b"\x10\x00\x10\x00", b"\x10\x00\x20\x00", b"\x18\x00", b"\x20\x00\x0d\x00", b"\x28\x00\x02\x00"):
        at = content.find(tag, 132)
        if at > 0 and struct.unpack("<H", tag[:2])[0] >= min(group, 0x0010) and element >= 0:
            return at
    return len(content)


def lying_giant(draft: Draft, random: Random) -> str:
    """A file of gigabytes (sparse) whose last element claims all of it."""
    name, size = pick(draft, random, ending=".dcm"), random.choice((300 << 20, 2300 << 20))
    content = draft.files.pop(name)
    at = content.find(b"\xe0\x7f\x10\x00OW")
    kept = content[:at] + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", size - at - 12) if at > 0 else content
    draft.specials.append(Special("sparse", name, bytes=size))
    draft.files[name], draft.pixels[name] = kept, "changed"
    return f"{name!r} of {size >> 20} MiB"


MUTATIONS: Final = (
    Mutation("matrix bomb", 3, huge_matrix, "dicom"),
    Mutation("frames bomb", 3, huge_frames, "dicom"),
    Mutation("deflate bomb", 0.4, deflate_bomb, "dicom"),
    Mutation("stream bomb", 4, stream_bomb, "dicom"),
    Mutation("stream of another size", 2, stream_size, "dicom"),
    Mutation("fragments", 2, fragments, "dicom"),
    Mutation("deep sequences", 1.5, deep, "dicom"),
    Mutation("deep lengths", 0.7, deep_lengths, "dicom"),
    Mutation("many items", 0.5, many_items, "dicom"),
    Mutation("giant file", 0.05, lying_giant, "dicom"),
)
