from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_pixels
from cinemyo.sources.dicom_headers import Header, read_headers
from cinemyo.sources.dicom_pixels import PixelError, read_frames, stack
from cinemyo.sources.dicom_plain import plain_frames
from cinemyo.sources.images import smallest
from tests.sources.dicom_files import nothing, pixels, set_pixels, write_cine

Edit = Callable[[Dataset, int], None]


def headers(folder: Path, edit: Edit = nothing) -> list[Header]:
    found = [read_headers(path, name=path.name, key=load_key("published")) for path in write_cine(folder, edit=edit)]
    return [header for item in found if isinstance(item, tuple) for header in item]


def signed(image: Dataset, phase: int) -> None:
    set_pixels(image, pixels(phase).astype(np.int16) - 2000, stored_bits=16)


def rescaled(image: Dataset, phase: int) -> None:
    image.RescaleSlope, image.RescaleIntercept = "2", "0"


def one_rescaled(image: Dataset, phase: int) -> None:
    if phase == 3:
        image.RescaleSlope, image.RescaleIntercept = "2", "0"


def inverted(image: Dataset, phase: int) -> None:
    image.PhotometricInterpretation = "MONOCHROME1"


def padded(image: Dataset, phase: int) -> None:
    image.add_new("PixelPaddingValue", "US", 0)


def overlaid(image: Dataset, phase: int) -> None:
    set_pixels(image, pixels(phase) | 0x8000)


def eight_bits(image: Dataset, phase: int) -> None:
    set_pixels(image, pixels(phase) % 256)
    image.PixelData = (pixels(phase) % 256).astype(np.uint8).tobytes()
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7


def high(image: Dataset, phase: int) -> None:
    set_pixels(image, pixels(phase) << 4)
    image.HighBit = 15


@pytest.mark.parametrize("edit", [nothing, signed])
def test_plain_numbers_are_read_at_once(tmp_path: Path, edit: Edit) -> None:
    assert plain_frames(headers(tmp_path, edit)) is not None


def large(image: Dataset, phase: int) -> None:
    set_pixels(image, pixels(phase) + 40_000, stored_bits=16)


@pytest.mark.parametrize(("edit", "kind"), [(nothing, np.int16), (signed, np.int16), (large, np.uint16)])
def test_they_are_of_the_smallest_type_that_the_header_promises(tmp_path: Path, edit: Edit, kind: type) -> None:
    frames = plain_frames(headers(tmp_path, edit))
    assert frames is not None
    assert frames.dtype == kind


@pytest.mark.parametrize("edit", [rescaled, one_rescaled, inverted, padded, overlaid, eight_bits, high])
def test_all_else_is_left_to_the_reader_of_frames(tmp_path: Path, edit: Edit) -> None:
    assert plain_frames(headers(tmp_path, edit)) is None


@pytest.mark.parametrize("edit", [nothing, signed, large])
def test_both_ways_give_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: Edit) -> None:
    found = headers(tmp_path, edit)
    quick = stack(read_frames(found))
    monkeypatch.setattr(dicom_pixels, "plain_frames", lambda _: None)
    slow = stack(read_frames(found))
    assert smallest(quick).dtype == smallest(slow).dtype
    np.testing.assert_array_equal(quick, slow)


@pytest.mark.parametrize("order", [slice(None, None, -1), slice(2, None), slice(None, None, 2)])
def test_frames_in_another_order_are_stacked_in_it(tmp_path: Path, order: slice) -> None:
    frames = read_frames(headers(tmp_path))[order]
    np.testing.assert_array_equal(stack(frames), [frame.values for frame in frames])


def test_a_file_cut_short_meanwhile_is_told_by_the_reader_of_frames(tmp_path: Path) -> None:
    found = headers(tmp_path)
    found[4].path.write_bytes(found[4].path.read_bytes()[:-1])
    assert plain_frames(found) is None
    with pytest.raises(PixelError) as caught:
        read_frames(found)
    assert caught.value.ref == found[4].ref


def test_a_file_that_is_gone_is_left_to_the_reader_of_frames(tmp_path: Path) -> None:
    found = headers(tmp_path)
    found[0].path.unlink()
    assert plain_frames(found) is None
