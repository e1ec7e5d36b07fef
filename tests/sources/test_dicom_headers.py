from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_inflate
from cinemyo.sources.dicom_digests import pixel_digest
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.dicom_pixels import read_frames
from tests.fuzz.edits import raw, written
from tests.sources.dicom_files import mr_image, pixels, save

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


def test_deflated_data_are_read_as_plain_ones(tmp_path: Path) -> None:
    image = mr_image()
    plain = _read(save(image, tmp_path / "a.dcm"))
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found = _read(save(image, tmp_path / "b.dcm"))
    assert isinstance(found, Header)
    assert isinstance(plain, Header)
    assert (found.timing, pixel_digest(found), found.pixels.deflated) == (plain.timing, pixel_digest(plain), True)


def test_deflated_data_that_swell_beyond_reason_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_inflate, "LARGEST", 500)
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert _code(save(image, tmp_path / "a.dcm")) == "unreadable"


@pytest.mark.parametrize("frames", ["9" * 20, "9" * 300])
def test_deflated_data_that_claim_frames_without_number_are_refused(tmp_path: Path, frames: str) -> None:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    raw(image, "NumberOfFrames", frames.encode())
    path = tmp_path / "a.dcm"
    path.write_bytes(written(image) or b"")
    found = _read(path)
    assert isinstance(found, Header)
    assert (found.fault == "absurd_size", found.pixels.sound) in {(True, True), (False, False)}


def test_deflated_data_without_their_end_are_refused(tmp_path: Path) -> None:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(image, tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-3])
    assert _code(path) == "unreadable"


def test_transfer_syntax_without_a_decoder_is_named(tmp_path: Path) -> None:
    image = mr_image()
    image.file_meta.TransferSyntaxUID = MPEG2MPML
    image.PixelData = encapsulate([b"\0\0"])
    assert _code(save(image, tmp_path / "a.dcm")) == "unsupported_transfer_syntax"


@pytest.mark.parametrize("syntax", ["1.3.46.670589.33.1.4.1", "1.2.840.113619.5.2"])
def test_private_syntaxes_are_read_by_their_public_names(tmp_path: Path, syntax: str) -> None:
    image, order = mr_image(), ">" if syntax.startswith("1.2.840.113619") else "<"
    image.PixelData = pixels(0).astype(f"{order}u2").tobytes()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if order == "<" else ImplicitVRLittleEndian
    path = save(image, tmp_path / "a.dcm")
    stated = image.file_meta.TransferSyntaxUID.encode()
    content, longer = path.read_bytes(), syntax.encode() + b"\0" * (len(syntax) % 2)
    head = b"\x02\x00\x10\x00UI"
    old = head + (len(stated) + len(stated) % 2).to_bytes(2, "little") + stated + b"\0" * (len(stated) % 2)
    assert old in content
    path.write_bytes(content.replace(old, head + len(longer).to_bytes(2, "little") + longer))
    found = _read(path)
    assert isinstance(found, Header)
    assert np.array_equal(read_frames([found])[0].values, pixels(0))


def test_fragments_under_a_plain_syntax_are_no_pixels(tmp_path: Path) -> None:
    image = mr_image()
    image.compress(RLELossless, generate_instance_uid=False)
    path = save(image, tmp_path / "a.dcm")
    content = path.read_bytes().replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.1\0")
    path.write_bytes(content)
    found = _read(path)
    assert isinstance(found, Header)
    assert (found.pixels.offset, found.pixels.available) == (None, 0)


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
    assert pixel_digest(one) == pixel_digest(two)
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
