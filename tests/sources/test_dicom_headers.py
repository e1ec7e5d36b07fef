from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import load_key
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from tests.sources.dicom_files import mr_image, save

KEY = load_key("published")


def _read(path: Path) -> Header | Refusal:
    found = read_headers(path, name=path.name, key=KEY)
    return found if isinstance(found, Refusal) else found[0]


def _code(path: Path) -> str:
    found = _read(path)
    assert isinstance(found, Refusal)
    return found.code


def test_text_is_no_dicom(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x,y\n1,2\n")
    assert _code(tmp_path / "a.txt") == "not_dicom"


def test_empty_file_is_no_dicom(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert _code(tmp_path / "a") == "not_dicom"


def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    assert _code(tmp_path / "gone") == "unreadable"


def test_garbage_behind_the_preamble_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00ZZ" + b"\xff" * 40)
    assert _code(tmp_path / "a.dcm") == "unreadable"


def test_deflated_data_are_refused_before_they_are_inflated(tmp_path: Path) -> None:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert _code(save(image, tmp_path / "a.dcm")) == "unsupported_transfer_syntax"


def test_data_set_without_preamble_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    image = mr_image()
    image.save_as(path, enforce_file_format=False)
    path.write_bytes(path.read_bytes().removeprefix(b"\0" * 128 + b"DICM"))
    found = _read(path)
    assert isinstance(found, Header)
    assert found.identity.patient == "P1"


def test_uids_with_leading_zeros_are_read_without_a_word(tmp_path: Path) -> None:
    image = mr_image()
    with quiet():
        image.StudyInstanceUID = "1.2.03.04"
        save(image, tmp_path / "a.dcm")
    found = _read(tmp_path / "a.dcm")
    assert isinstance(found, Header)
    assert found.identity.study == "1.2.03.04"


def test_digest_of_the_pixels_does_not_depend_on_the_header(tmp_path: Path) -> None:
    other = mr_image()
    other.PatientID = "another patient"
    one, two = _read(save(mr_image(), tmp_path / "a.dcm")), _read(save(other, tmp_path / "b.dcm"))
    assert isinstance(one, Header)
    assert isinstance(two, Header)
    assert one.pixels.digest == two.pixels.digest
    assert one.file.digest != two.file.digest


def test_header_without_pixels_says_so(tmp_path: Path) -> None:
    image = mr_image()
    del image.PixelData
    found = _read(save(image, tmp_path / "a.dcm"))
    assert isinstance(found, Header)
    assert found.pixels.available == 0


@pytest.mark.parametrize("count", [0, 1])
def test_number_of_images_below_two_says_nothing(tmp_path: Path, count: int) -> None:
    image = mr_image()
    image.CardiacNumberOfImages = count
    found = _read(save(image, tmp_path / "a.dcm"))
    assert isinstance(found, Header)
    assert found.timing.n_images is None


def test_sexes_other_than_two_are_unknown(tmp_path: Path) -> None:
    image = mr_image()
    image.PatientSex = "O"
    found = _read(save(image, tmp_path / "a.dcm"))
    assert isinstance(found, Header)
    assert found.identity.sex is None
