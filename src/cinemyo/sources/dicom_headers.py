"""The facts of one DICOM file that decide where it belongs, typed, without its pixels."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import pydicom
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cinemyo.deid.ages import age_years
from cinemyo.deid.decoding import quiet
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, keyed_hash
from cinemyo.sources.base import SourceFile
from cinemyo.sources.dicom_values import integer, number, numbers, seconds, sex, text, texts

NAME_CHARACTERS: Final = 32
_CHUNK: Final = 1 << 20
_DEFLATED: Final = b"1.2.840.10008.1.2.1.99"
_PLAIN: Final = {"", ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian}
_PIXEL_TAG: Final = {b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"}


@dataclass(frozen=True)
class Identity:
    """To whom, where and when; these values never leave the source."""

    patient: str
    study: str
    series: str
    instance: str
    accession: str
    study_time: tuple[str, str]
    """StudyDate and StudyTime as they stand; dates such as 20120000 still sort."""
    scanner: tuple[str, str, str]
    """Manufacturer, station and serial number."""
    sex: Literal["F", "M"] | None
    age_years: int | None


@dataclass(frozen=True)
class Protocol:
    """What kind of image this is said to be."""

    image_type: tuple[str, ...]
    scanning: tuple[str, ...]
    description: str
    name: str
    sequence: str
    echo_ms: float | None
    burned_in: bool


@dataclass(frozen=True)
class Geometry:
    """Where the image is; the numbers as they stand in the header."""

    orientation: tuple[float, ...]
    """Six cosines: along a row (growing column index), then along a column (growing row index)."""
    position: tuple[float, ...]
    spacing: tuple[float, ...]
    """Between rows, then between columns."""


@dataclass(frozen=True)
class Timing:
    """All that may tell the phase of a frame; times in ms after the R wave, clock times in s."""

    nominal_delay: float | None
    trigger_time: float | None
    percent_of_cycle: float | None
    temporal_position: int | None
    acquisition_time: float | None
    content_time: float | None
    acquired: tuple[str, str]
    """AcquisitionDate and AcquisitionTime as they stand, to order repeats."""
    series_number: int
    instance_number: int | None
    nominal_interval: float | None
    heart_rate: float | None
    n_images: int | None
    """CardiacNumberOfImages, else NumberOfTemporalPositions, where it is above one."""


@dataclass(frozen=True)
class PixelFacts:
    """Size and form of the pixels that the header promises."""

    rows: int
    columns: int
    samples: int
    frames: int
    bits: int
    photometric: str
    compressed: bool
    offset: int | None
    """Where the pixels begin in the file, where they are plain numbers; None where they are compressed or absent."""
    available: int
    """Bytes from the pixel element to the end of the file; 0 without one."""
    digest: str
    """SHA-256 of those bytes."""


@dataclass(frozen=True)
class Header:
    """One frame of a DICOM image file before its pixels are read."""

    path: Path
    file: SourceFile
    frame: int
    """Index within the file; 0 where it holds one frame."""
    sop_class: str
    identity: Identity
    protocol: Protocol
    geometry: Geometry
    timing: Timing
    pixels: PixelFacts


@dataclass(frozen=True)
class Refusal:
    """A file that has no header to speak of, and why."""

    file: SourceFile
    code: str


def read_headers(path: Path, *, name: str, key: Key) -> tuple[Header, ...] | Refusal:
    """The facts of each frame of one file, or why it is none of ours; the file is read once and never held whole.

    `name` is its path below the root with forward slashes; only its keyed hash is kept.
    """
    code = keyed_hash(os.fsencode(name), key=key)[:NAME_CHARACTERS]
    try:
        with path.open("rb") as stream, quiet():
            return _read(path, stream, code, key)
    except OSError:
        return Refusal(SourceFile(code, KeyedDigest(key=key).hexdigest(), 0), "unreadable")


def _read(path: Path, stream: BinaryIO, code: str, key: Key) -> tuple[Header, ...] | Refusal:
    dataset, refused = _parsed(stream)
    start = stream.tell()
    has_pixels = dataset is not None and stream.read(4) in _PIXEL_TAG
    digest, pixels, size = _digests(stream, start, key)
    file = SourceFile(code, digest, size)
    if dataset is None:
        return Refusal(file, refused)
    facts = _pixel_facts(dataset, size - start if has_pixels else 0, pixels)
    sop_class = text(dataset, "SOPClassUID") or text(dataset.file_meta, "MediaStorageSOPClassUID")
    identity, protocol, geometry, timing = _identity(dataset), _protocol(dataset), _geometry(dataset), _timing(dataset)
    return (Header(path, file, 0, sop_class, identity, protocol, geometry, timing, facts),)


def _parsed(stream: BinaryIO) -> tuple[Any, str]:
    """The data set up to its pixels and an empty code, or None and the code of the refusal."""
    start = stream.read(1024)
    stream.seek(0)
    bare = start[:2] in (b"\x08\x00", b"\x02\x00")  # a data set without the 128-byte preamble
    if start[128:132] != b"DICM" and not bare:
        return None, "not_dicom"
    if _DEFLATED in start:
        return None, "unsupported_transfer_syntax"
    try:
        return pydicom.dcmread(stream, stop_before_pixels=True, force=bare, specific_tags=list(_KEYWORDS)), ""
    except Exception:  # whatever a broken header provokes, one file never ends a run
        return None, "unreadable"


def _digests(stream: BinaryIO, pixels_from: int, key: Key) -> tuple[str, str, int]:
    """Keyed digest of all bytes, SHA-256 of those from the pixels on, and their number."""
    whole, pixels, done = KeyedDigest(key=key), hashlib.sha256(), 0
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        whole.update(chunk)
        pixels.update(chunk[max(0, pixels_from - done) :])
        done += len(chunk)
    return whole.hexdigest(), pixels.hexdigest(), done


def _identity(dataset: Dataset) -> Identity:
    study = text(dataset, "StudyDate")
    return Identity(
        patient=text(dataset, "PatientID"),
        study=text(dataset, "StudyInstanceUID"),
        series=text(dataset, "SeriesInstanceUID"),
        instance=text(dataset, "SOPInstanceUID"),
        accession=text(dataset, "AccessionNumber"),
        study_time=(study, text(dataset, "StudyTime")),
        scanner=(text(dataset, "Manufacturer"), text(dataset, "StationName"), text(dataset, "DeviceSerialNumber")),
        sex=sex(text(dataset, "PatientSex")),
        age_years=age_years(text(dataset, "PatientAge"), birth=text(dataset, "PatientBirthDate"), study=study),
    )


def _protocol(dataset: Dataset) -> Protocol:
    return Protocol(
        image_type=tuple(value.upper() for value in texts(dataset, "ImageType")),
        scanning=tuple(value.upper() for value in texts(dataset, "ScanningSequence")),
        description=text(dataset, "SeriesDescription"),
        name=text(dataset, "ProtocolName"),
        sequence=text(dataset, "SequenceName"),
        echo_ms=number(dataset, "EchoTime"),
        burned_in=text(dataset, "BurnedInAnnotation").upper() == "YES",
    )


def _geometry(dataset: Dataset) -> Geometry:
    return Geometry(
        orientation=numbers(dataset, "ImageOrientationPatient"),
        position=numbers(dataset, "ImagePositionPatient"),
        spacing=numbers(dataset, "PixelSpacing"),
    )


def _timing(dataset: Dataset) -> Timing:
    counts = (integer(dataset, name) for name in ("CardiacNumberOfImages", "NumberOfTemporalPositions"))
    clock = text(dataset, "AcquisitionTime")
    return Timing(
        nominal_delay=number(dataset, "NominalCardiacTriggerDelayTime"),
        trigger_time=number(dataset, "TriggerTime"),
        percent_of_cycle=number(dataset, "NominalPercentageOfCardiacPhase"),
        temporal_position=integer(dataset, "TemporalPositionIdentifier"),
        acquisition_time=seconds(clock),
        content_time=seconds(text(dataset, "ContentTime")),
        acquired=(text(dataset, "AcquisitionDate"), clock),
        series_number=integer(dataset, "SeriesNumber") or 0,
        instance_number=integer(dataset, "InstanceNumber"),
        nominal_interval=number(dataset, "NominalInterval"),
        heart_rate=number(dataset, "HeartRate"),
        n_images=next((count for count in counts if count is not None and count > 1), None),
    )


def _pixel_facts(dataset: Dataset, available: int, digest: str) -> PixelFacts:
    return PixelFacts(
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        samples=integer(dataset, "SamplesPerPixel") or 1,
        frames=integer(dataset, "NumberOfFrames") or 1,
        bits=integer(dataset, "BitsAllocated") or 0,
        photometric=text(dataset, "PhotometricInterpretation"),
        compressed=text(dataset.file_meta, "TransferSyntaxUID") not in _PLAIN,
        offset=None,
        available=available,
        digest=digest,
    )


_KEYWORDS: Final = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "AccessionNumber", "PatientID"),
    *("PatientSex", "PatientAge", "PatientBirthDate", "StudyDate", "StudyTime", "AcquisitionDate", "AcquisitionTime"),
    *("ContentTime", "Manufacturer", "StationName", "DeviceSerialNumber", "ImageType", "ScanningSequence"),
    *("SeriesDescription", "ProtocolName", "SequenceName", "EchoTime", "BurnedInAnnotation", "PixelSpacing"),
    *("ImageOrientationPatient", "ImagePositionPatient", "NominalCardiacTriggerDelayTime", "TriggerTime"),
    *("NominalPercentageOfCardiacPhase", "TemporalPositionIdentifier", "SeriesNumber", "InstanceNumber"),
    *("NominalInterval", "HeartRate", "CardiacNumberOfImages", "NumberOfTemporalPositions", "Rows", "Columns"),
    *("SamplesPerPixel", "NumberOfFrames", "BitsAllocated", "PhotometricInterpretation"),
)
