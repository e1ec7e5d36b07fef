from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from cinemyo.sources.dicom_parse import BEGINNING, Parsed, parse
from tests.sources.dicom_files import mr_image, pixels, save


def _parsed(content: bytes) -> Parsed:
    found = parse(content[:BEGINNING], BytesIO(content))
    assert isinstance(found, Parsed)
    return found


def _write(image: Dataset, folder: Path, syntax: str) -> bytes:
    image.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        image.PixelData = pixels(0).astype(">u2").tobytes()
    return save(image, folder / "a.dcm").read_bytes()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_full_parse_finds_the_pixels_where_the_walk_does(tmp_path: Path, syntax: str) -> None:
    plain, foreign = mr_image(), mr_image()
    foreign.SpecificCharacterSet, foreign.SeriesDescription = "ISO_IR 100", "Kürzel"
    for image in (plain, foreign):
        content = _write(image, tmp_path, syntax)
        found = _parsed(content)
        assert found.at == len(content) - 960
        assert found.span == (found.at, len(content))


def test_letters_beyond_ascii_are_read(tmp_path: Path) -> None:
    image = mr_image()
    image.SpecificCharacterSet, image.SeriesDescription = "ISO_IR 192", "Kürzel"
    assert _parsed(_write(image, tmp_path, ExplicitVRLittleEndian)).values.get("SeriesDescription") == "Kürzel"


def test_compressed_pixels_reach_to_the_end(tmp_path: Path) -> None:
    image = mr_image()
    image.compress(RLELossless, generate_instance_uid=False)
    found = _parsed(_write(image, tmp_path, RLELossless))
    assert found.span == (found.start, None)


def test_header_longer_than_the_beginning_is_parsed_in_full(tmp_path: Path) -> None:
    image = mr_image()
    image.add_new(0x00091001, "UN", bytes(BEGINNING))
    content = _write(image, tmp_path, ExplicitVRLittleEndian)
    found = _parsed(content)
    assert (found.at, found.values.get("PatientID")) == (len(content) - 960, "P1")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_dicom"),
        (b"x" * 200, "not_dicom"),
        (bytes(128) + b"DICM\x02\x00\x10\x00ZZ" + b"\xff" * 40, "unreadable"),
    ],
)
def test_bytes_that_are_no_image_end_in_a_code(content: bytes, code: str) -> None:
    assert parse(content, BytesIO(content)) == code
