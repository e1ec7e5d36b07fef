import struct
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from cinemyo.deid.codestreams import Extent, StreamError, check_streams, stated
from cinemyo.deid.decoding import stored_values
from tests.sources.dicom_files import mr_image, pixels


def compressed(syntax: str, *, rows: int = 48, columns: int = 64) -> Dataset:
    image = mr_image(rows=rows, columns=columns)
    image.compress(syntax, generate_instance_uid=False)
    return image


def jpeg(*, rows: int = 24, columns: int = 20) -> Dataset:
    image = mr_image(rows=rows, columns=columns)
    stream = BytesIO()
    Image.fromarray((image.pixel_array >> 4).astype(np.uint8)).save(stream, "JPEG")
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.file_meta.TransferSyntaxUID, image.PixelData = JPEGBaseline8Bit, encapsulate([stream.getvalue()])
    return image


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_a_codestream_states_its_size(syntax: str) -> None:
    assert stated(get_frame(compressed(syntax).PixelData, 0)) == Extent(48, 64, 1, 12)


def test_a_jpeg_states_its_size() -> None:
    assert stated(get_frame(jpeg().PixelData, 0)) == Extent(24, 20, 1, 8)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_genuine_pixels_pass(syntax: str) -> None:
    assert np.array_equal(stored_values(compressed(syntax)), pixels(0, rows=48, columns=64))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("keyword", ["Rows", "Columns", "SamplesPerPixel"])
def test_another_size_than_the_data_set_states_is_refused(syntax: str, keyword: str) -> None:
    image = compressed(syntax)
    setattr(image, keyword, 3)
    with pytest.raises(StreamError, match="another size"):
        check_streams(image)


@pytest.mark.parametrize("stored", [11, 1])
def test_a_stream_of_more_bits_than_stored_would_lose_values(stored: int) -> None:
    image = compressed(JPEGLSLossless)
    image.BitsStored, image.HighBit = stored, stored - 1
    with pytest.raises(StreamError, match="another size"):
        check_streams(image)


def test_a_stream_may_hold_all_bits_that_are_allocated() -> None:
    image = mr_image(rows=48, columns=64)
    image.BitsStored, image.HighBit = 16, 15
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    image.BitsStored, image.HighBit = 12, 11
    assert np.array_equal(stored_values(image), pixels(0, rows=48, columns=64))


def test_a_stream_that_would_end_the_process_is_refused() -> None:
    image = compressed(JPEGLSLossless)
    start = b"\xff\xd8\xff\xf7\x00\x0b\x08" + struct.pack(">HH", 4096, 65535) + b"\x01\x01\x11\x00"
    image.PixelData = encapsulate([start + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(100) + b"\xff\xd9"])
    with pytest.raises(StreamError, match="another size"):
        stored_values(image)


@pytest.mark.parametrize("make", [jpeg, lambda: compressed(JPEGLSLossless)])
@pytest.mark.parametrize("lost", [2, 3, 60, 200])
def test_a_jpeg_without_its_end_is_refused(make: Callable[[], Dataset], lost: int) -> None:
    stream = get_frame(make().PixelData, 0).rstrip(b"\0")
    with pytest.raises(StreamError):
        stated(stream[:-lost])


def test_a_table_of_another_size_than_it_states_is_refused() -> None:
    stream = get_frame(jpeg().PixelData, 0)
    at = stream.index(b"\xff\xc4")
    with pytest.raises(StreamError, match="table"):
        stated(stream[: at + 8] + b"\xff" + stream[at + 9 :])


def test_segments_that_do_not_follow_on_each_other_are_refused() -> None:
    stream = get_frame(jpeg().PixelData, 0)
    at = stream.index(b"\xff\xc4")
    with pytest.raises(StreamError, match="follow"):
        stated(stream[:at] + b"\0" + stream[at:])


def test_tiles_without_end_are_refused() -> None:
    siz = struct.pack(">HIIIIIIIIHBBB", 0, 1 << 31, 1 << 31, 0, 0, 1, 1, 0, 0, 1, 15, 1, 1)
    with pytest.raises(StreamError, match="tiles"):
        stated(b"\xff\x4f\xff\x51" + struct.pack(">H", len(siz) + 2) + siz)


@pytest.mark.parametrize(
    "stream",
    [b"", b"\xff\xd8", b"\xff\xd8\xff\xda\x00\x02", b"\xff\xd8\xff\xc0\x00\x0b", b"\xff\x4f\xff\x51\x00", b"noise"],
)
def test_a_stream_without_a_header_is_refused(stream: bytes) -> None:
    with pytest.raises(StreamError):
        stated(stream)


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<16I", 4_000_000_000, *[64] * 15),
        struct.pack("<16I", 2, 64, 64, *[0] * 13),
        struct.pack("<16I", 2, 0, 70, *[0] * 13),
        struct.pack("<16I", 2, 64, 1 << 31, *[0] * 13),
        bytes(10),
    ],
)
def test_rle_segments_that_do_not_fit_are_refused(header: bytes) -> None:
    image = compressed(RLELossless)
    image.PixelData = encapsulate([header + bytes(40)])
    with pytest.raises(StreamError, match="RLE"):
        check_streams(image)


def test_fewer_frames_than_stated_are_refused() -> None:
    image = compressed(RLELossless)
    stream = get_frame(image.PixelData, 0)
    image.NumberOfFrames, image.PixelData = 3, encapsulate([stream, stream])
    with pytest.raises((StreamError, ValueError)):
        check_streams(image)
