"""Transfer syntaxes by name, and what each says of the pixels."""

from typing import Final

from pydicom.uid import UID

JPEG: Final = "1.2.840.10008.1.2.4"
JPEG_EXTENDED: Final = f"{JPEG}.51"
RLE: Final = "1.2.840.10008.1.2.5"
COMPRESSED: Final = {
    "RLE": RLE,
    "JPEG Baseline": f"{JPEG}.50",
    "JPEG Extended (8 bits)": JPEG_EXTENDED,
    "JPEG Lossless": f"{JPEG}.57",
    "JPEG Lossless SV1": f"{JPEG}.70",
    "JPEG-LS": f"{JPEG}.80",
    "JPEG-LS near-lossless": f"{JPEG}.81",
    "JPEG 2000 lossless": f"{JPEG}.90",
    "JPEG 2000": f"{JPEG}.91",
    "HTJ2K lossless": f"{JPEG}.201",
    "HTJ2K lossless RPCL": f"{JPEG}.202",
    "HTJ2K": f"{JPEG}.203",
}
PHILIPS_PRIVATE: Final = "1.3.46.670589.33.1.4.1"
"""Explicit VR Little Endian by another name; where its pixels are compressed, they hide in a private element."""
GE_PRIVATE: Final = "1.2.840.113619.5.2"
"""Implicit VR Little Endian with pixels in big-endian order."""
PLAIN: Final = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    PHILIPS_PRIVATE: "Explicit VR Little Endian (Philips private)",
    GE_PRIVATE: "Implicit VR Little Endian with big-endian pixels (GE private)",
}
"""Those whose pixels are plain numbers."""
_ALWAYS_LOSSY: Final = {f"{JPEG}.50", JPEG_EXTENDED}
_MAYBE_LOSSY: Final = {f"{JPEG}.81", f"{JPEG}.91", f"{JPEG}.203"}


def name_of(syntax: str) -> str:
    """The name of a transfer syntax in the standard."""
    return PLAIN.get(syntax) or UID(syntax).name


def is_lossy(syntax: str, stated: bool | None) -> bool | None:  # noqa: FBT001 (the value of an attribute)
    """Whether the pixels went through lossy compression by the syntax or by LossyImageCompression; None if untold."""
    if syntax in _ALWAYS_LOSSY:
        return True
    if syntax in _MAYBE_LOSSY:
        return stated is not False
    return stated
