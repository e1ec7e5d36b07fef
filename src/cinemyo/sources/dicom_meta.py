"""The file meta of a DICOM file, as far as a walk over the data set needs it."""

import struct
from typing import Final

from cinemyo.sources.dicom_layouts import Trail

PREAMBLE: Final = 132
_TRANSFER_SYNTAX: Final = 0x00020010
LONG: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT: Final = frozenset(
    {*(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"), *(b"LT", b"PN", b"SH", b"SL")}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
"""VRs whose length takes four bytes, and those of two."""


def meta_end(content: bytes, trail: Trail | None = None) -> tuple[str, int]:
    """The transfer syntax in the file meta, and where the data set begins; what is passed is added to the trail.

    Raises:
        ValueError, struct.error: no file meta that can be read.
    """
    at, syntax, passed = PREAMBLE, "", (trail or Trail()).heads
    passed.append((PREAMBLE - 4, PREAMBLE))
    while content[at : at + 2] == b"\x02\x00":
        group, element, vr, length = struct.unpack_from("<HH2sH", content, at)
        head_at = at
        at += 8
        if vr in LONG:
            (length,) = struct.unpack_from("<L", content, at)
            at += 4
        elif vr not in SHORT:
            raise ValueError("VR")
        if at + length > len(content):
            raise ValueError("length")
        passed.append((head_at, at))
        if (group << 16 | element) == _TRANSFER_SYNTAX:
            syntax = content[at : at + length].strip(b"\0 ").decode("ascii")
            passed.append((at, at + length))
        at += length
    return syntax, at
