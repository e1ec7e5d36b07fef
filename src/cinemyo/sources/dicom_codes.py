"""Why a DICOM file, series or cine is left out: every code, and what it means in one sentence."""

from typing import Final

REASONS: Final[dict[str, str]] = {
    "not_dicom": "the file is not DICOM",
    "dicomdir": "a directory of media, not an image",
    "unreadable": "the file cannot be opened, or its header cannot be parsed",
    "archive": "a zip archive, whose members are accounted for one by one",
    "bad_archive": "a zip archive, or a member of one, that is damaged or has been changed meanwhile",
    "archive_bomb": "a zip archive that claims more than any export holds, or a member that swells beyond reason",
    "nested_archive": "a zip archive more than one archive deep",
    "encrypted": "a member of a zip archive under a password",
    "unsupported_transfer_syntax": "no decoder here knows the transfer syntax",
    "no_functional_groups": "an enhanced object that says nothing of its frames",
    "malformed_enhanced": "an enhanced object whose functional groups do not fit its frames",
    "secondary_capture": "a screen capture, not an acquired image",
    "structured_report": "a structured report, not an image",
    "presentation_state": "a presentation state, not an image",
    "encapsulated_document": "a document, not an image",
    "spectroscopy": "MR spectroscopy, not an image",
    "raw_data": "raw data, not an image",
    "other_sop_class": "not an MR image",
    "missing_uid": "no study, series or instance UID",
    "no_patient_id": "no PatientID, so the image belongs to nobody",
    "missing_pixel_data": "a header without pixels",
    "absurd_size": "over 2048 rows or columns, or a header that claims far more pixels than the file holds",
    "truncated": "the file ends before its last pixel",
    "multiframe": "several frames in one classic MR object that does not say when each was taken",
    "bad_pixel_facts": "sign, rescaling, padding or number of frames that no image can have",
    "not_grayscale": "a colour image",
    "burned_in": "the header says that identifying text is burned into the pixels",
    "derived": "computed from other images",
    "mosaic": "several images tiled into one",
    "scout": "a localiser",
    "map": "a parametric map",
    "flow": "phase-contrast flow",
    "perfusion": "first-pass perfusion",
    "late_enhancement": "late enhancement or inversion recovery",
    "tagging": "myocardial tagging",
    "not_ssfp": "the headers together speak against a steady-state free precession cine",
    "real_time": "frames of more than one heart beat",
    "time_series": "frames further apart than those of one heart beat",
    "no_geometry": "no orientation, position or pixel spacing",
    "bad_geometry": "orientation, position or pixel spacing that no image can have",
    "duplicate": "the same image is there already",
    "duplicate_uid": "another image bears the same instance UID",
    "single_image": "one image at this position, so not a cine",
    "too_few_phases": "too few phases for a cine",
    "too_many_phases": "more phases than one heart beat holds",
    "incomplete": "fewer than 90 % of the expected phases",
    "repeat": "an acquisition that was repeated later at the same position",
    "no_phase_order": "nothing in the headers puts the frames in order",
    "broken_pixels": "pixels that cannot be decoded",
}

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1"
_MR: Final = frozenset({f"{_STORAGE}.4", f"{_STORAGE}.4.1", f"{_STORAGE}.4.4"})
_BY_PREFIX: Final = (
    ("1.2.840.10008.1.3.10", "dicomdir"),
    (f"{_STORAGE}.4.2", "spectroscopy"),
    (f"{_STORAGE}.7", "secondary_capture"),
    (f"{_STORAGE}.11", "presentation_state"),
    (f"{_STORAGE}.66", "raw_data"),
    (f"{_STORAGE}.88", "structured_report"),
    (f"{_STORAGE}.104", "encapsulated_document"),
)


def sop_class_code(sop_class: str) -> str | None:
    """Why this SOP class is not read, or None for classic, enhanced and legacy converted enhanced MR images.

    Source: DICOM PS3.4 2024, B.5 (standard SOP classes)
    """
    if sop_class in _MR:
        return None
    known = (code for prefix, code in _BY_PREFIX if sop_class == prefix or sop_class.startswith(f"{prefix}."))
    return next(known, "other_sop_class")
