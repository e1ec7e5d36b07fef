"""Classic single-frame MR DICOM of phantoms, as a hospital would export it, with invented identities."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, UInt16
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from cinemyo.labels import View
from cinemyo.sources.phantom.cohort import Patient
from cinemyo.sources.phantom.identity import Identity, uid
from cinemyo.sources.phantom.planes import Plane

IMPLEMENTATION: Final = "2.25.205436928573904"
DESCRIPTIONS: Final[dict[View, str]] = {
    "vla_left": "2ch",
    "vla_right": "2ch",
    "four_chamber": "4ch",
    "short_axis": "sa",
}


@dataclass(frozen=True)
class Series:
    """What the headers of one series say beside patient and place."""

    exam: int
    number: int
    uid: str
    description: str
    rr_ms: float
    times_ms: Float[np.ndarray, "t"] | None
    """After the trigger; None where nothing was triggered."""


def study_uid(patient: Patient, exam: int) -> str:
    """StudyInstanceUID of a patient's exam."""
    return uid(patient, "study", exam)


def write_series(
    folder: Path,
    *,
    pixels: UInt16[np.ndarray, "t y x"],
    planes: list[Plane],
    series: Series,
    patient: Patient,
    identity: Identity,
) -> None:
    """Writes one file per frame; `planes` holds one place for all frames, or one for each."""
    folder.mkdir(parents=True)
    dataset = _common(patient, identity, series)
    for index, frame in enumerate(pixels):
        if index < len(planes):
            _place(dataset, planes[index])
        _number(dataset, index, patient, series)
        dataset.PixelData = np.ascontiguousarray(frame, "<u2").tobytes()
        dataset.save_as(folder / f"{index + 1:04d}.dcm", enforce_file_format=True)


def _common(patient: Patient, identity: Identity, series: Series) -> FileDataset:
    """What is equal in all files of a series."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "CINEMYO_PHANTOM"
    meta.SourceApplicationEntityTitle = identity.scanner.station
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = MRImageStorage
    _describe_person(dataset, patient, identity)
    _describe_exam(dataset, patient, identity, series)
    _describe_protocol(dataset, identity, series)
    _describe_pixels(dataset, identity)
    return dataset


def _describe_person(dataset: Dataset, patient: Patient, identity: Identity) -> None:
    dataset.PatientName = identity.name
    dataset.PatientID = identity.patient_id
    dataset.PatientBirthDate = identity.birth.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.PatientAddress = identity.address
    dataset.PatientTelephoneNumbers = identity.telephone
    dataset.OtherPatientNames = identity.name
    dataset.PatientComments = f"Synthetic. Family of {identity.name}"
    dataset.add_new(0x00091010, "LO", identity.name)
    dataset.add_new(0x00090010, "LO", "CINEMYO PHANTOM")


def _describe_exam(dataset: Dataset, patient: Patient, identity: Identity, series: Series) -> None:
    day = identity.first_exam + timedelta(days=400 * series.exam)
    rng = patient.generator(201, series.exam)
    accession = f"ACC{rng.integers(10**7, 10**8)}"
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(dataset, name, day.strftime("%Y%m%d"))
    age = (day - identity.birth).days // 365.25
    dataset.PatientAge = f"{int(age):03d}Y"
    dataset.StudyTime = f"{rng.integers(8, 18):02d}{rng.integers(60):02d}00"
    dataset.AccessionNumber = accession
    dataset.StudyID = accession[3:]
    dataset.StudyInstanceUID = study_uid(patient, series.exam)
    dataset.SeriesInstanceUID = series.uid
    dataset.SeriesNumber = series.number
    dataset.FrameOfReferenceUID = uid(patient, "frame of reference", series.exam)
    dataset.InstitutionName = identity.scanner.institution
    dataset.InstitutionAddress = "1 Nowhere Square"
    dataset.ReferringPhysicianName = identity.physician
    dataset.OperatorsName = identity.operator
    dataset.StudyDescription = f"Cardiac MR for {identity.physician}"
    request = Dataset()
    request.RequestedProcedureID = accession
    request.RequestingPhysician = identity.physician
    request.RequestedProcedureDescription = f"Heart of {identity.name}"
    dataset.RequestAttributesSequence = [request]


def _describe_protocol(dataset: Dataset, identity: Identity, series: Series) -> None:
    scanner = identity.scanner
    dataset.Modality = "MR"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NORM"]
    dataset.Manufacturer = scanner.manufacturer
    dataset.ManufacturerModelName = scanner.model
    dataset.StationName = scanner.station
    dataset.DeviceSerialNumber = scanner.serial
    dataset.SoftwareVersions = "phantom"
    dataset.MagneticFieldStrength = "1.5"
    dataset.BodyPartExamined = "HEART"
    dataset.PatientPosition = "HFS"
    dataset.MRAcquisitionType = "2D"
    dataset.ScanningSequence = "GR"
    dataset.SequenceVariant = "SS"
    dataset.SequenceName = scanner.sequence
    dataset.ProtocolName = f"{scanner.protocol}_{series.description}"
    dataset.SeriesDescription = f"{scanner.protocol} {series.description}"
    dataset.EchoTime = "1.6"
    dataset.RepetitionTime = "3.5"
    dataset.FlipAngle = "60"
    dataset.ScanOptions = ""
    if series.times_ms is None:
        return
    dataset.ScanOptions = "CG"
    dataset.CardiacNumberOfImages = len(series.times_ms)
    dataset.NominalInterval = round(series.rr_ms)
    dataset.HeartRate = round(60000 / series.rr_ms)


def _describe_pixels(dataset: Dataset, identity: Identity) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    if identity.scanner.slope != 1:
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{identity.scanner.slope}", "0"
        dataset.RescaleType = "US"


def _place(dataset: Dataset, plane: Plane) -> None:
    dataset.Rows = dataset.Columns = plane.matrix
    dataset.PixelSpacing = [f"{plane.pixel_mm:.4f}"] * 2
    dataset.SliceThickness = f"{plane.thickness_mm:g}"
    dataset.ImageOrientationPatient = [f"{value:.9f}" for value in (*plane.right, *plane.down)]
    dataset.ImagePositionPatient = [f"{value:.5f}" for value in plane.position]
    dataset.SliceLocation = f"{float(plane.position @ plane.normal):.4f}"


def _number(dataset: FileDataset, index: int, patient: Patient, series: Series) -> None:
    instance = UID(uid(patient, series.uid, index))
    dataset.file_meta.MediaStorageSOPInstanceUID = instance
    dataset.SOPInstanceUID = instance
    dataset.InstanceNumber = index + 1
    start = int(dataset.StudyTime[:2]) * 3600 + int(dataset.StudyTime[2:4]) * 60 + 40 * series.number
    clock = f"{start // 3600:02d}{start // 60 % 60:02d}{start % 60:02d}"
    dataset.SeriesTime = f"{clock}.000000"
    dataset.AcquisitionTime = dataset.ContentTime = f"{clock}.{1000 * index:06d}"
    if series.times_ms is not None:
        dataset.TriggerTime = f"{series.times_ms[index]:.1f}"
