from collections.abc import Mapping
from typing import Any

import pytest

from cinemyo.sources.dicom_sense import UNREADABLE, makes_sense


class Stated:
    """Values by keyword."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found

    def get(self, keyword: str, /) -> Any:
        return self._found.get(keyword)


def of(**values: Any) -> bool:
    return makes_sense(Stated({"PixelRepresentation": 0, **values}))


@pytest.mark.parametrize("sign", [0, 1])
def test_a_stated_sign_is_enough(sign: int) -> None:
    assert of(PixelRepresentation=sign)


@pytest.mark.parametrize("sign", [None, 2, 17, 65535, "x", (0, 1)])
def test_a_sign_that_is_none_makes_no_sense(sign: object) -> None:
    assert not of(PixelRepresentation=sign)


@pytest.mark.parametrize(
    "keyword", ["RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "NumberOfFrames", "HighBit", "SamplesPerPixel"]
)
@pytest.mark.parametrize("value", ["abc", "1,5", "nan", "inf", "1e400", ("1", "2"), UNREADABLE])
def test_what_is_there_and_no_number_makes_no_sense(keyword: str, value: object) -> None:
    assert not of(**{keyword: value})


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "NumberOfFrames"])
@pytest.mark.parametrize("value", [None, "", "  ", "3", "3\0", 3])
def test_what_is_absent_or_a_number_makes_sense(keyword: str, value: object) -> None:
    assert of(**{keyword: value})


@pytest.mark.parametrize("frames", ["0", "-1", "1.5"])
def test_frames_are_counted_from_one(frames: str) -> None:
    assert not of(NumberOfFrames=frames)
