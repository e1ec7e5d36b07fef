"""Stored pixel values of a DICOM data set, whatever its transfer syntax and however loosely it was written."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import numpy as np
from jaxtyping import Integer
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cinemyo.deid.codestreams import check_streams

_BYTE: Final = 8


@contextmanager
def quiet() -> Iterator[None]:
    """Lets pydicom read UIDs with leading zeros, dates such as 20120000 and the like without a word.

    Neither its warnings nor its log lines may go on: they quote values, and values name people.
    """
    logger = logging.getLogger("pydicom")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
            yield
    finally:
        logger.disabled = before


@contextmanager
def muted() -> Iterator[None]:
    """Keeps what libraries of C print (libjpeg and OpenJPEG complain on standard error) from a log of ours."""
    with ExitStack() as stack:
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            stack.callback(os.close, nothing)
            for stream in (1, 2):
                kept = os.dup(stream)
                stack.callback(os.close, kept)
                stack.callback(os.dup2, kept, stream)
                os.dup2(nothing, stream)
        except OSError:  # a process without standard streams has nothing to mute
            pass
        yield


@contextmanager
def _exceptions() -> Iterator[None]:
    """What a decoder in Rust raises when it panics is no Exception, and would end the program."""
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise ValueError(type(error).__name__) from None


def stored_values(dataset: Dataset) -> Integer[np.ndarray, "*pixels"]:
    """The stored values in the type of the header (signed or not, 8, 16 or 32 bits), without what lies in spare bits.

    Raises:
        Exception: of many kinds, where the pixels are broken or no decoder knows the transfer syntax.

    Source: DICOM PS3.5 2024, 8.1.1 (the bits above the stored ones say nothing about the pixel)
    """
    with quiet():
        _ensure_syntax(dataset)
        allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
        high = int(dataset.get("HighBit", stored - 1))
        if not 0 < stored <= high + 1 <= allocated:
            raise ValueError("bits that no pixel has")
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            check_streams(dataset)
            with muted(), _exceptions():
                return np.asarray(pixel_array(dataset))
        # pydicom takes the lowest bits for the stored ones, which old files contradict
        values = np.asarray(pixel_array(dataset, correct_unused_bits=False))
    return without_spare_bits(values, stored=stored, high=high)


def without_spare_bits(
    values: Integer[np.ndarray, "*pixels"], *, stored: int, high: int
) -> Integer[np.ndarray, "*pixels"]:
    """The `stored` bits of each value up to bit `high`, the sign carried on into the others; in native byte order.

    Source: DICOM PS3.5 2024, 8.1.1
    """
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    spare = native.dtype.itemsize * _BYTE - stored
    if spare <= 0 or not np.issubdtype(native.dtype, np.integer):
        return native
    if high + 1 == stored and fits(native, stored):
        return native
    bits = native.view(f"u{native.dtype.itemsize}") >> max(0, high + 1 - stored)
    return (bits << spare).view(native.dtype) >> spare


def fits(values: Integer[np.ndarray, "*pixels"], stored: int) -> bool:
    """Whether nothing lies in the spare bits but the sign."""
    if values.size == 0:
        return True
    reach = 1 << (stored - 1 if values.dtype.kind == "i" else stored)
    return bool(values.max() < reach and (values.dtype.kind == "u" or values.min() >= -reach))


def _ensure_syntax(dataset: Dataset) -> None:
    """Gives a data set without file meta the transfer syntax that it was read with."""
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
