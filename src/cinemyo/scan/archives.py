"""What is packed: gzip, bzip2, xz, zip, tar, and the streams of a PDF."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

from cinemyo.scan.needles import Buffer
from cinemyo.scan.pieces import Budget, Inner, Opener, chunks_of

_STREAM: Final = re.compile(rb"stream\r?\n")
_SHOWN: Final = re.compile(rb"\[((?:[^\[\]\\]|\\.)*)\]\s*TJ", re.S)
_STRING: Final = re.compile(rb"\(((?:[^()\\]|\\.)*)\)")


class View(io.RawIOBase):
    """A buffer as a file that can be read and sought, without a copy."""

    name = ""

    def __init__(self, content: Buffer) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place."""
        self._at = max(0, offset + (0, self._at, len(self._content))[whence])
        return self._at

    def tell(self) -> int:
        """The place."""
        return self._at

    def readinto(self, target: Any) -> int:
        """How many bytes were copied into `target`."""
        part = self._content[self._at : self._at + len(target)]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)


def file_of(content: Buffer) -> io.BufferedReader:
    """A buffer as a file."""
    return io.BufferedReader(View(content))


def _gzip(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with gzip.GzipFile(fileobj=file_of(content)) as file:
        yield Inner("gzip", budget.gather(chunks_of(file.read), packed=len(content)))
    flags, name = content[3], bytes(content[10:2048])
    if flags & 8 and not flags & 4:
        yield Inner("gzip name", name.partition(b"\0")[0], "text")


def _bzip2(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with bz2.BZ2File(file_of(content)) as file:
        yield Inner("bzip2", budget.gather(chunks_of(file.read), packed=len(content)))


def _xz(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with lzma.LZMAFile(file_of(content)) as file:
        yield Inner("xz", budget.gather(chunks_of(file.read), packed=len(content)))


def _zip(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with zipfile.ZipFile(file_of(content)) as archive:
        yield Inner("comment", archive.comment, "text")
        for number, member in enumerate(archive.infolist(), 1):
            place = f"member {number}"
            yield Inner(f"{place} name", member.filename.encode("utf-8", "surrogateescape"), "text")
            yield Inner(f"{place} comment", member.comment, "text")
            if member.is_dir():
                continue
            with archive.open(member) as file:
                yield Inner(place, budget.gather(chunks_of(file.read), packed=member.compress_size))


def _tar(content: Buffer, budget: Budget) -> Iterator[Inner]:
    with tarfile.open(fileobj=file_of(content), mode="r:") as archive:
        for number, member in enumerate(archive, 1):
            place = f"member {number}"
            words = (member.name, member.linkname, member.uname, member.gname, *member.pax_headers.values())
            yield Inner(f"{place} name", "\n".join(map(str, words)).encode("utf-8", "surrogateescape"), "text")
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield Inner(place, budget.gather(chunks_of(file.read), packed=member.size))


def _pdf(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """Unpacked streams, and beside them the strings that are shown, letters that are spaced apart joined."""
    raw = bytes(content)
    for number, start in enumerate((found.end() for found in _STREAM.finditer(raw)), 1):
        inflater = zlib.decompressobj()
        try:
            stream = budget.gather(_inflated(inflater, raw, start), packed=len(raw) - start)
        except zlib.error:
            continue
        yield Inner(f"stream {number}", stream)
        shown = (b"".join(_STRING.findall(found[1])) for found in _SHOWN.finditer(stream))
        yield Inner(f"stream {number} text", b"\n".join(shown), "text")


def _inflated(inflater: Any, raw: bytes, start: int) -> Iterator[bytes]:
    rest = raw[start : start + (1 << 20)]
    while rest and not inflater.eof:
        yield inflater.decompress(rest, 1 << 20)
        start += len(rest) - len(inflater.unconsumed_tail)
        rest = raw[start : start + (1 << 20)]


OPENERS: Final = (
    Opener("gzip", lambda head: head.startswith(b"\x1f\x8b"), _gzip),
    Opener("bzip2", lambda head: head.startswith(b"BZh") and head[4:10] == b"1AY&SY", _bzip2),
    Opener("xz", lambda head: head.startswith(b"\xfd7zXZ\0"), _xz),
    Opener("zip", lambda head: head.startswith((b"PK\x03\x04", b"PK\x05\x06")), _zip),
    Opener("tar", lambda head: head[257:262] == b"ustar", _tar),
    Opener("pdf", lambda head: head.startswith(b"%PDF"), _pdf),
)
