import os

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from cinemyo.deid.decoding import muted, stored_values
from tests.sources.dicom_files import mr_image, pixels


@pytest.mark.parametrize(("stored", "high"), [(17, 16), (12, 16), (12, 2049), (0, 0), (12, 7), (16, 11)])
def test_bits_that_no_pixel_has_are_refused(stored: int, high: int) -> None:
    image = mr_image()
    image.BitsStored, image.HighBit = stored, high
    with pytest.raises(ValueError, match="bits"):
        stored_values(image)


def test_pixels_of_a_deflated_data_set_are_plain() -> None:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert np.array_equal(stored_values(image), pixels(0))


def test_what_a_library_prints_is_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    with muted():
        os.write(1, b"out")
        os.write(2, b"err")
    os.write(2, b"after")
    assert capfd.readouterr() == ("", "after")


def test_descriptors_are_given_back() -> None:
    free = os.dup(2)
    os.close(free)
    for _ in range(5):
        with muted():
            pass
    again = os.dup(2)
    os.close(again)
    assert again == free
