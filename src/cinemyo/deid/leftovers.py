"""The last look at what is about to be written: values of the original that name someone must not be in it."""

import re
from typing import Final

from pydicom import Dataset

_NAMES: Final = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ReferringPhysicianName"),
    *("PerformingPhysicianName", "OperatorsName", "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy"),
    *("RequestingPhysician", "ResponsiblePerson", "InstitutionName", "StationName", "InstitutionalDepartmentName"),
)
_NUMBERS: Final = (
    *("PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "PatientBirthDate", "StudyDate", "SeriesDate"),
    *("AcquisitionDate", "ContentDate", "DeviceSerialNumber", "StudyInstanceUID", "SeriesInstanceUID"),
    *("SOPInstanceUID", "FrameOfReferenceUID", "PatientTelephoneNumbers", "AdmissionID"),
)
_SHORTEST_WORD: Final = 4
_SHORTEST_NUMBER: Final = 7
"""Fewer digits than that occur in keyed UIDs by chance."""


def left_over(dataset: Dataset, header: bytes) -> list[str]:
    """Keywords of the attributes of the original `dataset` of which a value, or a part of a name, is in `header`.

    `header` is what is about to be written, up to the pixels.

    Source: domain.md B.4, item 2
    """
    content = header.lower()
    found = []
    for keyword in (*_NAMES, *_NUMBERS):
        values = _values(dataset, keyword)
        parts = _words(values) if keyword in _NAMES else values
        if any(part.encode("utf-8", "replace") in content for part in parts if _tells(part)):
            found.append(keyword)
    return found


def _values(dataset: Dataset, keyword: str) -> list[str]:
    try:
        value = dataset.get(keyword)
    except Exception:  # a broken element has no value that could have been copied
        return []
    return [part.strip().lower() for part in str(value or "").split("\\") if part.strip()]


def _words(values: list[str]) -> list[str]:
    return [word for value in values for word in re.split(r"[\W_]+", value)]


def _tells(part: str) -> bool:
    """Whether it is long enough not to be found by chance, and no word of the vocabulary that is written."""
    if part in _VOCABULARY or set(part) <= set("0."):
        return False
    return len(part) >= (_SHORTEST_NUMBER if re.fullmatch(r"[\d.]+", part) else _SHORTEST_WORD)


_WRITTEN: Final = (
    "cine ssfp siemens philips canon toshiba hitachi fujifilm united imaging unknown patient basic application profile "
    "confidentiality clean graphics descriptors option retain characteristics pixel data cinemyo allow list other norm "
    "original primary secondary derived none pixels seen"
)
_VOCABULARY: Final = frozenset(_WRITTEN.split())
