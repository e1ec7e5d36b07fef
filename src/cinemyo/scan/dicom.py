"""DICOM: that a file is there at all, the identities in its header, and those of a whole export as known values."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydicom import DataElement, Dataset, dcmread
from pydicom.errors import InvalidDicomError

from cinemyo.deid.decoding import quiet
from cinemyo.errors import ScanError
from cinemyo.scan.archives import file_of
from cinemyo.scan.needles import Buffer
from cinemyo.scan.pieces import Budget, Inner, Opener
from cinemyo.scan.values import Kind, Value, value_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IDS: Final = _words(
    """
    AccessionNumber AdmissionID DeviceSerialNumber FillerOrderNumberImagingServiceRequest OtherPatientIDs PatientID
    PerformedProcedureStepID PlacerOrderNumberImagingServiceRequest RequestedProcedureID ScheduledProcedureStepID
    ServiceEpisodeID StudyID
    """
)
_TEXTS: Final = _words(
    """
    AdditionalPatientHistory CountryOfResidence CurrentPatientLocation ImageComments InstitutionAddress
    InstitutionName InstitutionalDepartmentName IssuerOfPatientID MedicalRecordLocator Occupation PatientAddress
    PatientComments PatientInstitutionResidence PatientTelephoneNumbers RegionOfResidence RequestingService
    StudyComments
    """
)
_MACHINES: Final = _words(
    """
    PerformedStationAETitle ReceivingApplicationEntityTitle ScheduledStationAETitle SendingApplicationEntityTitle
    SourceApplicationEntityTitle StationName
    """
)
_SHORTEST_MACHINE: Final = 5
_PUBLIC_UIDS: Final = re.compile(r"^1\.2\.840\.10008(\.|$)")
_CLASS: Final = re.compile(r"Class|TransferSyntax|CodingScheme|ContextUID|TemplateExtension")
_PSEUDONYM: Final = re.compile(r"^([a-z]-[a-z2-7]{16}|2\.25\.\d+|\*?)$")
_COUNTED: Final = re.compile(
    r"(?i)^(?:(?:im|img|image|i|mr|mri|ct|slice|sl|series|ser|se|s|study|st|scan|dicom|dicomdir|dcm|frame|fr|export"
    r"|localizer|scout|cine|sa|la|sax|lax|[234]ch|patient|pat|p|data|files?|raw|sub|subject|exam|readme|\d+)[ ._-]*)+$"
)
"""Names that a machine gives: IM0001, 012_sa, DICOMDIR."""
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_SHORTEST_NAME: Final = 6


def known_values(root: Path) -> Iterator[Value]:
    """What identifies the people of a DICOM export: header values, file and folder names; never printed.

    Names, numbers, dates, UIDs, addresses, institutions, physicians, operators, comments, station names and AE titles
    of five characters or more. Names of files and folders count, with the long numbers in them, unless a machine
    counted (IM0001).

    Raises:
        ScanError: no such folder.
    """
    if not root.is_dir():
        raise ScanError("--dicom", expected="a folder of DICOM files", got="no folder", remedy="check its path")
    seen: set[tuple[int, int]] = set()
    for folder, inner, files in os.walk(root, followlinks=True):
        facts = Path(folder).stat()
        if (facts.st_dev, facts.st_ino) in seen:
            # a link back to a folder above would never end
            inner.clear()
            continue
        seen.add((facts.st_dev, facts.st_ino))
        inner.sort()
        for name in (*inner, *sorted(files)):
            yield from _of_name(name)
        for name in sorted(files):
            yield from _of_file(Path(folder) / name)


def _of_name(name: str) -> Iterator[Value]:
    stem = re.sub(r"\.(dcm|ima|dicom|txt|zip)$", "", name, flags=re.I)
    found = value_of(stem)
    if found.kind in ("uid", "date"):
        yield found
        return
    yield from (Value("id", number) for number in _LONG_NUMBER.findall(stem))
    if len(stem) >= _SHORTEST_NAME and not _COUNTED.match(stem):
        yield Value("file-name", stem)


def _of_file(path: Path) -> Iterator[Value]:
    try:
        if not path.is_file():
            # a pipe gives nothing and is waited for, a device never ends
            return
        with quiet():
            dataset = dcmread(path, stop_before_pixels=True, force=True)
            for element in _elements(dataset):
                yield from _of_element(element)
    except (InvalidDicomError, OSError, ValueError, TypeError, AttributeError, NotImplementedError, KeyError, EOFError):
        # not every file of an export is one; a broken one gives what it gave so far
        return


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """Every element at every depth, those of the file meta first."""
    yield from getattr(dataset, "file_meta", None) or ()
    yield from dataset.iterall()


def _of_element(element: DataElement) -> Iterator[Value]:
    kind = _kind(element)
    for text in _texts(element) if kind else ():
        if kind == "uid" and _PUBLIC_UIDS.match(text):
            continue
        if element.keyword in _MACHINES and len(text) < _SHORTEST_MACHINE:
            continue
        if kind == "name":
            yield from (value_of(part, kind="name") for part in text.split("=") if part.strip("^ "))
        elif kind == "date":
            yield value_of(text[:8], kind="date")
        else:
            yield value_of(text, kind=kind)


def _kind(element: DataElement) -> Kind | None:
    if element.VR == "PN":
        return "name"
    if element.VR in ("DA", "DT"):
        return "date"
    if element.VR == "UI":
        return None if _CLASS.search(element.keyword) else "uid"
    if element.keyword in _IDS:
        return "id"
    return "text" if element.keyword in _TEXTS or element.keyword in _MACHINES else None


def _texts(element: DataElement) -> list[str]:
    value = element.value
    if value is None or element.VR in ("SQ", "OB", "OW", "OF", "OD", "OL", "OV"):
        return []
    many = value if isinstance(value, (list, tuple)) or element.VM > 1 else [value]
    return [text for item in many if (text := str(item).strip(" \0"))]


def _header(content: Buffer, budget: Budget) -> Iterator[Inner]:
    """That it is DICOM, its identifying attributes by keyword, and all its texts in UTF-8."""
    with quiet():
        dataset = dcmread(file_of(content), stop_before_pixels=True, force=True)
        if not len(dataset):
            return
        yield Inner("", b"", "dicom")
        for element in _elements(dataset):
            yield from _of_header(element)


def _of_header(element: DataElement) -> Iterator[Inner]:
    name = element.keyword or f"({element.tag.group:04X},{element.tag.element:04X})"
    texts = _texts(element)
    if any(not _PSEUDONYM.match(text) and not _PUBLIC_UIDS.match(text) for text in texts) and _kind(element):
        yield Inner(name, b"", "identity")
    for text in texts:
        yield Inner(name, text.encode("utf-8", "surrogateescape"), "text")


def _is_dicom(head: bytes) -> bool:
    if head[128:132] == b"DICM":
        return True
    # files without preamble begin with group 0008, or with 0002 where the preamble alone was cut off
    explicit = head[4:6] in (b"UL", b"UI", b"CS", b"DA", b"SH", b"LO", b"OB")
    implicit = head[6:8] == b"\0\0" and head[8:12] != b"\0\0\0\0"
    return head[:2] in (b"\x08\0", b"\x02\0") and head[3:4] == b"\0" and (explicit or implicit)


OPENERS: Final = (Opener("DICOM", _is_dicom, _header),)
