"""Tiny enhanced multi-frame MR objects: per-frame geometry, timing and rescale."""

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.sources.dicom_files import mr_image, pixels

ENHANCED = "1.2.840.10008.5.1.4.1.1.4.1"
_PER_FRAME = (
    *("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "TriggerTime", "EchoTime", "NominalInterval"),
    *("CardiacNumberOfImages", "InstanceNumber", "ScanningSequence", "StudyTime", "AcquisitionTime"),
)


def two_slices() -> list[float]:
    """Heights in mm."""
    return [0.0, 10.0]


def enhanced_object(
    heights_mm: Sequence[float], *, phases: int = 10, slope: float = 1.0, rr_ms: float = 900.0
) -> Dataset:
    """One object of all phases at all heights; slopes grow by a tenth from frame to frame where `slope` is not 1."""
    image = mr_image()
    for keyword in _PER_FRAME:
        delattr(image, keyword)
    image.StudyTime, image.SOPClassUID, image.InstanceNumber = "101500", ENHANCED, 1
    image.ContentTime, image.AcquisitionDateTime = "101730", "20190101101730"
    frames = [(height, phase) for height in heights_mm for phase in range(phases)]
    image.NumberOfFrames = len(frames)
    image.SharedFunctionalGroupsSequence = [_shared(rr_ms)]
    image.PerFrameFunctionalGroupsSequence = [
        _frame(index, height=height, phase=phase, delay=round(phase * rr_ms / phases, 3), slope=slope)
        for index, (height, phase) in enumerate(frames)
    ]
    values = np.stack([pixels(phase, seed=round(height)) for height, phase in frames])
    image.PixelData = values.astype("<u2").tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _shared(rr_ms: float) -> Dataset:
    return _item(
        PlaneOrientationSequence=[_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[_item(PixelSpacing=[1.5, 1.25], SliceThickness=8)],
        MRTimingAndRelatedParametersSequence=[_item(RepetitionTime=3.5, FlipAngle=60)],
        MREchoSequence=[_item(EffectiveEchoTime=1.5)],
        CardiacSynchronizationSequence=[_item(RRIntervalTimeNominal=rr_ms)],
    )


def _frame(index: int, *, height: float, phase: int, delay: float, slope: float) -> Dataset:
    groups = _item(
        FrameContentSequence=[
            _item(
                StackID="1",
                InStackPositionNumber=1 + round(height / 10),
                TemporalPositionIndex=phase + 1,
                DimensionIndexValues=[1 + round(height / 10), phase + 1],
            )
        ],
        PlanePositionSequence=[_item(ImagePositionPatient=[-10.0, -20.0, height])],
        CardiacSynchronizationSequence=[
            _item(NominalCardiacTriggerDelayTime=delay, RRIntervalTimeNominal=900.0, NominalPercentageOfCardiacPhase=1)
        ],
        MRImageFrameTypeSequence=[_item(FrameType=["ORIGINAL", "PRIMARY", "M", "NONE"])],
    )
    if slope != 1.0:
        groups.PixelValueTransformationSequence = [
            _item(RescaleSlope=round(slope + index / 10, 3), RescaleIntercept=-3, RescaleType="US")
        ]
    return groups
