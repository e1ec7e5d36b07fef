import csv
import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from cinemyo.deid.decoding import quiet, stored_values
from cinemyo.deid.keys import load_key
from cinemyo.sources.archives import FileRef
from cinemyo.sources.dicom_headers import Refusal, read_headers
from cinemyo.sources.dicom_pixels import Frame, PixelError, read_frames, stack
from tests.shared import EDGE, needs
from tests.sources.dicom_files import mr_image, pixels, save, set_pixels

NAMES = (
    *("enhanced_philips_4d_explicit", "enhanced_philips_4d_implicit", "enhanced_siemens_3d", "enhanced_hyperfine_3d"),
    *("enhanced_moveknee_19_temporal", "enhanced_rle_10frames", "classic_rle", "classic_jpeg2000_lossless"),
    *("classic_jpegls_lossless", "classic_jpeg_lossless_sv1", "classic_implicit_vr", "classic_big_endian"),
    "classic_multiframe_16_heart_longaxis",
)


def read_frame(path: Path) -> Frame:
    headers = read_headers(path, name=path.name, key=load_key("published"))
    assert not isinstance(headers, Refusal)
    return read_frames(headers[:1])[0]


@needs(EDGE)
@pytest.mark.parametrize("name", NAMES)
def test_stored_values_are_those_of_other_decoders(name: str) -> None:
    with (EDGE / "expected.csv").open(encoding="utf-8") as table:
        expected = next(row for row in csv.DictReader(table) if row["file"] == f"{name}.dcm")
    with quiet():
        values = stored_values(pydicom.dcmread(EDGE / f"{name}.dcm"))
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    assert (values.dtype.name, hashlib.sha256(content).hexdigest()) == (
        expected["dtype"],
        expected["pixels_sha256_little_endian"],
    )


def test_signed_values_are_read(tmp_path: Path) -> None:
    image = mr_image()
    values = pixels(0).astype(np.int16) - 2048
    set_pixels(image, values)
    assert np.array_equal(read_frame(save(image, tmp_path / "a.dcm")).values, values)


def test_sign_is_extended_from_the_last_stored_bit(tmp_path: Path) -> None:
    image = mr_image()
    values = pixels(0).astype(np.int16) - 2048
    set_pixels(image, values)
    image.PixelData = (values.view(np.uint16) & 0x0FFF).tobytes()
    assert np.array_equal(read_frame(save(image, tmp_path / "a.dcm")).values, values)


def test_overlay_in_spare_bits_is_no_intensity(tmp_path: Path) -> None:
    image = mr_image()
    set_pixels(image, pixels(0) | 0xF000)
    assert np.array_equal(read_frame(save(image, tmp_path / "a.dcm")).values, pixels(0))


def test_high_bit_above_the_stored_ones_is_heeded(tmp_path: Path) -> None:
    image = mr_image()
    set_pixels(image, pixels(0) << 4)
    image.HighBit = 15
    assert np.array_equal(read_frame(save(image, tmp_path / "a.dcm")).values, pixels(0))


def test_each_frame_has_its_own_rescaling(tmp_path: Path) -> None:
    image = mr_image()
    image.RescaleSlope, image.RescaleIntercept = 0.5, -100
    frame = read_frame(save(image, tmp_path / "a.dcm"))
    assert np.array_equal(frame.values, pixels(0) * 0.5 - 100)
    assert frame.values.dtype == np.float32


def test_padding_becomes_the_darkest_value(tmp_path: Path) -> None:
    image = mr_image()
    values = np.full((24, 20), 500, np.int16)
    values[:3], values[3, 0] = -2000, 77
    set_pixels(image, values, stored_bits=16)
    image.add_new("PixelPaddingValue", "SS", -2000)
    frames = stack([read_frame(save(image, tmp_path / "a.dcm"))])
    assert (frames.min(), frames[0, 0, 0]) == (77, 77)


def test_range_of_padding_written_without_sign_is_heeded(tmp_path: Path) -> None:
    image = mr_image()
    values = np.full((24, 20), 500, np.int16)
    values[0], values[1] = -2000, -1990
    set_pixels(image, values, stored_bits=16)
    image.add_new("PixelPaddingValue", "US", 65536 - 2000)
    image.add_new("PixelPaddingRangeLimit", "US", 65536 - 1990)
    assert stack([read_frame(save(image, tmp_path / "a.dcm"))]).min() == 500


def test_cine_of_padding_alone_is_left_as_it_is(tmp_path: Path) -> None:
    image = mr_image()
    set_pixels(image, np.zeros((24, 20), np.uint16))
    image.add_new("PixelPaddingValue", "US", 0)
    assert stack([read_frame(save(image, tmp_path / "a.dcm"))]).max() == 0


def test_inversion_keeps_the_range_of_the_cine(tmp_path: Path) -> None:
    def frame(phase: int) -> Dataset:
        image = mr_image(phase=phase)
        image.PhotometricInterpretation = "MONOCHROME1"
        image.RescaleSlope, image.RescaleIntercept = 2, 10
        return image

    frames = stack([read_frame(save(frame(phase), tmp_path / f"{phase}.dcm")) for phase in range(3)])
    before = np.stack([pixels(phase) * 2.0 + 10 for phase in range(3)])
    assert np.array_equal(frames, before.max() + before.min() - before)


@pytest.mark.parametrize(("keyword", "value"), [("RescaleSlope", 0), ("BitsAllocated", 12)])
def test_pixels_that_are_no_image_are_refused(tmp_path: Path, keyword: str, value: int) -> None:
    image = mr_image()
    setattr(image, keyword, value)
    path = save(image, tmp_path / "a.dcm")
    with pytest.raises(PixelError) as caught:
        read_frame(path)
    assert caught.value.ref == FileRef(str(path))


def test_rescaling_beyond_numbers_is_refused(tmp_path: Path) -> None:
    image = mr_image()
    image.RescaleSlope, image.RescaleIntercept = "1e300", 0
    with pytest.raises(PixelError, match="no numbers"):
        read_frame(save(image, tmp_path / "a.dcm"))


def test_data_set_without_file_meta_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    image = mr_image()
    del image.file_meta
    image.save_as(path, implicit_vr=True, little_endian=True)
    assert np.array_equal(read_frame(path).values, pixels(0))
