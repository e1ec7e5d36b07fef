"""Pixels as bytes without anything beside them: no overlay in spare bits, no remark in a codestream, no surplus."""

from typing import Final

from pydicom import Dataset

from cinemyo.deid.decoding import stored_values
from cinemyo.errors import SourceError

_BYTE: Final = 8


def clean_pixels(dataset: Dataset, result: Dataset) -> None:
    """Writes the pixels of `dataset` into `result`: decoded, little endian, spare bits empty of data.

    Raises:
        SourceError: the pixels cannot be decoded.
    """
    if "PixelData" not in dataset:
        return
    try:
        values = stored_values(dataset)
    except Exception as error:  # decoders raise whatever they like
        raise SourceError(
            "DICOM data set",
            expected="pixels that can be decoded",
            got=type(error).__name__,
            remedy="run `cinemyo doctor` to see the codecs, or export it again",
        ) from None
    plain = values.astype(values.dtype.newbyteorder("<")).tobytes()
    result.PixelData = plain + b"\0" * (len(plain) % 2)
    result["PixelData"].VR = "OB" if values.dtype.itemsize * _BYTE <= _BYTE else "OW"
    result.HighBit = int(dataset.BitsStored) - 1
