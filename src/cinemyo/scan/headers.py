"""Texts in the headers of images, volumes and weights."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from PIL import Image

from cinemyo.scan.archives import file_of
from cinemyo.scan.needles import Buffer
from cinemyo.scan.pieces import Budget, Inner, Opener

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NIFTI: Final[tuple[tuple[int, int, str], ...]] = (
    *((4, 14, "data_type"), (14, 32, "db_name"), (148, 228, "descrip")),
    *((228, 252, "aux_file"), (328, 344, "intent_name")),
)
_NIFTI_2: Final[tuple[tuple[int, int, str], ...]] = (
    *((240, 320, "descrip"), (320, 344, "aux_file")),
    (508, 524, "intent_name"),
)
_META_KEY: Final = re.compile(rb"^\s*(?:ObjectType|Comment|NDims|Name|ID)\s*=")
_LONGEST_HEADER: Final = 1 << 20
_PAGES: Final = 4096


def _png(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """Texts of all chunks, packed ones unpacked, and what follows the image."""
    at = len(_PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + length] if kind != b"IDAT" else b""
        at += 12 + length
        if kind == b"zTXt":
            name, _, packed = bytes(data).partition(b"\0")
            yield Inner("zTXt", name + b": " + _inflate(packed[1:], budget), "text")
        elif kind == b"iTXt":
            yield Inner("iTXt", _international(bytes(data), budget), "text")
        elif kind == b"iCCP":
            yield Inner("iCCP", _inflate(bytes(data).partition(b"\0")[2][1:], budget))
        elif kind in (b"tEXt", b"eXIf"):
            yield Inner(kind.decode(), bytes(data).replace(b"\0", b": "), "text")
        elif kind == b"IEND" and at < len(content):
            yield Inner("after the image", bytes(content[at:]))
            return


def _international(data: bytes, budget: Budget) -> bytes:
    name, _, rest = data.partition(b"\0")
    language, _, rest2 = rest[2:].partition(b"\0")
    translated, _, text = rest2.partition(b"\0")
    text = _inflate(text, budget) if rest[:1] == b"\1" else text
    return b": ".join(part for part in (name, language, translated, text) if part)


def _inflate(packed: bytes, budget: Budget) -> bytes:
    return bytes(budget.gather([zlib.decompressobj().decompress(packed, max(budget.left, 1))], packed=len(packed)))


def _picture(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """EXIF, remarks and tags of a JPEG or TIFF, page by page."""
    with Image.open(file_of(content)) as image:
        for page in range(min(getattr(image, "n_frames", 1), _PAGES)):
            image.seek(page)
            prefix = f"page {page + 1} " if page else ""
            for name, text in _tags(image):
                yield Inner(f"{prefix}{name}", text, "text")


def _tags(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    exif = image.getexif()
    groups = [exif, *(exif.get_ifd(group) for group in (0x8769, 0x8825, 0xA005))]
    values = [(f"tag {tag}", value) for group in groups for tag, value in group.items()]
    values += [(f"info {number}", value) for number, value in enumerate(image.info.values(), 1)]
    for name, value in values:
        if isinstance(value, (str, bytes)):
            yield name, value.encode("utf-8", "surrogateescape") if isinstance(value, str) else _plain(value)


def _plain(value: bytes) -> bytes:
    """EXIF's remarks without the eight characters that name their encoding; UTF-16 as UTF-8."""
    if value.startswith(b"UNICODE\0"):
        text = value[8:]
        return text.decode("utf-16-le" if text[1:2] == b"\0" else "utf-16-be", "replace").encode()
    return value[8:] if value.startswith((b"ASCII\0\0\0", b"JIS\0\0\0\0\0")) else value.replace(b"\0", b" ")


def _nifti(content: Buffer, budget: Budget) -> Iterator[Inner]:
    order = "<" if bytes(content[:4]) in (b"\x5c\x01\0\0", b"\x1c\x02\0\0") else ">"
    if bytes(content[:4]) in (b"\x1c\x02\0\0", b"\0\0\x02\x1c"):
        fields, start, at = _NIFTI_2, int(struct.unpack(f"{order}q", content[168:176])[0]), 544
    else:
        fields, start, at = _NIFTI, int(struct.unpack(f"{order}f", content[108:112])[0]), 352
    for low, high, name in fields:
        yield Inner(name, bytes(content[low:high]).rstrip(b"\0"), "text")
    if not content[at - 4]:
        return
    number = 0
    while at + 8 <= min(start, len(content)):
        size = int(struct.unpack(f"{order}i", content[at : at + 4])[0])
        if size < 8:
            return
        number += 1
        yield Inner(f"extension {number}", bytes(content[at + 8 : at + size]).rstrip(b"\0"))
        at += size


def _meta_image(content: Buffer, budget: Budget) -> Iterator[Inner]:
    head = bytes(content[:_LONGEST_HEADER])
    found = re.search(rb"^ElementDataFile.*$", head, re.M)
    yield Inner("header", head[: found.end()] if found else head, "text")


def _safetensors(content: Buffer, budget: Budget) -> Iterator[Inner]:
    size = int(struct.unpack("<Q", content[:8])[0])
    yield Inner("header", bytes(content[8 : 8 + size]), "text")


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


OPENERS: Final = (
    Opener("PNG", lambda head: head.startswith(_PNG), _png),
    Opener("image", lambda head: head.startswith((b"\xff\xd8\xff", *_TIFF)), _picture),
    Opener("NIfTI", _is_nifti, _nifti),
    Opener("MetaImage", lambda head: bool(_META_KEY.match(head)), _meta_image),
    Opener("safetensors", lambda head: head[8:10] == b'{"' and head[5:8] == b"\0\0\0", _safetensors),
)
