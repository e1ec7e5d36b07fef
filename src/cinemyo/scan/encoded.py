"""What is written as text: base64 and hexadecimal runs, UTF-16, strings of NumPy."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from cinemyo.scan.needles import Buffer
from cinemyo.scan.pieces import Budget, Inner, Opener, holds_pixels, is_text

_BASE64: Final = re.compile(rb"(?:[A-Za-z0-9+/]{60,100}(?:\r?\n|\\n)\s{0,16})*[A-Za-z0-9+/_-]{20,}={0,2}")
_HEX: Final = re.compile(rb"(?:[0-9a-f]{2}){12,}|(?:[0-9A-F]{2}){12,}")
_BREAKS: Final = re.compile(rb"\\n|\s")
_MAGIC: Final = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"%PDF",
    b"II*\0",
    b"MM\0*",
    b"SQLite",
    b"PAR1",
)
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\x00|[\xa0-\xff]\x00){8,}|(?:\x00[\x20-\x7e\xa0-\xff]){8,}")
_WIDER: Final = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\x00\x00\x00){3,}")
_NOT_PRINTABLE: Final = bytes(code for code in range(256) if not 32 <= code < 127 and code not in b"\t\r\n")
_PRINTABLE_SHARE: Final = 0.7


def _runs(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """Files among the runs one by one, all that is text together; where nothing comes out but noise, nothing."""
    texts: list[bytes] = []
    for found in _BASE64.finditer(content):
        if found[0].isalpha() and len(found[0]) < 64:
            continue
        plain = _from_base64(_BREAKS.sub(b"", found[0]))
        if plain.startswith(_MAGIC):
            yield Inner("base64", budget.gather([plain], packed=len(found[0])))
        elif _reads(plain):
            texts.append(plain)
    texts += [plain for plain in (binascii.unhexlify(found[0]) for found in _HEX.finditer(content)) if _reads(plain)]
    if texts:
        yield Inner("base64 or hexadecimal", b"\n".join(texts), "text")


def _reads(plain: bytes) -> bool:
    """Whether it is text and not the noise that a hash or a word gives: mostly printable, no control character."""
    printable = len(plain.translate(None, _NOT_PRINTABLE))
    return bool(plain) and is_text(plain) and printable >= _PRINTABLE_SHARE * len(plain)


def _from_base64(run: bytes) -> bytes:
    run = run.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    return base64.b64decode(run[: len(run) - (len(run) % 4 == 1)] + b"=" * (-len(run) % 4 if len(run) % 4 != 1 else 0))


def _may_be_wide(head: bytes) -> bool:
    """Whether zero bytes may belong to letters: not in images and volumes, whose dark pixels look like UTF-16."""
    return b"\0" in head and not holds_pixels(head)


def _wide(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """The runs of UTF-16 and UTF-32, as UTF-8."""
    texts = [_from_wide(found[0]) for found in _WIDE.finditer(content)]
    texts += [found[0].decode("utf-32-le").encode() for found in _WIDER.finditer(content)]
    if texts:
        yield Inner("UTF-16", budget.gather([b"\n".join(texts)], packed=len(content)), "text")


def _from_wide(run: bytes) -> bytes:
    return run.decode("utf-16-be" if run[0] == 0 else "utf-16-le", "replace").encode()


OPENERS: Final = (
    Opener("base64", is_text, _runs),
    Opener("UTF-16", _may_be_wide, _wide),
)
