"""Pixels as numbers: stored values of any transfer syntax, then rescaled, without padding, bright is bright."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Bool, Float, Integer
from pydicom import Dataset

from cinemyo.deid.decoding import quiet, stored_values
from cinemyo.sources.dicom_values import number, text


class PixelError(Exception):
    """A file whose pixels cannot be decoded; `path` says which."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(cause)
        self.path = path


@dataclass(frozen=True)
class Frame:
    """One image: rescaled values, and where there is no image (padding)."""

    values: Float[np.ndarray, "y x"]
    padding: Bool[np.ndarray, "y x"]
    inverted: bool
    """MONOCHROME1: the largest value is the darkest."""


def read_frame(path: Path) -> Frame:
    """The image in one file, rescaled by its own slope and intercept.

    Raises:
        PixelError: the pixels cannot be decoded, are not one gray image, or their rescaling is no number.
    """
    try:
        with quiet():
            dataset = pydicom.dcmread(path, force=True)
            stored = stored_values(dataset)
            slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
            padding = _padding(dataset, stored)
            inverted = text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    except Exception as error:  # decoders raise whatever they like; the file is named by the caller
        raise PixelError(path, type(error).__name__) from None
    if stored.ndim != 2 or slope == 0:
        raise PixelError(path, "not one gray image")
    with np.errstate(over="ignore"):
        values = (stored.astype(np.float64) * (1.0 if slope is None else slope) + (intercept or 0.0)).astype(np.float32)
    if not np.isfinite(values).all():
        raise PixelError(path, "values that are no numbers")
    return Frame(values, padding, inverted)


def stack(frames: Sequence[Frame]) -> Float[np.ndarray, "t y x"]:
    """Frames of one cine as one float32 array; MONOCHROME1 inverted within the cine's range, padding made darkest."""
    values = np.stack([frame.values for frame in frames])
    padding = np.stack([frame.padding for frame in frames])
    image = values[~padding]
    if image.size == 0:
        return values
    darkest, brightest = image.min(), image.max()
    if frames[0].inverted:
        values = brightest + darkest - values
    values[padding] = darkest
    return values


def _padding(dataset: Dataset, stored: Integer[np.ndarray, "*pixels"]) -> Bool[np.ndarray, "*pixels"]:
    """Where the stored value is PixelPaddingValue, or between it and PixelPaddingRangeLimit."""
    value = _signed(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = _signed(dataset, "PixelPaddingRangeLimit")
    low, high = sorted((value, value if limit is None else limit))
    return (stored >= low) & (stored <= high)


def _signed(dataset: Dataset, keyword: str) -> float | None:
    """A padding value in the sign of the pixels, whichever VR it was written with."""
    value = number(dataset, keyword)
    if value is None or int(dataset.get("PixelRepresentation", 0)) == 0:
        return value
    whole = 1 << int(dataset.BitsAllocated)
    return value - whole if value >= whole // 2 else value
