"""A small export with false identities: a cine, an enhanced object, text in pixels, and what must stay behind."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.sequence import Sequence

from tests.sources.dicom_files import mr_image, pixels, save, set_pixels, write_cine

ENHANCED = "1.2.840.10008.5.1.4.1.1.4.1"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PATIENT = "Dupont-4711-X"


def enhanced(*, patient: str = PATIENT, phases: int = 8) -> Dataset:
    """A cine in one enhanced object, with dates and names in its functional groups."""
    image = mr_image(patient=patient, study=2, series=7)
    image.SOPClassUID = ENHANCED
    set_pixels(image, pixels(0))
    image.NumberOfFrames = phases
    image.PixelData = b"".join(pixels(phase).tobytes() for phase in range(phases))
    image.PerFrameFunctionalGroupsSequence = Sequence([_group(phase, 900.0 / phases) for phase in range(phases)])
    return image


def _group(phase: int, step_ms: float) -> Dataset:
    group, content, timing = Dataset(), Dataset(), Dataset()
    position, orientation, measures, scale = Dataset(), Dataset(), Dataset(), Dataset()
    content.TemporalPositionIndex, content.StackID, content.InStackPositionNumber = phase + 1, "1", 1
    content.FrameComments, content.FrameAcquisitionDateTime = f"seen by {PATIENT}", "20190102101500"
    timing.NominalCardiacTriggerDelayTime = phase * step_ms
    position.ImagePositionPatient, orientation.ImageOrientationPatient = [-10.0, -20.0, 0.0], [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [1.5, 1.25], 8
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 1 + phase / 10, phase, "US"
    group.FrameContentSequence, group.CardiacSynchronizationSequence = Sequence([content]), Sequence([timing])
    group.PlanePositionSequence, group.PlaneOrientationSequence = Sequence([position]), Sequence([orientation])
    group.PixelMeasuresSequence, group.PixelValueTransformationSequence = Sequence([measures]), Sequence([scale])
    return group


def with_text(image: Dataset, phase: int) -> None:
    """Burns a name into the pixels of a frame."""
    del phase
    page = Image.new("L", (128, 96), 0)
    ImageDraw.Draw(page).text((2, 2), "DUPONT JEAN", fill=255, font=ImageFont.load_default(14))
    noise = np.random.default_rng(int(image.InstanceNumber)).integers(0, 1200, (96, 128))
    set_pixels(image, np.where(np.asarray(page) > 127, 4000, noise).astype(np.uint16))


def capture() -> Dataset:
    """A screen capture."""
    image = mr_image(patient=PATIENT, series=9)
    image.SOPClassUID, image.SOPInstanceUID = CAPTURE, "1.2.3.9.9"
    return image


def scout() -> Dataset:
    """A localiser."""
    image = mr_image(patient=PATIENT, series=5)
    image.ImageType, image.SeriesDescription = ["ORIGINAL", "PRIMARY", "LOCALIZER"], "survey"
    return image


def write_export(root: Path) -> Path:
    """Everything above, in folders that name the patient; 10 + 10 + 1 files to be written, 6 to be refused."""
    write_cine(root / PATIENT / "20190102", patient=PATIENT)
    write_cine(root / PATIENT / "text", patient=PATIENT, series=3, z_mm=40.0, edit=with_text)
    save(enhanced(), root / PATIENT / "enhanced.dcm")
    save(capture(), root / PATIENT / "capture.dcm")
    save(scout(), root / PATIENT / "scout.dcm")
    save(mr_image(patient="", series=6), root / "nobody.dcm")
    copy = mr_image(phase=3, patient=PATIENT)
    save(copy, root / "zcopy.dcm")
    (root / "notes.txt").write_text(f"{PATIENT} was here", encoding="utf-8")
    broken = (root / PATIENT / "20190102" / "im000.dcm").read_bytes()
    (root / "broken.dcm").write_bytes(broken[: len(broken) - 400])
    return root
