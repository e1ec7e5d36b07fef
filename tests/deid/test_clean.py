import contextlib
import io
from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.sequence import Sequence

from cinemyo.deid import allowed
from cinemyo.deid import clean as clean_module
from cinemyo.deid.clean import METHODS, clean
from cinemyo.deid.clean_pixels import SearchedPixels
from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import Key, load_key
from cinemyo.errors import SourceError
from tests.sources.dicom_files import mr_image, pixels, set_pixels

KEY = load_key("published")
NAME = "Zyxwvut"
UID = "1.9.8765432"
MARKERS = {
    **dict.fromkeys(("PN", "LO", "SH", "LT", "ST", "UT", "UC", "UR", "AE"), NAME),
    **{"DA": "19431217", "DT": "19431217112233", "TM": "112233.77", "UI": UID, "AS": "097Y", "CS": "ZYXWVUT-9"},
}
TRACES = (NAME, "19431217", "112233.77", UID, "097Y", "ZYXWVUT-9")


def _fill(dataset: Dataset) -> Dataset:
    """Puts a marker into every attribute of the dictionary whose type can name a person, a place or a time."""
    for tag, (vr, multiplicity, *_rest) in DicomDictionary.items():
        if vr in MARKERS and tag >> 16 not in {0x0002, 0x0000} and multiplicity != "0":
            dataset.add(DataElement(tag, vr, MARKERS[vr]))
    block = dataset.private_block(0x0019, NAME, create=True)
    block.add_new(0x01, "LO", NAME)
    for group in (0x6000, 0x6002, 0x5000):
        dataset.add(DataElement((group << 16) + 0x3000, "OW", NAME.encode() + b"\0"))
    dataset.add(DataElement(0x60000022, "LO", NAME))
    dataset.add(DataElement(0xFFFCFFFC, "OB", NAME.encode() + b"\0"))
    return dataset


@pytest.fixture(scope="module")
def marked() -> Dataset:
    with quiet():
        image = _fill(mr_image())
        image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        inner = _fill(Dataset())
        outer = _fill(Dataset())
        outer.FrameContentSequence = Sequence([inner])
        image.PerFrameFunctionalGroupsSequence = Sequence([outer])
        image.ReferencedStudySequence = Sequence([_fill(Dataset())])
        set_pixels(image, pixels(0))
        image.file_meta.SourceApplicationEntityTitle = NAME
        image.preamble = NAME.encode().ljust(128, b"\0")
        image.BurnedInAnnotation = "NO"
    return image


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        yield element
        for item in element.value if element.VR == "SQ" else ():
            yield from _elements(item)


