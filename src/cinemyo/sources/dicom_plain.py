"""The frames of an ordinary cine, read straight into one array: alike files of numbers that stand for themselves."""

import os
from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Integer

from cinemyo.deid.decoding import fits
from cinemyo.sources.dicom_records import Header, PixelFacts
from cinemyo.sources.dicom_syntaxes import GE_PRIVATE

_BITS: Final = 16
_LARGEST_SIDE: Final = 2048


def plain_frames(headers: Sequence[Header]) -> Integer[np.ndarray, "t y x"] | None:
    """The values of each frame, or None where any of them needs more than to be read: `read_frames` knows what.

    They are of int16 where the header promises so small ones, else of uint16.
    """
    facts = headers[0].pixels
    if not _is_plain(facts) or any(_form(header) != _form(headers[0]) for header in headers):
        return None
    is_small = facts.signed or facts.stored_bits < _BITS
    frames = np.empty((len(headers), facts.rows, facts.columns), dtype="<i2" if is_small else "<u2")
    stored = frames.view("<i2" if facts.signed else "<u2")
    for frame, header in zip(stored, headers, strict=True):
        if not (_fill(frame, header) and fits(frame, facts.stored_bits)):
            return None
    return frames


def _is_plain(facts: PixelFacts) -> bool:
    """Whether 16-bit numbers stand for themselves: no rescaling, padding or spare low bits; bright is bright."""
    return (
        facts.bits == _BITS
        and facts.samples == 1
        and facts.high_bit + 1 == facts.stored_bits
        and 0 < facts.stored_bits <= _BITS
        and 0 < facts.rows <= _LARGEST_SIDE
        and 0 < facts.columns <= _LARGEST_SIDE
        and facts.slope in {None, 1}
        and not facts.intercept
        and not facts.padding
        and not facts.big_endian
        and not facts.deflated
        and facts.photometric == "MONOCHROME2"
        and facts.syntax != GE_PRIVATE
        and facts.philips_scale is None
    )


def _form(header: Header) -> tuple[object, ...]:
    """What the frames must have in common, beside being plain."""
    facts = header.pixels
    return (
        header.ref.entries,
        facts.offset is None,
        *(facts.rows, facts.columns, facts.bits, facts.samples, facts.stored_bits, facts.high_bit, facts.signed),
        *(facts.slope, facts.intercept, facts.padding, facts.big_endian, facts.deflated, facts.photometric),
        *(facts.syntax, facts.philips_scale, facts.compressed),
    )


def _fill(frame: Integer[np.ndarray, "y x"], header: Header) -> bool:
    """Reads the stored values straight into their place; whether all of them are there."""
    if header.pixels.offset is None or header.ref.entries:
        return False
    try:
        handle = os.open(header.ref.where, os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.preadv(handle, [frame.data], header.pixels.offset) == frame.nbytes
    except OSError:
        return False
    finally:
        os.close(handle)
