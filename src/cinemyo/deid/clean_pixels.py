"""Pixels as bytes without anything beside them: no overlay in spare bits, no remark in a codestream, no surplus."""

from typing import Final

import numpy as np
from pydicom import Dataset

from cinemyo.errors import SourceError

_KINDS: Final = {8: "u1", 16: "u2", 32: "u4"}


def clean_pixels(dataset: Dataset, result: Dataset) -> None:
    """Writes the pixels of `dataset` into `result`: decoded, little endian, spare bits empty of data.

    Raises:
        SourceError: the pixels cannot be decoded.
    """
    if "PixelData" not in dataset:
        return
    try:
        values = np.ascontiguousarray(dataset.pixel_array)
        allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
        compressed = bool(dataset.file_meta.TransferSyntaxUID.is_compressed)
        high = stored - 1 if compressed else int(dataset.get("HighBit", stored - 1))
        signed = int(dataset.get("PixelRepresentation", 0)) == 1
    except Exception as error:  # decoders raise whatever they like
        raise SourceError(
            "DICOM data set",
            expected="pixels that can be decoded",
            got=type(error).__name__,
            remedy="run `cinemyo doctor` to see the codecs, or export it again",
        ) from None
    kind = _KINDS[allocated]
    bits = values.astype(values.dtype.newbyteorder("<")).view(f"<{kind}")
    spare = allocated - stored
    bits = (bits >> max(0, high + 1 - stored)) << spare
    # spare bits repeat the sign, as most writers have them
    plain = (bits.view(f"<i{kind[1]}") >> spare if signed else bits >> spare).tobytes()
    result.PixelData = plain + b"\0" * (len(plain) % 2)
    result["PixelData"].VR = "OW" if allocated > 8 else "OB"
    result.BitsAllocated, result.BitsStored, result.HighBit = allocated, stored, stored - 1
