"""Pixels as bytes without anything beside them: no overlay in spare bits, no remark in a codestream, no surplus."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Integer
from pydicom import Dataset

from cinemyo.deid.decoding import stored_values
from cinemyo.deid.text_detector import REVIEW_SCORE
from cinemyo.errors import SourceError

_BYTE: Final = 8

LOSSY: Final[dict[str, str]] = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.93": "ISO_15444_2",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""Transfer syntaxes that may lose something, and the code of their method.

Source: DICOM PS3.3 2024, C.7.6.1.1.5.1
"""


@dataclass(frozen=True)
class SearchedPixels:
    """Stored values of a data set, and what the search for burned-in text found in them."""

    stored: Integer[np.ndarray, "*pixels"]
    text_score: float
    cleared_by: str | None = None
    """The role of the person who looked and saw no text, where the search had found something."""

    @property
    def is_clean(self) -> bool:
        """Whether no text was found, or a person saw that there is none."""
        return self.text_score < REVIEW_SCORE or self.cleared_by is not None


def clean_pixels(dataset: Dataset, result: Dataset, *, searched: SearchedPixels | None = None) -> None:
    """Writes the pixels of `dataset` into `result`: decoded, little endian, spare bits empty of data.

    Raises:
        SourceError: the pixels cannot be decoded.
    """
    if "PixelData" not in dataset:
        return
    values = _decoded(dataset) if searched is None else searched.stored
    plain = values.astype(values.dtype.newbyteorder("<")).tobytes()
    result.PixelData = plain + b"\0" * (len(plain) % 2)
    result["PixelData"].VR = "OB" if values.dtype.itemsize * _BYTE <= _BYTE else "OW"
    result.HighBit = int(dataset.BitsStored) - 1
    method = LOSSY.get(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    if method is not None:
        result.LossyImageCompression, result.LossyImageCompressionMethod = "01", method


def _decoded(dataset: Dataset) -> Integer[np.ndarray, "*pixels"]:
    try:
        return stored_values(dataset)
    except Exception as error:  # decoders raise whatever they like
        raise SourceError(
            "DICOM data set",
            expected="pixels that can be decoded",
            got=type(error).__name__,
            remedy="run `cinemyo doctor` to see the codecs, or export it again",
        ) from None
