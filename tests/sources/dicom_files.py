"""Tiny genuine DICOM files for tests: classic single-frame MR, with false identities."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

MR = "1.2.840.10008.5.1.4.1.1.4"
Edit = Callable[[Dataset, int], None]


def pixels(phase: int, *, rows: int = 24, columns: int = 20, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Stored values of a frame, 12 bits, different for each phase and seed."""
    generator = np.random.default_rng([seed, phase])
    return generator.integers(0, 4096, (rows, columns)).astype(np.uint16)


def mr_image(
    *,
    phase: int = 0,
    phases: int = 10,
    rows: int = 24,
    columns: int = 20,
    patient: str = "P1",
    study: int = 1,
    series: int = 1,
    z_mm: float = 0.0,
    rr_ms: float = 900.0,
    seed: int = 0,
) -> Dataset:
    """One frame of a cine in the axial plane at height `z_mm`; trigger times spread evenly over the R-R interval."""
    image = Dataset()
    image.SOPClassUID = MR
    image.SOPInstanceUID = f"1.2.3.{study}.{series}.{round(z_mm * 10) + 10_000}.{seed}.{phase + 1}"
    image.StudyInstanceUID, image.SeriesInstanceUID = f"1.2.3.{study}", f"1.2.3.{study}.{series}"
    image.PatientID, image.PatientName, image.PatientSex, image.PatientAge = patient, f"Doe^{patient}", "F", "045Y"
    image.StudyDate, image.StudyTime, image.AcquisitionTime = f"2019010{study}", "101500", "101730"
    image.Modality, image.Manufacturer, image.StationName, image.DeviceSerialNumber = "MR", "SIEMENS", "MR1", "4711"
    image.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    image.SeriesDescription, image.EchoTime, image.ScanningSequence = "", 1.5, "GR"
    image.SeriesNumber, image.InstanceNumber = series, phase + 1
    image.TriggerTime, image.NominalInterval = round(phase * rr_ms / phases, 3), round(rr_ms)
    image.CardiacNumberOfImages = phases
    image.ImageOrientationPatient, image.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-10.0, -20.0, z_mm]
    image.PixelSpacing = [1.5, 1.25]
    set_pixels(image, pixels(phase, rows=rows, columns=columns, seed=seed))
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def set_pixels(image: Dataset, values: np.ndarray[Any, Any], *, stored_bits: int = 12) -> None:
    """Puts stored values into a data set, with the attributes that describe them."""
    image.Rows, image.Columns = values.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, stored_bits, stored_bits - 1
    image.PixelRepresentation = int(np.issubdtype(values.dtype, np.signedinteger))
    image.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()


def save(image: Dataset, path: Path) -> Path:
    """Writes a data set as a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def nothing(image: Dataset, phase: int) -> None:
    """Leaves an image as it is."""


def write_cine(folder: Path, *, phases: int = 10, edit: Edit = nothing, name: str = "im", **facts: Any) -> list[Path]:
    """Writes the frames of one cine; `edit` may change each data set before it is written; `facts` as in `mr_image`."""
    paths = []
    for phase in range(phases):
        image = mr_image(phase=phase, phases=phases, **facts)
        edit(image, phase)
        paths.append(save(image, folder / f"{name}{phase:03d}.dcm"))
    return paths
