"""The attributes that a de-identified data set may hold; whatever is not listed here is dropped, at every depth."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NUMBERS: Final[frozenset[str]] = _words(
    """
    AcquisitionMatrix AcquisitionNumber BitsAllocated BitsStored CardiacNumberOfImages Columns DimensionIndexValues
    EchoNumbers EchoTime EchoTrainLength EffectiveEchoTime FlipAngle FrameAcquisitionDuration FrameAcquisitionNumber
    FrameTime HeartRate HighBit HighRRValue ImageOrientationPatient ImagePositionPatient ImagingFrequency
    InStackPositionNumber InstanceNumber IntervalsAcquired IntervalsRejected InversionTime LargestImagePixelValue
    LowRRValue MagneticFieldStrength NominalCardiacTriggerDelayTime NominalInterval NominalPercentageOfCardiacPhase
    ActualCardiacTriggerDelayTime NumberOfAverages NumberOfFrames NumberOfPhaseEncodingSteps
    NumberOfTemporalPositions PercentPhaseFieldOfView PercentSampling PixelAspectRatio PixelBandwidth
    PixelPaddingRangeLimit PixelPaddingValue PixelRepresentation PixelSpacing PlanarConfiguration
    RRIntervalTimeNominal ReconstructionDiameter RepetitionTime RescaleIntercept RescaleSlope Rows SamplesPerPixel
    SeriesNumber SliceThickness SmallestImagePixelValue SpacingBetweenSlices TemporalPositionIdentifier
    TemporalPositionIndex TemporalResolution TriggerTime TriggerWindow WindowCenter WindowWidth
    ActualCardiacTriggerTimePriorToRPeak NominalCardiacTriggerTimePriorToRPeak TemporalPositionTimeOffset
    FrameTimeVector InversionTimes VelocityEncodingMaximumValue VelocityEncodingMinimumValue TransmitterFrequency
    MRAcquisitionFrequencyEncodingSteps MRAcquisitionPhaseEncodingStepsInPlane
    """
)
"""Kept where every value is a number below `LARGEST`."""

LARGEST: Final = 1e6
"""No measure of an image reaches it; dates written as digits, telephone and record numbers do."""

_YES_NO: Final = _words("Y N YES NO")
_IMAGE_TYPE: Final = _words(
    """
    ORIGINAL DERIVED PRIMARY SECONDARY M P R I MAGNITUDE PHASE REAL IMAGINARY MIXED NONE OTHER NORM DIS2D DIS3D ND FM
    FFT FFE M_FFE M_SE M_IR SE IR PSIR LOCALIZER CINE SCIC FILTERED MOSAIC MOCO MEAN SUB ADD RETRO MULTI_SLICE VOLUME
    PERFUSION VELOCITY DIFFUSION T1 T2 T2_STAR TAGGING FLOW_ENCODED PHASE_CONTRAST STEADY_STATE
    """
)

CODES: Final[dict[str, frozenset[str]]] = {
    "AcquisitionContrast": _IMAGE_TYPE,
    "AngioFlag": _YES_NO,
    "BeatRejectionFlag": _YES_NO,
    "BloodSignalNulling": _YES_NO,
    "BodyPartExamined": _words("HEART CHEST THORAX"),
    "CardiacCyclePosition": _words("END_SYSTOLE END_DIASTOLE UNDETERMINED"),
    "CardiacSignalSource": _words("ECG VCG PP MR"),
    "CardiacSynchronizationTechnique": _words("NONE REALTIME PROSPECTIVE RETROSPECTIVE PACED"),
    "ComplexImageComponent": _IMAGE_TYPE,
    "EchoPulseSequence": _words("SPIN GRADIENT BOTH"),
    "FrameType": _IMAGE_TYPE,
    "ImageType": _IMAGE_TYPE,
    "InversionRecovery": _YES_NO,
    "InPlanePhaseEncodingDirection": _words("ROW COL COLUMN OTHER"),
    "LossyImageCompression": _words("00 01"),
    "MagnetizationTransfer": _words("ON_RESONANCE OFF_RESONANCE BOTH NONE"),
    "MRAcquisitionType": _words("1D 2D 3D"),
    "Modality": _words("MR"),
    "PatientPosition": _words("HFP HFS HFDR HFDL FFDR FFDL FFP FFS"),
    "PhaseContrast": _YES_NO,
    "PhotometricInterpretation": _words("MONOCHROME1 MONOCHROME2"),
    "PixelPresentation": _words("MONOCHROME COLOR MIXED TRUE_COLOR"),
    "RescaleType": _words("US"),
    "ScanOptions": _words(
        "PER RG CG PPG FC PFF PFP SP FS CT SAT1 SAT2 FAST_GEMS ACC_GEMS TRF_GEMS SEQ_GEMS FILTERED_GEMS"
    ),
    "ScanningSequence": _words("SE IR GR EP RM"),
    "SequenceVariant": _words("SK MTC SS TRSS SP MP OSP NONE"),
    "SteadyStatePulseSequence": _words("FREE_PRECESSION TRANSVERSE TIME_REVERSED LONGITUDINAL NONE"),
    "Tagging": _words("GRID LINE NONE"),
    "VariableFlipAngleFlag": _YES_NO,
    "VolumeBasedCalculationTechnique": _words("NONE MAX_IP MIN_IP VOLUME_RENDER SURFACE_RENDER MPR CURVED_MPR"),
    "VolumetricProperties": _words("VOLUME SAMPLED DISTORTED MIXED"),
}
"""Kept where every value is one of these, which the standard or a maker of scanners defines.

Source: DICOM PS3.3 2024, C.7.6.1, C.8.3.1, C.8.13
"""

STAND_INS: Final[dict[str, str]] = dict.fromkeys(("FrameType", "ImageType"), "OTHER")
"""What stands in place of a value that is not defined, where the number of values matters."""

_SEQUENCE_NAME: Final = r"\*?[a-z]{1,6}[123]d\d?[a-z]{0,3}(_\d{1,3}[a-z]{0,2})?"

TEXTS: Final[dict[str, str]] = {
    "ImagedNucleus": r"\d{1,3}[A-Z][a-z]?",
    "SequenceName": _SEQUENCE_NAME,
    "PulseSequenceName": _SEQUENCE_NAME,
    "StackID": r"\d{1,4}",
}
"""Texts that the scanner writes, kept where they look like it: 1H, *tfi2d1_20, 3."""

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
    FrameVOILUTSequence MRAveragesSequence MREchoSequence MRFOVGeometrySequence MRImageFrameTypeSequence
    MRImagingModifierSequence MRVelocityEncodingSequence TemporalPositionSequence MRModifierSequence
    MRTimingAndRelatedParametersSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence
    PixelValueTransformationSequence PlaneOrientationSequence PlanePositionSequence SharedFunctionalGroupsSequence
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
        "BurnedInAnnotation",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "DeviceSerialNumber",
        "LongitudinalTemporalInformationModified",
        "LossyImageCompressionMethod",
        "Manufacturer",
        "ManufacturerModelName",
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

KEPT: Final[dict[str, str]] = {
    "PatientSex": "F, M or O: the results are told by sex (113108)",
    "PatientAge": "whole years, 90 and above as one class: the results are told by age (113108)",
}
"""Attributes of Table E.1-1 whose value of the patient is kept on purpose, with the reason. Reviewed; a name that is in
the table and not here is never copied, whatever the other lists say."""
