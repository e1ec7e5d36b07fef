"""The facts of one frame that decide where it belongs and how its pixels are read, out of a data set."""

from dataclasses import replace
from typing import Final

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from cinemyo.deid.ages import age_years
from cinemyo.sources.dicom_records import Geometry, Identity, PixelFacts, Protocol, Timing
from cinemyo.sources.dicom_sense import makes_sense
from cinemyo.sources.dicom_syntaxes import PLAIN
from cinemyo.sources.dicom_values import Values, integer, number, numbers, seconds, sex, text, texts


def identity(values: Values) -> Identity:
    """To whom the image belongs."""
    study = text(values, "StudyDate")
    return Identity(
        patient=text(values, "PatientID"),
        study=text(values, "StudyInstanceUID"),
        series=text(values, "SeriesInstanceUID"),
        instance=text(values, "SOPInstanceUID"),
        accession=text(values, "AccessionNumber"),
        study_time=(study, text(values, "StudyTime")),
        scanner=(text(values, "Manufacturer"), text(values, "StationName"), text(values, "DeviceSerialNumber")),
        sex=sex(text(values, "PatientSex")),
        age_years=age_years(text(values, "PatientAge"), birth=text(values, "PatientBirthDate"), study=study),
    )


def protocol(values: Values) -> Protocol:
    """What the image is said to be."""
    return Protocol(
        image_type=_capitals(values, "ImageType"),
        scanning=_capitals(values, "ScanningSequence"),
        description=text(values, "SeriesDescription"),
        name=text(values, "ProtocolName"),
        sequence=text(values, "SequenceName") or text(values, "PulseSequenceName"),
        echo_ms=_first(values, "EffectiveEchoTime", "EchoTime"),
        burned_in=text(values, "BurnedInAnnotation").upper() == "YES",
        manufacturer=text(values, "Manufacturer").upper(),
        flip_degrees=number(values, "FlipAngle"),
        repetition_ms=number(values, "RepetitionTime"),
        inversion_ms=_first(values, "InversionTime", "InversionTimes"),
        temporal_resolution_ms=number(values, "TemporalResolution"),
        variant=_capitals(values, "SequenceVariant"),
        options=_capitals(values, "ScanOptions"),
        pulse=text(values, "EchoPulseSequence").upper(),
        steady_state=text(values, "SteadyStatePulseSequence").upper(),
        technique=text(values, "CardiacSynchronizationTechnique").upper(),
        component=text(values, "ComplexImageComponent").upper(),
        contrast=text(values, "AcquisitionContrast").upper(),
        phase_contrast=text(values, "PhaseContrast").upper() == "YES",
        tagging=text(values, "Tagging").upper(),
        inversion_recovery=text(values, "InversionRecovery").upper() == "YES",
        velocity_cm_s=number(values, "VelocityEncodingMaximumValue"),
        agent=bool(text(values, "ContrastBolusAgent")),
        matrix=tuple(int(value) for value in numbers(values, "AcquisitionMatrix")),
        body_part=text(values, "BodyPartExamined").upper(),
    )


def geometry(values: Values) -> Geometry:
    """Where the image is."""
    return Geometry(
        orientation=numbers(values, "ImageOrientationPatient"),
        position=numbers(values, "ImagePositionPatient"),
        spacing=numbers(values, "PixelSpacing"),
    )


def timing(values: Values, *, frame: int | None = None) -> Timing:
    """When in the beat the image is; `frame` is its index in an object of several."""
    return in_beat(beat(values), values, frame=frame)


def in_beat(beat: Timing, values: Values, *, frame: int | None) -> Timing:
    """The timing of one image of a beat: with what the images of a series each have of their own."""
    clock = text(values, "AcquisitionTime")
    return replace(
        beat,
        trigger_time=number(values, "TriggerTime"),
        temporal_position=_whole(_first(values, "TemporalPositionIndex", "TemporalPositionIdentifier")),
        acquisition_time=seconds(clock),
        content_time=seconds(text(values, "ContentTime")),
        acquired=(text(values, "AcquisitionDate"), clock),
        instance_number=integer(values, "InstanceNumber") if frame is None else frame + 1,
        frame_ms=None if frame is None else _frame_ms(values, frame),
    )


