"""The attributes that a de-identified data set may hold; whatever is not listed here is dropped, at every depth."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBERS: Final[frozenset[str]] = _words(
    """
    AcquisitionMatrix AcquisitionNumber BitsAllocated BitsStored CardiacNumberOfImages Columns
    DimensionIndexValues EchoNumbers EchoTime EchoTrainLength EffectiveEchoTime FlipAngle FrameAcquisitionNumber
    FrameTime HeartRate HighBit HighRRValue ImageOrientationPatient ImagePositionPatient ImagingFrequency
    InStackPositionNumber InstanceNumber IntervalsAcquired IntervalsRejected InversionTime
    LargestImagePixelValue LowRRValue MagneticFieldStrength NominalCardiacTriggerDelayTime NominalInterval
    NominalPercentageOfCardiacPhase ActualCardiacTriggerDelayTime NumberOfAverages NumberOfFrames
    NumberOfPhaseEncodingSteps NumberOfTemporalPositions PercentPhaseFieldOfView PercentSampling PixelAspectRatio
    PixelBandwidth PixelPaddingRangeLimit PixelPaddingValue PixelRepresentation PixelSpacing PlanarConfiguration
    RRIntervalTimeNominal ReconstructionDiameter RepetitionTime RescaleIntercept RescaleSlope Rows SamplesPerPixel
    SeriesNumber SliceThickness SmallestImagePixelValue SpacingBetweenSlices TemporalPositionIdentifier
    TemporalPositionIndex TemporalResolution TriggerTime TriggerWindow WindowCenter WindowWidth
    """
)
"""Kept as they are where they are numbers."""

CODES: Final[frozenset[str]] = _words(
    """
    AngioFlag BeatRejectionFlag BurnedInAnnotation CardiacCyclePosition CardiacSynchronizationTechnique
    ComplexImageComponent EchoPulseSequence FrameType ImageType InPlanePhaseEncodingDirection LossyImageCompression
    MRAcquisitionType Modality PatientPosition PhotometricInterpretation ScanOptions ScanningSequence SequenceVariant
    SteadyStatePulseSequence VariableFlipAngleFlag VolumetricProperties
    """
)
"""Kept as they are where they are code strings: capitals, digits, blanks and underscores, 16 at most."""

TEXTS: Final[frozenset[str]] = frozenset({"ImagedNucleus", "ManufacturerModelName", "SequenceName"})
"""Texts that the scanner writes; kept where they are short and of plain characters."""

KEYED_UIDS: Final[frozenset[str]] = frozenset(
    {
        "DimensionOrganizationUID",
        "FrameOfReferenceUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
    }
)
"""Replaced by keyed UIDs, the same wherever they are referred to."""

POINTERS: Final[frozenset[str]] = frozenset({"DimensionIndexPointer", "FunctionalGroupPointer"})
"""Tags of attributes; kept where they are no private tags."""

SEQUENCES: Final[frozenset[str]] = _words(
    """
    CardiacSynchronizationSequence DimensionIndexSequence DimensionOrganizationSequence FrameContentSequence
    FrameVOILUTSequence MREchoSequence MRImageFrameTypeSequence MRModifierSequence MRTimingAndRelatedParametersSequence
    PerFrameFunctionalGroupsSequence PixelMeasuresSequence PixelValueTransformationSequence PlaneOrientationSequence
    PlanePositionSequence SharedFunctionalGroupsSequence
    """
)
"""Entered; their items obey the same list."""

EMPTIED: Final[frozenset[str]] = frozenset(
    {
        "AccessionNumber",
        "PatientBirthDate",
        "PositionReferenceIndicator",
        "ReferringPhysicianName",
        "StudyDate",
        "StudyID",
        "StudyTime",
    }
)
"""Present without a value, as the standard demands of them (type 2)."""

WRITTEN: Final[frozenset[str]] = frozenset(
    {
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "DeviceSerialNumber",
        "LongitudinalTemporalInformationModified",
        "Manufacturer",
        "PatientAge",
        "PatientID",
        "PatientIdentityRemoved",
        "PatientName",
        "PatientSex",
        "PixelData",
        "SOPClassUID",
        "SeriesDescription",
    }
)
"""At the top level only, with a value of ours or one of a fixed list."""
