"""Every attribute of the standard's table, with a value of its own at each depth: none comes through."""

import io
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.sequence import Sequence
from typer.testing import CliRunner

from cinemyo.cli import app
from cinemyo.deid import allowed
from cinemyo.deid.clean import clean
from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import load_key
from tests.deid.exports import enhanced
from tests.deid.planted import Planter, elements, table_tags
from tests.sources.dicom_files import mr_image

KEY = load_key("published")


def _planted(planter: Planter, tags: list[int]) -> Dataset:
    """An enhanced object with all tags at the top, in functional groups, two deep, and private ones at each depth."""
    image = enhanced()
    kept = {name: image[name] for name in ("SOPClassUID", "PerFrameFunctionalGroupsSequence")}
    planter.private(planter.into(image, tags))
    for name, element in kept.items():
        image[name] = element
    image.PatientSex, image.PatientAge, image.BurnedInAnnotation = "F", "045Y", "NO"
    for group in image.PerFrameFunctionalGroupsSequence[:2]:
        inner = group.FrameContentSequence[0]
        planter.private(planter.into(group, [tag for tag in tags if tag not in group]))
        planter.private(planter.into(inner, [tag for tag in tags if tag not in inner]))
    image.SharedFunctionalGroupsSequence = Sequence([planter.private(planter.into(Dataset(), tags))])
    image.ReferencedStudySequence = Sequence([planter.private(planter.into(Dataset(), tags))])
    image.file_meta.SourceApplicationEntityTitle = planter.text("00020016")
    image.file_meta.SendingApplicationEntityTitle = planter.text("00020017")
    image.file_meta.PrivateInformationCreatorUID = "1.9.87654.0"
    image.file_meta.PrivateInformation = planter.text("00020102").encode()
    image.preamble = planter.text("preamble").encode().ljust(128, b"\0")
    return image


def _written(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    with quiet():
        dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture(scope="module")
def planter() -> Planter:
    return Planter()


@pytest.fixture(scope="module")
def marked(planter: Planter) -> Dataset:
    with quiet():
        return _planted(planter, table_tags())


@pytest.fixture(scope="module")
def shared(marked: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `cinemyo deidentify` writes of the marked object."""
    base = tmp_path_factory.mktemp("planted")
    (base / "in").mkdir()
    (base / "in" / "ZQfile.dcm").write_bytes(_written(marked))
    result = CliRunner().invoke(
        app, ["deidentify", str(base / "in"), "--out", str(base / "out"), "--key", "published", "--workers", "1"]
    )
    assert result.exit_code == 0
    return base / "out"


def test_the_table_is_planted_at_every_depth(marked: Dataset, planter: Planter) -> None:
    assert len(table_tags()) >= 650
    assert sum(1 for _ in elements(marked)) > 4 * 650
    assert len(planter.planted) > 4 * 613


def test_no_planted_value_is_in_what_clean_returns(marked: Dataset, planter: Planter) -> None:
    values = "\n".join(str(element.value) for element in elements(clean(marked, key=KEY)) if element.VR != "SQ")
    assert {planter.planted[text] for text in planter.planted if text in values} == set()


def test_no_planted_value_is_in_the_bytes_of_what_clean_returns(marked: Dataset, planter: Planter) -> None:
    content = _written(clean(marked, key=KEY))
    assert {planter.planted[text] for text in planter.planted if text.encode() in content} == set()


def test_no_planted_value_is_in_the_files_of_the_command(shared: Path, planter: Planter) -> None:
    files = [path for path in shared.rglob("*") if path.is_file()]
    assert len(list((shared / "share").rglob("*.dcm"))) == 1
    content = b"".join(path.read_bytes() + path.as_posix().encode() for path in files)
    assert {planter.planted[text] for text in planter.planted if text.encode() in content} == set()
    assert b"ZQ" not in b"".join(path.relative_to(shared).as_posix().encode() for path in files)


def test_of_the_table_only_what_is_listed_is_in_the_file(shared: Path) -> None:
    image = pydicom.dcmread(next((shared / "share").rglob("*.dcm")))
    tags = set(table_tags())
    found = {element.keyword for element in elements(image) if element.tag in tags and element.value}
    replaced = {"PatientID", "PatientName", "DeviceSerialNumber", "SeriesDescription"}
    assert found == allowed.KEPT.keys() | replaced | {
        *("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "DimensionOrganizationUID"),
    }


def test_file_meta_and_preamble_are_ours(shared: Path) -> None:
    image = pydicom.dcmread(next((shared / "share").rglob("*.dcm")))
    assert image.preamble == b"\0" * 128
    assert {element.keyword for element in image.file_meta} == {
        *("FileMetaInformationGroupLength", "FileMetaInformationVersion", "MediaStorageSOPClassUID"),
        *("MediaStorageSOPInstanceUID", "TransferSyntaxUID", "ImplementationClassUID", "ImplementationVersionName"),
    }


def test_of_the_whole_dictionary_only_numbers_come_through() -> None:
    tags = [tag for tag, (vr, *_) in DicomDictionary.items() if vr != "NONE" and tag >> 16 > 0x0004]
    planter = Planter()
    with quiet():
        item = planter.into(Dataset(), tags)
        image = enhanced()
        image.PerFrameFunctionalGroupsSequence.append(item)
        kept = clean(image, key=KEY).PerFrameFunctionalGroupsSequence[-1]
    values = "\n".join(str(element.value) for element in elements(kept) if element.VR != "SQ")
    assert {planter.planted[text] for text in planter.planted if text in values} == set()
    found = {element.keyword for element in elements(kept) if element.VR != "SQ"}
    assert found <= allowed.NUMBERS | allowed.KEYED_UIDS | allowed.STAND_INS.keys()


TAGS = sorted(tag for tag, (vr, *_) in DicomDictionary.items() if tag >> 16 > 0x0004 and vr != "NONE")
NAMES = sorted(allowed.SEQUENCES | {"ReferencedImageSequence", "ContentSequence", "ProcedureCodeSequence"})
LISTED = allowed.NUMBERS.union(
    allowed.CODES, allowed.TEXTS, allowed.KEYED_UIDS, allowed.POINTERS, allowed.SEQUENCES, allowed.EMPTIED,
    allowed.WRITTEN, {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"},
)  # fmt: skip


@st.composite
def nested(draw: Any, depth: int = 0) -> Dataset:
    """A data set of any attributes, with sequences of the same in it."""
    dataset = Dataset()
    marks = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=6, max_size=10).map(lambda text: f"ZQ{text}")
    for tag in draw(st.lists(st.sampled_from(TAGS), max_size=6, unique=True)):
        # a foreign VR on purpose: what matters is the name and what stands in it
        dataset.add(DataElement(tag, draw(st.sampled_from(["LO", "CS", "SH", "ST", "UT"])), draw(marks)))
    if draw(st.booleans()):
        dataset.private_block(0x0019, draw(marks), create=True).add_new(0x01, "LO", draw(marks))
    if depth < 3:
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
            setattr(dataset, name, Sequence([draw(nested(depth=depth + 1))]))
    return dataset


@settings(max_examples=60, deadline=None, derandomize=True)
@given(extra=nested())
def test_nothing_that_is_not_listed_comes_through_any_nesting(extra: Dataset) -> None:
    with quiet():
        image = mr_image()
        for element in extra:
            if element.tag not in image:
                image.add(element)
        cleaned = clean(image, key=KEY)
    assert {keyword_for_tag(element.tag) for element in elements(cleaned)} <= LISTED
    assert not any("ZQ" in str(element.value) for element in elements(cleaned) if element.VR != "SQ")