def _written(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_no_marker_in_any_value(marked: Dataset) -> None:
    leaks = [
        element.keyword
        for element in _elements(clean(marked, key=KEY))
        if element.VR != "SQ" and any(trace in str(element.value) for trace in TRACES)
    ]
    assert leaks == []


def test_no_marker_in_the_bytes(marked: Dataset) -> None:
    content = _written(clean(marked, key=KEY))
    assert [trace for trace in TRACES if trace.encode() in content] == []


def test_nothing_but_listed_attributes_at_any_depth(marked: Dataset) -> None:
    listed = allowed.NUMBERS.union(
        allowed.CODES, allowed.TEXTS, allowed.KEYED_UIDS, allowed.POINTERS, allowed.SEQUENCES
    )
    codes = {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
    found = {element.keyword for element in _elements(clean(marked, key=KEY))}
    assert found <= listed | allowed.EMPTIED | allowed.WRITTEN | codes


def test_nested_items_are_kept_and_cleaned(marked: Dataset) -> None:
    inner = clean(marked, key=KEY).PerFrameFunctionalGroupsSequence[0].FrameContentSequence[0]
    assert {keyword_for_tag(tag) for tag in inner.keys()} <= allowed.KEYED_UIDS.union(allowed.STAND_INS)  # noqa: SIM118


def test_input_is_left_as_it_is(marked: Dataset) -> None:
    with quiet():
        before = marked.to_json()
        clean(marked, key=KEY)
        assert marked.to_json() == before


def test_age_of_ninety_seven_is_pooled(marked: Dataset) -> None:
    assert clean(marked, key=KEY).PatientAge == "090Y"


def test_dates_and_times_are_empty() -> None:
    cleaned = clean(mr_image(), key=KEY)
    assert all(not element.value for element in _elements(cleaned) if element.VR in {"DA", "TM", "DT"})


def test_method_is_written_down() -> None:
    cleaned = clean(mr_image(), key=KEY)
    codes = [(item.CodeValue, item.CodeMeaning) for item in cleaned.DeidentificationMethodCodeSequence]
    assert (cleaned.PatientIdentityRemoved, cleaned.LongitudinalTemporalInformationModified) == ("YES", "REMOVED")
    assert codes == list(METHODS)


def test_method_names_the_key_by_its_id_alone() -> None:
    method = clean(mr_image(), key=KEY).DeidentificationMethod
    assert KEY.id in method
    assert len(method) <= 64


def test_uids_agree_within_a_series_and_differ_between_keys() -> None:
    other = Key(b"another key of more than thirty-two bytes")
    one, two = clean(mr_image(phase=0), key=KEY), clean(mr_image(phase=1), key=KEY)
    assert one.SeriesInstanceUID == two.SeriesInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert clean(mr_image(), key=other).SeriesInstanceUID != one.SeriesInstanceUID


def test_patient_and_name_are_the_pseudonym_of_ingest() -> None:
    cleaned = clean(mr_image(patient="SCD0000101"), key=KEY)
    assert cleaned.PatientID == str(cleaned.PatientName) == "p-toyvujelly5cbwcc"


def test_series_description_becomes_a_code() -> None:
    image = mr_image()
    image.SeriesDescription = "cine SSFP SAX of Mr Smith"
    assert clean(image, key=KEY).SeriesDescription == "CINE_SSFP_SA"


def test_attribute_with_a_foreign_type_is_dropped() -> None:
    image = mr_image()
    del image.EchoTime
    image.add(DataElement(0x00180081, "LO", "Smith"))
    assert "EchoTime" not in clean(image, key=KEY)


def test_number_that_is_none_is_dropped() -> None:
    with quiet():
        image = pydicom.dcmread(
            io.BytesIO(
                _written(mr_image()).replace(b"\x18\x00\x60\x10DS\x04\x000.0 ", b"\x18\x00\x60\x10DS\x04\x00JOHN")
            )
        )
        assert "TriggerTime" not in clean(image, key=KEY)


def test_pixels_and_trigger_time_are_kept() -> None:
    cleaned = pydicom.dcmread(io.BytesIO(_written(clean(mr_image(phase=3), key=KEY))))
    assert np.array_equal(cleaned.pixel_array, pixels(3))
    assert cleaned.TriggerTime == 270


def test_overlay_in_spare_bits_is_removed() -> None:
    image = mr_image()
    set_pixels(image, pixels(0) | 0x8000)
    assert np.array_equal(np.frombuffer(clean(image, key=KEY).PixelData, "<u2").reshape(24, 20), pixels(0))


def test_bytes_after_the_last_pixel_are_removed() -> None:
    image = mr_image()
    image.PixelData += NAME.encode() + b"\0"
    with quiet():
        assert NAME.encode() not in clean(image, key=KEY).PixelData


def test_signed_pixels_keep_their_sign() -> None:
    image = mr_image()
    values = pixels(0).astype(np.int16) - 2048
    set_pixels(image, values)
    assert np.array_equal(np.frombuffer(clean(image, key=KEY).PixelData, "<i2").reshape(24, 20), values)


def test_header_without_pixels_is_cleaned_too() -> None:
    image = mr_image()
    del image.PixelData
    assert "PixelData" not in clean(image, key=KEY)


def test_broken_pixels_are_refused() -> None:
    image = mr_image()
    image.PixelData = b"\0\0"
    with pytest.raises(SourceError, match="pixels that can be decoded"):
        clean(image, key=KEY)


def test_image_of_nobody_is_refused() -> None:
    image = mr_image(patient="")
    with pytest.raises(SourceError, match="a PatientID"):
        clean(image, key=KEY)


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
def test_object_of_no_class_or_number_is_refused(keyword: str) -> None:
    image = mr_image()
    setattr(image, keyword, "")
    with pytest.raises(SourceError, match="a standard SOP class"):
        clean(image, key=KEY)


def test_burned_in_text_is_refused() -> None:
    image = mr_image()
    image.BurnedInAnnotation = "YES"
    with pytest.raises(SourceError, match="BurnedInAnnotation"):
        clean(image, key=KEY)


@settings(max_examples=40, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(132, 900), st.integers(0, 255)), max_size=20))
def test_damaged_data_are_cleaned_or_refused(damage: list[tuple[int, int]]) -> None:
    content = bytearray(_written(mr_image()))
    for position, value in damage:
        content[position] = value
    try:
        with quiet():
            image = pydicom.dcmread(io.BytesIO(content))
    except Exception:  # not ours to read
        return
    with contextlib.suppress(SourceError):
        _written(clean(image, key=KEY))


