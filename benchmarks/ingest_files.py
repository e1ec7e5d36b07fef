"""Many single-frame DICOM files in seconds: one rendered beat, patched into the bytes of thirty templates.

A patient has ten positions of thirty phases, 256 x 256 pixels of 16 bits and a header of about a hundred elements, some
of them private, as the files of a hospital have. Noise differs in every file, so that nothing compresses or repeats.
"""

import io
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

PHASES, POSITIONS, SIDE = 30, 10, 256
PER_PATIENT = PHASES * POSITIONS
RR_MS = 900.0
_PATIENT, _PLACE = "PAT000000", "+00000.0"
_MR = "1.2.840.10008.5.1.4.1.1.4"


def write_files(root: Path, *, count: int, seed: int = 0) -> int:
    """Writes `count` files, a folder for each patient, and returns their bytes."""
    generator = np.random.default_rng(seed)
    noise = generator.integers(0, 200, 4 * SIDE * SIDE).astype(np.uint16)
    beat = _beat()
    heads = [_head(phase, beat[phase]) for phase in range(PHASES)]
    size = 0
    for number in range(count):
        patient, within = divmod(number, PER_PATIENT)
        position, phase = divmod(within, PHASES)
        folder = root / f"{patient:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        start = int(generator.integers(0, 3 * SIDE * SIDE))
        pixels = beat[phase] + noise[start : start + SIDE * SIDE]
        content = _patched(heads[phase], patient, position) + pixels.tobytes()
        size += (folder / f"IM{within:04d}").write_bytes(content)
    return size


def _patched(head: bytes, patient: int, position: int) -> bytes:
    own = f"1{patient:06d}{position:03d}"
    return (
        head.replace(_PATIENT.encode(), f"PAT{patient:06d}".encode())
        .replace(b"1999999000", own.encode())
        .replace(b"888888", f"{100_000 + patient:06d}".encode())
        .replace(_PLACE.encode(), f"{8.0 * position:+08.1f}".encode())
    )


def _beat() -> np.ndarray:
    """A disc that contracts once within a brighter ring, flattened, by phase."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    distance = np.hypot(y, x)
    radii = 28 - 10 * np.sin(np.pi * np.arange(PHASES) / PHASES) ** 2
    frames = [300 + 900 * (distance < radius) - 150 * (np.abs(distance - radius - 6) < 6) for radius in radii]
    return np.stack([frame.ravel() for frame in frames]).astype(np.uint16)


def _head(phase: int, pixels: np.ndarray) -> bytes:
    """The bytes of a file up to its pixels, with places to be patched."""
    image = Dataset()
    _describe(image, phase)
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.WindowCenter, image.WindowWidth = "600", "1200"
    image.PixelData = pixels.tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    image.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()[: -len(image.PixelData)]


def _describe(image: Dataset, phase: int) -> None:
    image.SOPClassUID, image.SOPInstanceUID = _MR, f"1.2.826.0.1.99.1999999000.{phase + 1}"
    image.StudyInstanceUID, image.SeriesInstanceUID = "1.2.826.0.1.99.888888.1", "1.2.826.0.1.99.888888.2"
    image.FrameOfReferenceUID = "1.2.826.0.1.99.888888.3"
    image.PatientID, image.PatientName, image.PatientSex, image.PatientAge = _PATIENT, f"Doe^{_PATIENT}", "F", "045Y"
    image.PatientBirthDate, image.PatientWeight, image.AccessionNumber = "19740101", "71", "A888888"
    image.StudyDate = image.SeriesDate = image.AcquisitionDate = image.ContentDate = "20190101"
    image.StudyTime, image.SeriesTime, image.AcquisitionTime, image.ContentTime = "101500", "101600", "101730", "101731"
    image.Modality, image.Manufacturer, image.ManufacturerModelName = "MR", "SIEMENS", "Aera"
    image.StationName, image.DeviceSerialNumber, image.InstitutionName = "MR1", "4711", "Somewhere"
    image.ReferringPhysicianName, image.StudyDescription, image.SeriesDescription = "Roe^R", "Heart", "cine sax"
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    image.ScanningSequence, image.SequenceVariant, image.ScanOptions = "GR", ["SK", "SP"], "CT"
    image.MRAcquisitionType, image.SequenceName, image.ProtocolName = "2D", "tfi2d1_12", "cine sax"
    image.SliceThickness, image.RepetitionTime, image.EchoTime, image.FlipAngle = "8", "38.2", "1.2", "52"
    image.MagneticFieldStrength, image.NumberOfAverages, image.ImagingFrequency = "1.5", "1", "63.6"
    image.ImagedNucleus, image.EchoNumbers, image.EchoTrainLength, image.PixelBandwidth = "1H", "1", "1", "930"
    image.AcquisitionMatrix, image.InPlanePhaseEncodingDirection, image.PatientPosition = [0, 192, 156, 0], "ROW", "HFS"
    image.SeriesNumber, image.AcquisitionNumber, image.InstanceNumber = "7", "1", str(phase + 1)
    image.TriggerTime, image.NominalInterval = f"{phase * RR_MS / PHASES:.1f}", f"{RR_MS:.0f}"
    image.CardiacNumberOfImages, image.HeartRate = str(PHASES), "67"
    image.ImageOrientationPatient, image.ImagePositionPatient = ["1", "0", "0", "0", "1", "0"], ["-180", "-180", _PLACE]
    image.PixelSpacing, image.SliceLocation = ["1.40625", "1.40625"], "0"
    block = image.private_block(0x0019, "SOME MR HEADER", create=True)
    for element in range(24):
        block.add_new(element, "LO", f"private value {element}")
    block = image.private_block(0x0029, "SOME CSA HEADER", create=True)
    block.add_new(0x10, "OB", bytes(range(256)) * 8)
