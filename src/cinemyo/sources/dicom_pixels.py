"""Pixels as numbers: stored values of any transfer syntax, then rescaled, without padding, bright is bright."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from jaxtyping import Bool, Integer, Real

from cinemyo.deid.decoding import without_spare_bits
from cinemyo.sources.archives import FileRef
from cinemyo.sources.codecs import decode
from cinemyo.sources.dicom_fragments import frame_spans, join
from cinemyo.sources.dicom_inflate import inflated
from cinemyo.sources.dicom_plain import plain_frames
from cinemyo.sources.dicom_records import Header, PixelFacts
from cinemyo.sources.dicom_syntaxes import GE_PRIVATE, RLE

_BYTE: Final = 8
_WIDTHS: Final = frozenset({8, 16, 32})
_LARGEST_FRAME: Final = 2048 * 2048 * 4
NATIVE: Final = "numpy"
"""What is recorded as decoder of pixels that are plain numbers."""


class PixelError(Exception):
    """A file whose pixels cannot be decoded; `ref` says which."""

    def __init__(self, ref: FileRef, cause: str) -> None:
        super().__init__(cause)
        self.ref = ref


@dataclass(frozen=True)
class Frame:
    """One image: rescaled values, and where there is no image (padding)."""

    values: Real[np.ndarray, "y x"]
    """Of float32; of 16 bits where the stored values stand for themselves in all frames of a cine."""
    padding: Bool[np.ndarray, "y x"] | None
    """None where the header names no padding value."""
    inverted: bool
    """MONOCHROME1: the largest value is the darkest."""
    decoder: str = NATIVE


def read_frames(headers: Sequence[Header]) -> list[Frame]:
    """The image of each header, in their order, rescaled by its own slope and intercept; each file is opened once.

    Philips scanners may scale each image to its own range: where their private scale slope differs among the images,
    the values are floating point values (stored - scale intercept) / scale slope instead.

    Raises:
        PixelError: pixels that cannot be decoded, are not one gray image, or whose rescaling gives no number.

    Source: domain.md A.5
    """
    plain = plain_frames(headers) if headers else None
    if plain is not None:
        return [Frame(values, None, inverted=False) for values in plain]
    scales = {header.pixels.philips_scale for header in headers}
    private = len(scales) > 1 and None not in scales
    found: dict[int, Frame] = {}
    by_file: dict[FileRef, list[int]] = defaultdict(list)
    for index, header in enumerate(headers):
        by_file[header.ref].append(index)
    for ref, indices in by_file.items():
        try:
            with ref.open() as stream:
                found |= _of_one_file(stream, headers, indices, private=private)
        except PixelError:
            raise
        except Exception as error:  # decoders raise whatever they like; the file is named by the caller
            raise PixelError(ref, type(error).__name__) from None
    return [found[index] for index in range(len(headers))]


def stack(frames: Sequence[Frame]) -> Real[np.ndarray, "t y x"]:
    """Frames of one cine as one array; MONOCHROME1 inverted within the cine's range, padding made darkest."""
    together = _together(frames)
    values = np.stack([frame.values for frame in frames]) if together is None else together
    inverted = frames[0].inverted
    if not inverted and all(frame.padding is None for frame in frames):
        return values
    empty = np.zeros(values.shape[1:], dtype=bool)
    padding = np.stack([empty if frame.padding is None else frame.padding for frame in frames])
    image = values[~padding]
    if image.size == 0:
        return values
    darkest, brightest = image.min(), image.max()
    if inverted:
        values = brightest + darkest - values
    values[padding] = darkest
    return values


def _together(frames: Sequence[Frame]) -> Real[np.ndarray, "t y x"] | None:
    """The array that the frames are the rows of, in their order and all of them, or None."""
    whole = frames[0].values.base
    if whole is None or whole.shape != (len(frames), *frames[0].values.shape):
        return None
    places = [frame.values.__array_interface__["data"][0] for frame in frames]
    start, step = whole.__array_interface__["data"][0], whole.strides[0]
    return whole if places == [start + step * index for index in range(len(frames))] else None