def test_names_in_unlisted_elements_of_enhanced_objects_go() -> None:
    image = mr_image()
    item, content = Dataset(), Dataset()
    content.FrameComments, content.TemporalPositionIndex = NAME, 3
    content.FrameAcquisitionDateTime = MARKERS["DT"]
    item.FrameContentSequence = Sequence([content])
    image.PerFrameFunctionalGroupsSequence = Sequence([item])
    kept = clean(image, key=KEY).PerFrameFunctionalGroupsSequence[0].FrameContentSequence[0]
    assert [element.keyword for element in kept] == ["TemporalPositionIndex"]


def test_pointers_to_private_tags_go() -> None:
    image = mr_image()
    public, private = Dataset(), Dataset()
    public.DimensionIndexPointer, private.DimensionIndexPointer = 0x00209128, 0x20051001
    image.DimensionIndexSequence = Sequence([public, private])
    kept = clean(image, key=KEY).DimensionIndexSequence
    assert [len(item) for item in kept] == [1, 0]


def test_a_number_of_eight_digits_goes() -> None:
    image = mr_image()
    image.SeriesNumber = 19431217
    assert "SeriesNumber" not in clean(image, key=KEY)


def test_a_code_that_nobody_defines_goes() -> None:
    image = mr_image()
    image.ScanOptions = "DUPONT"
    assert "ScanOptions" not in clean(image, key=KEY)


def test_an_unknown_image_type_becomes_other() -> None:
    image = mr_image()
    image.ImageType = ["ORIGINAL", "PRIMARY", "DUPONT"]
    assert list(clean(image, key=KEY).ImageType) == ["ORIGINAL", "PRIMARY", "OTHER"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("*tfi2d1_20", True), ("tfl3d1", True), ("dicom2nifti", False), ("Dupont", False), ("J D 1943", False)],
)
def test_sequence_name_is_kept_where_it_looks_like_one(name: str, *, kept: bool) -> None:
    image = mr_image()
    image.SequenceName = name
    assert ("SequenceName" in clean(image, key=KEY)) is kept


def test_model_is_written_in_known_words() -> None:
    image = mr_image()
    image.ManufacturerModelName = "SIGNA HDxt of Dr Dupont"
    assert clean(image, key=KEY).ManufacturerModelName == "SIGNA HDXT"


def test_unsearched_pixels_are_not_called_clean() -> None:
    cleaned = clean(mr_image(), key=KEY)
    assert "BurnedInAnnotation" not in cleaned
    assert "113101" not in [item.CodeValue for item in cleaned.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize(("score", "said"), [(0.2, True), (0.5, False)])
def test_pixels_are_called_clean_where_no_text_was_found(score: float, *, said: bool) -> None:
    cleaned = clean(mr_image(), key=KEY, searched=SearchedPixels(pixels(0), score))
    assert (cleaned.get("BurnedInAnnotation") == "NO") is said
    assert ("113101" in [item.CodeValue for item in cleaned.DeidentificationMethodCodeSequence]) is said


def test_lossy_pixels_are_called_lossy() -> None:
    image = pydicom.dcmread(io.BytesIO(_written(mr_image())))
    image.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"
    cleaned = clean(image, key=KEY, searched=SearchedPixels(pixels(0), 0.0))
    assert (cleaned.LossyImageCompression, cleaned.LossyImageCompressionMethod) == ("01", "ISO_15444_1")


def test_what_the_table_lists_is_never_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    image = mr_image()
    image.PatientWeight = 77
    monkeypatch.setattr(clean_module, "_COPIED", clean_module.copied(allowed.NUMBERS | {"PatientWeight"}))
    assert "PatientWeight" not in clean(image, key=KEY)
