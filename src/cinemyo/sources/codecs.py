"""Which compressed transfer syntaxes can be decoded here."""

from typing import Final

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

SYNTAXES: Final = {
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG Lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}


def missing() -> list[str]:
    """Names of the compressions that no installed plug-in decodes."""
    return [name for name, syntax in SYNTAXES.items() if not get_decoder(UID(syntax)).is_available]
