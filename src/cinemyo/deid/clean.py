"""De-identification of DICOM by an allow-list that holds at every nesting depth."""

import hashlib
import math
import re
from typing import Any, Final

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from cinemyo.deid import allowed, confidentiality
from cinemyo.deid.ages import age_years
from cinemyo.deid.clean_pixels import SearchedPixels, clean_pixels
from cinemyo.deid.decoding import quiet
from cinemyo.deid.descriptions import model, series_code, vendor
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import keyed_uid, pseudonym
from cinemyo.deid.text_detector import REVIEW_SCORE
from cinemyo.errors import SourceError

METHODS: Final = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113103", "Clean Graphics Option"),
    ("113105", "Clean Descriptors Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
"""Code and meaning of each option that is always applied.

Source: DICOM PS3.16 2024, CID 7050
"""

PIXELS_SEARCHED: Final = ("113101", "Clean Pixel Data Option")
"""Written only where the pixels were searched for burned-in text and none was found, by the search or by a person."""

_PROFILE: Final = hashlib.sha256(
    "\n".join(
        " ".join(sorted(group))
        for group in (
            *(allowed.NUMBERS, allowed.TEXTS, allowed.KEYED_UIDS, allowed.POINTERS),
            *(allowed.SEQUENCES, allowed.EMPTIED, allowed.WRITTEN, allowed.KEPT),
            *((keyword, *values) for keyword, values in sorted(allowed.CODES.items())),
        )
    ).encode()
).hexdigest()[:8]
_DEEPEST: Final = 8
_STANDARD: Final = re.compile(r"^1\.2\.840\.10008(\.\d+)+$")


def clean(dataset: Dataset, *, key: Key, searched: SearchedPixels | None = None) -> Dataset:
    """A new data set with the allowed attributes alone; `dataset` is left as it is.

    Identifiers become pseudonyms, UIDs keyed UIDs, dates and times go, ages of 90 and above become 090Y, the series
    description becomes a code, compressed pixels are decoded (a codestream can hold remarks). Private groups, overlays,
    curves, preamble, padding, and all but the necessary file meta go with everything that is not listed in `allowed`;
    what Table E.1-1 lists is not copied even where `allowed` names it, but for `allowed.KEPT`. With `searched`, the
    pixels are those, and the header says so where no text was found or a person has cleared them.

    Raises:
        SourceError: no PatientID or UIDs, text burned into the pixels, or pixels that cannot be decoded.

    Source: DICOM PS3.15 2024, Annex E. Departs from it: everything that is not allowed goes, listed there or not.
    """
    with quiet():
        _refuse(dataset)
        result = _kept(dataset, key=key, depth=0)
        _write_patient(dataset, result, key=key)
        _write_origin(dataset, result, key=key)
        _write_method(result, key=key, searched=searched)
        clean_pixels(dataset, result, searched=searched)
    result.file_meta = _file_meta(result)
    return result


def copied(names: frozenset[str]) -> frozenset[str]:
    """Which of the names of a list are copied: not those of Table E.1-1, but for what is kept on purpose or keyed."""
    return names - (confidentiality.listed() - allowed.KEPT.keys() - allowed.KEYED_UIDS)


def _refuse(dataset: Dataset) -> None:
    if not _text(dataset, "PatientID").strip():
        raise SourceError(
            "DICOM data set", expected="a PatientID", got="none", remedy="export it again with the patient's number"
        )
    if not _STANDARD.match(_text(dataset, "SOPClassUID").strip()) or not _text(dataset, "SOPInstanceUID").strip():
        raise SourceError(
            "DICOM data set", expected="a standard SOP class and an instance UID", got="none", remedy="leave it out"
        )
    if _text(dataset, "BurnedInAnnotation").strip().upper() == "YES":
        raise SourceError(
            "DICOM data set",
            expected="pixels without text",
            got="BurnedInAnnotation YES",
            remedy="leave this image out",
        )


def _kept(dataset: Dataset, *, key: Key, depth: int) -> Dataset:
    """The allowed attributes of a data set or of an item of a sequence."""
    result = Dataset()
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(tag)
        if not keyword or tag.is_private or keyword not in _COPIED:
            continue
        try:
            element = dataset[tag]
        except Exception:  # an element that cannot be read is dropped
            continue
        if keyword in allowed.SEQUENCES:
            if element.VR == "SQ" and depth < _DEEPEST:
                items = [_kept(item, key=key, depth=depth + 1) for item in element.value]
                setattr(result, keyword, Sequence(items))
        elif element.VR in _written_as(keyword):
            _keep(result, keyword, element, key)
    return result


def _keep(result: Dataset, keyword: str, element: DataElement, key: Key) -> None:
    """Copies an element whose values all pass the rule of its list."""
    values = _values(element)
    if keyword in allowed.KEYED_UIDS:
        if len(values) == 1 and str(values[0]).strip():
            setattr(result, keyword, keyed_uid(str(values[0]), key=key))
        return
    if keyword in allowed.STAND_INS:
        known, other = allowed.CODES[keyword], allowed.STAND_INS[keyword]
        setattr(result, keyword, [str(value) if str(value) in known else other for value in values])
    elif all(_passes(keyword, value) for value in values):
        result.add(DataElement(element.tag, element.VR, element.value))


def _passes(keyword: str, value: Any) -> bool:
    """Whether one value is what the lists allow of this attribute."""
    if keyword in allowed.NUMBERS:
        return _is_number(value)
    if keyword in allowed.CODES:
        return str(value) in allowed.CODES[keyword]
    if keyword in allowed.TEXTS:
        return re.fullmatch(allowed.TEXTS[keyword], str(value)) is not None
    return _is_public_tag(value)


def _write_patient(dataset: Dataset, result: Dataset, *, key: Key) -> None:
    name = pseudonym("patient", _text(dataset, "PatientID"), key=key)
    result.PatientID = result.PatientName = name
    sex = _text(dataset, "PatientSex").strip().upper()
    result.PatientSex = sex if sex in {"F", "M", "O"} else ""
    born, seen = _text(dataset, "PatientBirthDate"), _text(dataset, "StudyDate")
    years = age_years(_text(dataset, "PatientAge"), birth=born, study=seen)
    if years is not None:
        result.PatientAge = f"{years:03d}Y"


def _write_origin(dataset: Dataset, result: Dataset, *, key: Key) -> None:
    for keyword in allowed.EMPTIED:
        setattr(result, keyword, "")
    scanner = (_text(dataset, name) for name in ("Manufacturer", "StationName", "DeviceSerialNumber"))
    result.DeviceSerialNumber = pseudonym("scanner", *scanner, key=key)
    result.Manufacturer = vendor(_text(dataset, "Manufacturer"))
    result.ManufacturerModelName = model(_text(dataset, "ManufacturerModelName"))
    names = ("SeriesDescription", "ProtocolName", "SequenceName")
    result.SeriesDescription = series_code(" ".join(_text(dataset, name) for name in names))
    result.SOPClassUID = _text(dataset, "SOPClassUID").strip()
    result.SOPInstanceUID = keyed_uid(_text(dataset, "SOPInstanceUID"), key=key)


def _write_method(result: Dataset, *, key: Key, searched: SearchedPixels | None) -> None:
    """Says that identity is gone, and how.

    Source: DICOM PS3.15 2024, E.1.1 and E.2
    """
    result.PatientIdentityRemoved = "YES"
    result.DeidentificationMethod = said = f"cinemyo allow-list {_PROFILE}, key {key.id}"
    result.LongitudinalTemporalInformationModified = "REMOVED"
    methods = list(METHODS)
    if searched is not None and searched.is_clean:
        result.BurnedInAnnotation = "NO"
        methods.append(PIXELS_SEARCHED)
        if searched.text_score >= REVIEW_SCORE:
            result.DeidentificationMethod = [said, f"pixels seen by: {searched.cleared_by}"]
    items = []
    for code, meaning in sorted(methods):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "DCM", meaning
        items.append(item)
    result.DeidentificationMethodCodeSequence = Sequence(items)


def _file_meta(result: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = result.SOPClassUID
    meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value)) and abs(float(value)) < allowed.LARGEST
    except (TypeError, ValueError):
        return False


def _is_public_tag(value: Any) -> bool:
    return isinstance(value, int) and (value >> 16) % 2 == 0


def _values(element: DataElement) -> list[Any]:
    if element.value is None or element.VM == 0:
        return []
    return list(element.value) if element.VM > 1 else [element.value]


def _written_as(keyword: str) -> set[str]:
    """The VRs that the dictionary gives an attribute; `US or SS` are two."""
    return set(dictionary_VR(keyword).split(" or "))


def _text(dataset: Dataset, keyword: str) -> str:
    """The value as text; empty where it is absent or cannot be read."""
    try:
        value = dataset.get(keyword)
    except Exception:  # pydicom raises many kinds on broken elements
        return ""
    return "" if value is None else str(value)


_COPIED: Final = copied(
    allowed.NUMBERS.union(allowed.CODES, allowed.TEXTS, allowed.KEYED_UIDS, allowed.POINTERS, allowed.SEQUENCES)
)
