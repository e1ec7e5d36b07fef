from pathlib import Path

import pytest
from pydicom import Dataset

from cinemyo.deid.keys import load_key
from cinemyo.sources.dicom_codes import REASONS, sop_class_code
from cinemyo.sources.dicom_headers import Header, read_headers
from cinemyo.sources.dicom_selection import refusal
from tests.sources.dicom_files import MR, mr_image, save


def _refusal(image: Dataset, folder: Path) -> str | None:
    path = save(image, folder / "a.dcm")
    header = next(iter(read_headers(path, name="a.dcm", key=load_key("published"))))
    assert isinstance(header, Header)
    return refusal(header)


def test_frame_of_a_cine_is_kept(tmp_path: Path) -> None:
    assert _refusal(mr_image(), tmp_path) is None


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("SCOUT", "scout"),
        ("3-plane localizer", "scout"),
        ("T1map_MOLLI_sa", "map"),
        ("Qflow aorta", "flow"),
        ("fl2d1_v150in", "flow"),
        ("perfusion_stress", "perfusion"),
        ("LGE_PSIR_sa", "late_enhancement"),
        ("tagging_sax", "tagging"),
        ("cine realtime", "real_time"),
        ("cine_tfi2d1_stage2 SAX", None),
        ("CINE_segmented_SAX_b3", None),
    ],
)
def test_series_named_for_something_else_is_left_out(tmp_path: Path, description: str, code: str | None) -> None:
    image = mr_image()
    image.SeriesDescription = description
    assert _refusal(image, tmp_path) == code


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("ImageType", ["ORIGINAL", "PRIMARY", "P"], "flow"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], "scout"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "M", "MOSAIC"], "mosaic"),
        ("ImageType", ["DERIVED", "SECONDARY"], "derived"),
        ("ScanningSequence", ["GR", "IR"], "late_enhancement"),
        ("BurnedInAnnotation", "YES", "burned_in"),
        ("NumberOfFrames", 2, "truncated"),
        ("Rows", 4096, "absurd_size"),
        ("Columns", 2000, "absurd_size"),
        ("Rows", 30, "truncated"),
        ("Rows", 0, "missing_pixel_data"),
        ("PhotometricInterpretation", "PALETTE COLOR", "not_grayscale"),
        ("PatientID", "", "no_patient_id"),
        ("StudyInstanceUID", "", "missing_uid"),
        ("PixelSpacing", [0, 0], "bad_geometry"),
        ("PixelSpacing", None, "no_geometry"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "bad_geometry"),
        ("ImageOrientationPatient", [1, 0, 0, 0, 2, 0], "bad_geometry"),
        ("ImagePositionPatient", [0, 0, 1e6], "bad_geometry"),
    ],
)
def test_header_that_no_cine_has_is_left_out(tmp_path: Path, keyword: str, value: object, code: str) -> None:
    image = mr_image()
    setattr(image, keyword, value)
    assert _refusal(image, tmp_path) == code


def test_several_frames_in_one_object_are_left_out(tmp_path: Path) -> None:
    image = mr_image()
    image.NumberOfFrames = 2
    image.PixelData += image.PixelData
    assert _refusal(image, tmp_path) == "multiframe"


@pytest.mark.parametrize(
    ("sop_class", "code"),
    [
        (MR, None),
        (f"{MR}.1", None),
        (f"{MR}.4", None),
        (f"{MR}.2", "spectroscopy"),
        (f"{MR}.3", "other_sop_class"),
        ("1.2.840.10008.5.1.4.1.1.7", "secondary_capture"),
        ("1.2.840.10008.5.1.4.1.1.7.2", "secondary_capture"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "structured_report"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation_state"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "encapsulated_document"),
        ("1.2.840.10008.5.1.4.1.1.66", "raw_data"),
        ("1.2.840.10008.1.3.10", "dicomdir"),
        ("1.2.840.10008.5.1.4.1.1.2", "other_sop_class"),
        ("", "other_sop_class"),
    ],
)
def test_other_sop_classes_are_named(sop_class: str, code: str | None) -> None:
    assert sop_class_code(sop_class) == code


def test_every_code_fits_the_table() -> None:
    assert all(code.isidentifier() and code.islower() for code in REASONS)
