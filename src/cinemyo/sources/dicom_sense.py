"""Whether what turns stored values into intensities is stated, and is what an image can have; nothing is guessed."""

from typing import Final

from cinemyo.sources.dicom_values import Values, number, texts

UNREADABLE: Final = "?"
"""Stands for a value that is there and cannot be read, where taking it for absent would change intensities."""
DECISIVE: Final = frozenset(
    {"HighBit", "NumberOfFrames", "PixelPaddingRangeLimit", "PixelPaddingValue", "RescaleIntercept", "RescaleSlope"}
    | {"SamplesPerPixel"}
)
"""Absent they change nothing; present they must be numbers."""
_SIGNS: Final = {0.0, 1.0}


def makes_sense(values: Values) -> bool:
    """Whether the sign is stated, and rescaling, padding, high bit and number of frames, where stated, are numbers.

    Source: DICOM PS3.3 2024, C.7.6.3 (PixelRepresentation is of type 1), C.11.1 and C.7.6.6
    """
    if number(values, "PixelRepresentation") not in _SIGNS:
        return False
    stated = (keyword for keyword in DECISIVE if texts(values, keyword))
    found = {keyword: number(values, keyword) for keyword in stated}
    frames = found.get("NumberOfFrames", 1.0)
    return None not in found.values() and frames is not None and frames >= 1 and frames.is_integer()
