"""Transfer syntaxes that are read here, and what decodes the compressed ones."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np
from jaxtyping import Integer
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from cinemyo.deid.codestreams import StreamError, check_frame
from cinemyo.deid.decoding import muted, quiet, without_spare_bits
from cinemyo.sources.dicom_records import PixelFacts
from cinemyo.sources.dicom_syntaxes import COMPRESSED, JPEG_EXTENDED, PLAIN, RLE

_PLUGINS: Final = ("pylibjpeg", "pyjpegls", "pydicom", "gdcm", "pillow")
"""In order of preference; which of them knows a syntax, pydicom tells."""
_BYTE: Final = 8
_PACKAGES: Final = {"gdcm": ("python-gdcm",), "pylibjpeg": ("pylibjpeg-openjpeg",)}


@dataclass(frozen=True)
class Decoded:
    """Stored values of one frame, and what decoded them, with its version."""

    values: Integer[np.ndarray, "y x"]
    decoder: str


class CodecError(Exception):
    """A codestream that no decoder here reads, or that claims another size than its header."""


def missing() -> list[str]:
    """Names of the compressions that no installed plug-in decodes."""
    return [name for name, syntax in COMPRESSED.items() if not get_decoder(UID(syntax)).is_available]


def plugins() -> dict[str, list[str]]:
    """By compression, the decoders that are there, the first choice first, with their versions."""
    return {name: [_label(plugin, syntax) for plugin in _available(syntax)] for name, syntax in COMPRESSED.items()}


def is_read(syntax: str, *, bits: int) -> bool:
    """Whether pixels of so many stored bits are read under a transfer syntax: it is plain or has a decoder here.

    No decoder here reads JPEG Extended above 8 bits.
    """
    if syntax == JPEG_EXTENDED and bits > _BYTE:
        return False
    return syntax in PLAIN or (syntax in COMPRESSED.values() and bool(_available(syntax)))


def decode(codestream: bytes, facts: PixelFacts) -> Decoded:
    """The stored values of one compressed frame, by the first decoder for its transfer syntax that is there.

    Raises:
        CodecError: it refuses the frame, or the codestream claims another size: nothing is allocated by its word.
    """
    size = facts.rows, facts.columns, facts.samples
    try:
        check_frame(codestream, syntax=facts.syntax, size=size, allocated=facts.bits, stored=facts.stored_bits)
    except StreamError as error:
        raise CodecError(str(error)) from None
    fragment = encapsulate([codestream], has_bot=False)
    # one decoder alone: where it refuses a damaged stream, another may mend it and say nothing
    plugin = _chosen(facts)
    try:
        with quiet(), muted():
            decoder = get_decoder(UID(facts.syntax))
            values, _ = decoder.as_array(fragment, index=0, decoding_plugin=plugin, raw=True, **_options(facts))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # decoders raise whatever they like, those in Rust no Exception
        raise CodecError("the decoder refuses it") from None
    if values.shape != (facts.rows, facts.columns):
        raise CodecError("another size than the data set states")
    return Decoded(values if facts.syntax == RLE else _fitting(values, facts), _label(plugin, facts.syntax))


def _fitting(values: Integer[np.ndarray, "y x"], facts: PixelFacts) -> Integer[np.ndarray, "y x"]:
    """The values with their sign, once each fits the stored bits: a codestream holds nothing but pixels above them.

    Raises:
        CodecError: values beyond the stored bits, which would be lost.

    Source: DICOM PS3.5 2024, 8.2 (overlays in spare bits are for native pixels)
    """
    low, high = (-(1 << facts.stored_bits) // 2 if facts.signed else 0), 1 << facts.stored_bits
    if not facts.stored_bits or int(values.min()) < low or int(values.max()) >= high:
        raise CodecError("values beyond the stored bits")
    return without_spare_bits(values, stored=facts.stored_bits, high=facts.stored_bits - 1)


def _options(facts: PixelFacts) -> Any:
    return {
        "rows": facts.rows,
        "columns": facts.columns,
        "samples_per_pixel": facts.samples,
        "photometric_interpretation": facts.photometric,
        "bits_allocated": facts.bits,
        "bits_stored": facts.stored_bits,
        "pixel_representation": int(facts.signed),
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
        # what lies above the stored bits is seen here, and taken away by the reader
        "correct_unused_bits": False,
    }


def _chosen(facts: PixelFacts) -> str:
    """The first decoder that is there; of 8-bit JPEG pillow, since GDCM ends the process on some damaged streams."""
    plugins = _available(facts.syntax)
    return "pillow" if facts.bits == _BYTE and "pillow" in plugins and plugins[0] == "gdcm" else plugins[0]


@lru_cache(maxsize=64)
def _available(syntax: str) -> tuple[str, ...]:
    known = get_decoder(UID(syntax)).available_plugins
    return tuple(sorted(known, key=_PLUGINS.index))


@lru_cache(maxsize=64)
def _label(plugin: str, syntax: str) -> str:
    packages = ("pylibjpeg-rle",) if (plugin, syntax) == ("pylibjpeg", RLE) else _PACKAGES.get(plugin, (plugin,))
    for package in packages:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            continue
    return plugin
