from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cinemyo.deid.decoding import quiet
from cinemyo.sources.dicom_elements import Elements, elements, tags
from cinemyo.sources.dicom_facts import KEYWORDS, geometry, identity, pixel_facts, protocol, timing
from cinemyo.sources.dicom_parse import Resolved
from tests.shared import EDGE, SUNNYBROOK, needs
from tests.sources.dicom_files import mr_image, pixels, save, set_pixels

WANTED = tags(KEYWORDS)
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian)


def _walk(path: Path) -> Elements | None:
    return elements(path.read_bytes(), wanted=WANTED, whole=True)


def _facts(values: object) -> tuple[object, ...]:
    pixel = pixel_facts(values, syntax="", at=0, available=0, digest="")
    return (*(read(values) for read in (identity, protocol, geometry, timing)), pixel)


def _write(image: Dataset, path: Path, syntax: str) -> Path:
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        image.PixelData = pixels(0).astype(">u2").tobytes()
    return save(image, path)


def _same_as_pydicom(path: Path) -> bool:
    found = _walk(path)
    with quiet():
        parsed = pydicom.dcmread(path)
        full = Resolved({keyword: parsed.get(keyword) for keyword in KEYWORDS})
        return found is not None and _facts(found) == _facts(full)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_values_are_those_of_a_full_parse(tmp_path: Path, syntax: str) -> None:
    image = mr_image()
    image.FlipAngle, image.ScanOptions, image.HeartRate = 50, ["CG", "RG"], 66
    assert _same_as_pydicom(_write(image, tmp_path / "a.dcm", syntax))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_pixels_are_where_they_are_said_to_be(tmp_path: Path, syntax: str) -> None:
    path = _write(mr_image(), tmp_path / "a.dcm", syntax)
    found = _walk(path)
    assert found is not None
    assert found.pixels_at == path.stat().st_size - 24 * 20 * 2


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("length", ["defined", "undefined"])
def test_sequences_are_stepped_over(tmp_path: Path, syntax: str, length: str) -> None:
    inner, outer, image = Dataset(), Dataset(), mr_image()
    inner.PatientID, outer.EchoTime = "another", 9
    outer.ReferencedImageSequence = Sequence([inner, Dataset()])
    outer["ReferencedImageSequence"].is_undefined_length = length == "undefined"
    image.ReferencedStudySequence = Sequence([outer, Dataset()])
    image["ReferencedStudySequence"].is_undefined_length = length == "undefined"
    path = _write(image, tmp_path / "a.dcm", syntax)
    found = _walk(path)
    assert found is not None
    assert (identity(found).patient, protocol(found).echo_ms) == ("P1", 1.5)


def test_unsigned_padding_is_read(tmp_path: Path) -> None:
    image = mr_image()
    set_pixels(image, pixels(0))
    image.add_new("PixelPaddingValue", "US", 65000)
    assert _same_as_pydicom(save(image, tmp_path / "a.dcm"))


def test_letters_beyond_ascii_are_left_to_a_full_parse(tmp_path: Path) -> None:
    image = mr_image()
    image.SpecificCharacterSet, image.SeriesDescription = "ISO_IR 192", "kurze Achse für Sänger"
    assert _walk(save(image, tmp_path / "a.dcm")) is None


def test_bytes_without_file_meta_are_left_to_a_full_parse() -> None:
    assert elements(b"\0" * 128 + b"DICM", wanted=WANTED, whole=True) is None


def test_length_beyond_the_file_is_left_to_a_full_parse(tmp_path: Path) -> None:
    content = bytearray(save(mr_image(), tmp_path / "a.dcm").read_bytes())
    at = content.index(b"\x10\x00\x20\x00LO")
    content[at + 6 : at + 8] = b"\xff\xff"
    assert elements(bytes(content), wanted=WANTED, whole=True) is None


def test_sequences_nested_without_end_are_left(tmp_path: Path) -> None:
    content = save(mr_image(), tmp_path / "a.dcm").read_bytes()
    at = content.index(b"\x10\x00\x20\x00LO")
    level = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert elements(content[:at] + level * 100_000, wanted=WANTED, whole=True) is None


def test_beginning_of_a_file_without_its_pixels_is_left(tmp_path: Path) -> None:
    content = save(mr_image(), tmp_path / "a.dcm").read_bytes()
    assert elements(content[:600], wanted=WANTED, whole=False) is None


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damage=st.lists(st.tuples(st.integers(132, 1200), st.integers(0, 255)), min_size=1, max_size=5))
def test_damage_ends_in_values_or_in_none(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    content = bytearray(save(mr_image(), tmp_path / "a.dcm").read_bytes())
    for at, value in damage:
        content[at] = value
    found = elements(bytes(content), wanted=WANTED, whole=True)
    assert found is None or len(_facts(found)) == 5


@needs(SUNNYBROOK)
@pytest.mark.parametrize("name", ["SCD0000101/1.dcm", "SCD0000201/260.dcm"])
def test_real_files_read_as_by_a_full_parse(name: str) -> None:
    assert _same_as_pydicom(SUNNYBROOK / name)


@needs(EDGE)
@pytest.mark.parametrize(
    "name", ["classic_rle", "classic_implicit_vr", "classic_big_endian", "classic_jpeg2000_lossless"]
)
def test_files_of_other_makers_read_as_by_a_full_parse(name: str) -> None:
    assert _same_as_pydicom(EDGE / f"{name}.dcm")