def beat(values: Values) -> Timing:
    """What most images of a series have in common of their timing; `in_beat` adds what is their own."""
    counts = (integer(values, name) for name in ("CardiacNumberOfImages", "NumberOfTemporalPositions"))
    return Timing(
        nominal_delay=_after_r(values, "NominalCardiacTriggerDelayTime", "NominalCardiacTriggerTimePriorToRPeak"),
        trigger_time=None,
        percent_of_cycle=number(values, "NominalPercentageOfCardiacPhase"),
        temporal_position=None,
        acquisition_time=None,
        content_time=None,
        acquired=("", ""),
        series_number=integer(values, "SeriesNumber") or 0,
        instance_number=None,
        nominal_interval=_first(values, "NominalInterval", "RRIntervalTimeNominal"),
        heart_rate=number(values, "HeartRate"),
        n_images=next((count for count in counts if count is not None and count > 1), None),
        actual_delay=_after_r(values, "ActualCardiacTriggerDelayTime", "ActualCardiacTriggerTimePriorToRPeak"),
        dimension_index=integer(values, "DimensionIndexValues"),
        cycle_position=text(values, "CardiacCyclePosition").upper(),
    )


def pixel_facts(values: Values, *, syntax: str, at: int | None, available: int, digest: str) -> PixelFacts:
    """How the pixels of a frame are stored; `at` is where the value of PixelData begins."""
    compressed = syntax not in PLAIN
    stored = integer(values, "BitsStored") or 0
    high = integer(values, "HighBit")
    lossy = text(values, "LossyImageCompression")
    padding = [number(values, name) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    return PixelFacts(
        rows=integer(values, "Rows") or 0,
        columns=integer(values, "Columns") or 0,
        samples=integer(values, "SamplesPerPixel") or 1,
        frames=max(1, integer(values, "NumberOfFrames") or 1),
        bits=integer(values, "BitsAllocated") or 0,
        photometric=text(values, "PhotometricInterpretation"),
        compressed=compressed,
        offset=None if compressed else at,
        available=available,
        digest=digest,
        stored_bits=stored,
        high_bit=stored - 1 if high is None else high,
        signed=integer(values, "PixelRepresentation") == 1,
        big_endian=syntax == ExplicitVRBigEndian,
        slope=number(values, "RescaleSlope"),
        intercept=number(values, "RescaleIntercept"),
        padding=() if padding[0] is None else tuple(value for value in padding if value is not None),
        syntax=syntax,
        lossy=lossy == "01" if lossy else None,
        encapsulated_at=at if compressed else None,
        deflated=syntax == DeflatedExplicitVRLittleEndian,
        philips_scale=_philips_scale(values),
        sound=makes_sense(values),
    )


def _after_r(values: Values, after: str, before: str) -> float | None:
    """The delay after the R wave; below 0 where the header gives the time before it."""
    delay, ahead = number(values, after), number(values, before)
    return -abs(ahead) if delay is None and ahead is not None else delay


def _frame_ms(values: Values, frame: int) -> float | None:
    steps = numbers(values, "FrameTimeVector")
    if frame < len(steps):
        return sum(steps[1 : frame + 1])
    step = number(values, "FrameTime")
    return None if step is None or steps else step * frame


def _philips_scale(values: Values) -> tuple[float, float] | None:
    """Philips' own scale, (2005,100E) and (2005,100D), where its block is theirs.

    Source: domain.md A.5
    """
    slope, intercept = number(values, "PhilipsScaleSlope"), number(values, "PhilipsScaleIntercept")
    mine = text(values, "PhilipsCreator").upper().startswith("PHILIPS MR IMAGING DD")
    return (slope, intercept or 0.0) if mine and slope else None


def _capitals(values: Values, keyword: str) -> tuple[str, ...]:
    return tuple(value.upper() for value in texts(values, keyword))


def _first(values: Values, *keywords: str) -> float | None:
    """The first value of the first keyword that has one number."""
    found = (number(values, keyword) for keyword in keywords)
    return next((value for value in found if value is not None), None)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


IDENTITY_KEYWORDS: Final = (
    *("StudyInstanceUID", "SeriesInstanceUID", "AccessionNumber", "PatientID", "PatientSex", "PatientAge"),
    *("PatientBirthDate", "StudyDate", "StudyTime", "Manufacturer", "StationName", "DeviceSerialNumber"),
)
"""All but the instance UID are those of a whole series."""
PROTOCOL_KEYWORDS: Final = (
    *("ImageType", "ScanningSequence", "SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName"),
    *("EchoTime", "EffectiveEchoTime", "BurnedInAnnotation", "FlipAngle", "RepetitionTime", "InversionTime"),
    *("InversionTimes", "TemporalResolution", "SequenceVariant", "ScanOptions", "EchoPulseSequence"),
    *("SteadyStatePulseSequence", "CardiacSynchronizationTechnique", "ComplexImageComponent", "AcquisitionContrast"),
    *("PhaseContrast", "Tagging", "InversionRecovery", "VelocityEncodingMaximumValue", "ContrastBolusAgent"),
    *("AcquisitionMatrix", "BodyPartExamined"),
)
GEOMETRY_KEYWORDS: Final = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")
BEAT_KEYWORDS: Final = (
    *("NominalCardiacTriggerDelayTime", "NominalCardiacTriggerTimePriorToRPeak", "NominalPercentageOfCardiacPhase"),
    *("SeriesNumber", "NominalInterval", "RRIntervalTimeNominal", "HeartRate", "CardiacNumberOfImages"),
    *("NumberOfTemporalPositions", "ActualCardiacTriggerDelayTime", "ActualCardiacTriggerTimePriorToRPeak"),
    *("DimensionIndexValues", "CardiacCyclePosition"),
)
PIXEL_KEYWORDS: Final = (
    *("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "BitsAllocated", "PhotometricInterpretation"),
    *("BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "LossyImageCompression", "PhilipsCreator", "PhilipsScaleSlope"),
    "PhilipsScaleIntercept",
)
KEYWORDS: Final = (
    *(*IDENTITY_KEYWORDS, *PROTOCOL_KEYWORDS, *GEOMETRY_KEYWORDS, *PIXEL_KEYWORDS, "SOPClassUID", "SOPInstanceUID"),
    *("AcquisitionDate", "AcquisitionTime", "ContentTime"),
    *("NominalCardiacTriggerDelayTime", "TriggerTime", "NominalPercentageOfCardiacPhase"),
    *("TemporalPositionIdentifier", "TemporalPositionIndex", "SeriesNumber", "InstanceNumber", "NominalInterval"),
    *("HeartRate", "CardiacNumberOfImages", "NumberOfTemporalPositions", "FrameTime", "FrameTimeVector"),
)
"""What is read of a classic object."""

FRAME_KEYWORDS: Final = frozenset(
    {
        *("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "ImageType", "FrameType", "EchoTime"),
        *("EffectiveEchoTime", "NominalCardiacTriggerDelayTime", "NominalCardiacTriggerTimePriorToRPeak"),
        *("ActualCardiacTriggerDelayTime", "ActualCardiacTriggerTimePriorToRPeak", "NominalPercentageOfCardiacPhase"),
        *("RRIntervalTimeNominal", "TemporalPositionIndex", "CardiacCyclePosition", "FrameAcquisitionDateTime"),
        *("DimensionIndexValues", "RescaleSlope", "RescaleIntercept", "ComplexImageComponent", "AcquisitionContrast"),
        *("FlipAngle", "RepetitionTime", "InversionRecovery", "InversionTimes", "InversionTime", "Tagging"),
        *("SteadyStatePulseSequence", "VelocityEncodingMaximumValue", "PhilipsCreator", "PhilipsScaleSlope"),
        *("PhilipsScaleIntercept", "TriggerTime", "ScanningSequence", "SequenceVariant", "ScanOptions"),
        *("SequenceName", "HeartRate", "NominalInterval", "CardiacNumberOfImages", "TemporalPositionIdentifier"),
        *("AcquisitionDate", "AcquisitionTime", "ContentTime", "TemporalResolution"),
    }
)
"""What a functional group may say of a frame; the last are classic ones, which converted objects carry along."""
