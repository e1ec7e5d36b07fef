"""What lies inside a file: its bytes, and whatever is packed, encoded or stored in it, within bounds."""

import mmap
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from cinemyo.scan.needles import Buffer

Kind = Literal["text", "file", "identity", "dicom", "pixels"]

DEEPEST: Final = 6
_PIXELS: Final = re.compile(
    rb"(?s)II[*+]\0|MM\0[*+]|\s*(?:ObjectType|NDims)\s*=|.{128}DICM|.{344}n[+i]1\0|.{4}n[+i]2\0"
)
_IN_MEMORY: Final = 32 << 20
_READ: Final = 1 << 20
_HEAD: Final = 4096
_PACKED_ENOUGH: Final = 64 << 20
_RATIO: Final = 2000
"""No honest file is packed closer once it is large; zeros by zlib reach 1032."""


class TooMuchError(Exception):
    """What is unpacked from a file goes beyond the bounds: it was not searched whole."""


@dataclass(frozen=True)
class Inner:
    """Something inside a file."""

    name: str
    content: Buffer
    kind: Kind = "file"
    """`text` is searched as it is, `file` may be opened in turn; `identity` is a find by its name alone."""


@dataclass
class Budget:
    """How much may still be unpacked from one file."""

    left: int
    depth: int = 0

    def gather(self, chunks: Iterable[bytes], *, packed: int) -> Buffer:
        """The chunks as one buffer: in memory up to 32 MiB, beyond that in a file without a name.

        Raises:
            TooMuchError: more bytes than are left, or packed more than 2000 times closer.
        """
        total = 0
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            for chunk in chunks:
                total += len(chunk)
                self.left -= len(chunk)
                if self.left < 0 or (total > _PACKED_ENOUGH and total > _RATIO * max(packed, 1)):
                    raise TooMuchError
                spool.write(chunk)
            if total > _IN_MEMORY:
                spool.flush()
                return mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)
            spool.seek(0)
            return spool.read()


@dataclass(frozen=True)
class Opener:
    """How one kind of file is opened."""

    name: str
    knows: Callable[[bytes], bool]
    """By the first 4096 bytes."""
    open: Callable[[Buffer, Budget], Iterator[Inner]]


@dataclass(frozen=True)
class Piece:
    """A stretch of bytes to be searched, and where in the file it is."""

    place: str
    content: Buffer
    is_text: bool
    kind: Kind = "text"


@dataclass
class Fault:
    """What could not be opened."""

    reasons: list[str] = field(default_factory=list)


def pieces_of(
    content: Buffer, *, openers: tuple[Opener, ...], budget: Budget, fault: Fault, place: str = ""
) -> Iterator[Piece]:
    """The bytes as they are, then what every opener that knows them finds inside, at any depth up to six."""
    head = bytes(content[:_HEAD])
    yield Piece(place, content, is_text(head), kind="pixels" if holds_pixels(head) else "text")
    if budget.depth >= DEEPEST:
        fault.reasons.append(f"{place}: packed more than {DEEPEST} times")
        return
    for opener in openers:
        if not opener.knows(head):
            continue
        budget.depth += 1
        try:
            yield from _opened(opener, content, openers=openers, budget=budget, fault=fault, place=place)
        except TooMuchError:
            fault.reasons.append(f"{place or opener.name}: unpacks to more than is allowed (--max-bytes)")
        except Exception as error:
            # whatever a parser throws at broken bytes; its words could quote them
            fault.reasons.append(f"{place or opener.name}: damaged ({type(error).__name__})")
        finally:
            budget.depth -= 1


def _opened(
    opener: Opener, content: Buffer, *, openers: tuple[Opener, ...], budget: Budget, fault: Fault, place: str
) -> Iterator[Piece]:
    for inner in opener.open(content, budget):
        name = "/".join(part for part in (place, inner.name) if part)
        if inner.kind == "file":
            yield from pieces_of(inner.content, openers=openers, budget=budget, fault=fault, place=name)
        else:
            yield Piece(name, inner.content, is_text=True, kind=inner.kind)


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text in an 8-bit encoding: no zero byte, hardly a control character."""
    if b"\0" in head:
        return False
    controls = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\f\x1b")
    return controls <= len(head) // 200


def holds_pixels(head: bytes) -> bool:
    """Whether bytes of the file are pixels as they are, which look like anything: TIFF, MetaImage, NIfTI, DICOM."""
    return _PIXELS.match(head) is not None


def chunks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What a file gives, 1 MiB at a time."""
    while chunk := read(_READ):
        yield chunk