def _of_one_file(
    stream: BinaryIO, headers: Sequence[Header], indices: Sequence[int], *, private: bool
) -> dict[int, Frame]:
    facts = headers[indices[0]].pixels
    source = inflated(stream) if facts.deflated else stream
    spans = None
    if facts.encapsulated_at is not None:
        spans = frame_spans(source, facts.encapsulated_at, frames=facts.frames)
    found = {}
    for index in indices:
        header = headers[index]
        if spans is None:
            stored, decoder = _native(source, header.pixels), NATIVE
        else:
            stored, decoder = _compressed(join(source, spans[header.frame]), header.pixels)
        found[index] = _frame(stored, header, decoder, private=private)
    return found


def _native(stream: BinaryIO, facts: PixelFacts) -> Integer[np.ndarray, "y x"]:
    """The stored values of one frame that are plain numbers.

    Raises:
        ValueError: widths that no image has, or a file that ends before its last pixel.
    """
    size = facts.rows * facts.columns * facts.bits // _BYTE
    odd = facts.bits not in _WIDTHS or facts.samples != 1
    if facts.offset is None or odd or not 0 < size <= _LARGEST_FRAME:
        raise ValueError("not one gray image")
    stream.seek(facts.offset)
    content = stream.read(size)
    if len(content) != size:
        raise ValueError("truncated")
    order = ">" if facts.big_endian or facts.syntax == GE_PRIVATE else "<"
    kind = f"{order}{'i' if facts.signed else 'u'}{facts.bits // _BYTE}"
    return _stored_bits(np.frombuffer(content, dtype=kind).reshape(facts.rows, facts.columns), facts)


def _compressed(codestream: bytes, facts: PixelFacts) -> tuple[Integer[np.ndarray, "y x"], str]:
    decoded = decode(codestream, facts)
    values = _stored_bits(decoded.values, facts) if facts.syntax == RLE else decoded.values
    return values, decoded.decoder


def _stored_bits(values: Integer[np.ndarray, "y x"], facts: PixelFacts) -> Integer[np.ndarray, "y x"]:
    if not 0 < facts.stored_bits <= facts.high_bit + 1 <= facts.bits:
        raise ValueError("bits that no pixel has")
    return without_spare_bits(values, stored=facts.stored_bits, high=facts.high_bit)


def _frame(stored: Integer[np.ndarray, "y x"], header: Header, decoder: str, *, private: bool) -> Frame:
    facts = header.pixels
    slope, intercept = facts.slope, facts.intercept
    if private and facts.philips_scale is not None:
        scale, shift = facts.philips_scale
        slope, intercept = 1 / scale, -shift / scale
    if slope == 0:
        raise PixelError(header.ref, "a rescale slope of 0")
    with np.errstate(over="ignore"):
        is_plain = slope in {None, 1} and not intercept and stored.dtype.kind in "iu"
        if is_plain:
            values = stored.astype(np.float32)
        else:
            values = (stored.astype(np.float64) * (slope or 1.0) + (intercept or 0.0)).astype(np.float32)
    if not is_plain and not np.isfinite(values).all():
        raise PixelError(header.ref, "values that are no numbers")
    return Frame(values, _padding(stored, facts), facts.photometric == "MONOCHROME1", decoder)


def _padding(stored: Integer[np.ndarray, "y x"], facts: PixelFacts) -> Bool[np.ndarray, "y x"] | None:
    """Where the stored value is PixelPaddingValue, or between it and PixelPaddingRangeLimit."""
    if not facts.padding:
        return None
    ends = [_signed(value, facts) for value in facts.padding]
    return (stored >= min(ends)) & (stored <= max(ends))


def _signed(value: float, facts: PixelFacts) -> float:
    """A padding value in the sign of the pixels, whichever VR it was written with."""
    whole = 1 << facts.bits
    return value - whole if facts.signed and value >= whole // 2 else value
