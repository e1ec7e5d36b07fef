"""The facts of one frame that decide where it belongs and how its pixels are read, typed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from cinemyo.deid.ages import age_years
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import SourceFile
from cinemyo.sources.dicom_sense import makes_sense
from cinemyo.sources.dicom_syntaxes import PLAIN
from cinemyo.sources.dicom_values import Values, integer, number, numbers, seconds, sex, text, texts


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
    """What kind of image this is said to be; words in capitals, times in ms."""

    image_type: tuple[str, ...]
    """Of the frame, where frames have their own."""
    scanning: tuple[str, ...]
    description: str
    name: str
    sequence: str
    """SequenceName, else PulseSequenceName."""
    echo_ms: float | None
    burned_in: bool
    manufacturer: str = ""
    flip_degrees: float | None = None
    repetition_ms: float | None = None
    """On Siemens cine the temporal resolution, 30 to 50 ms, and not the time between two pulses."""
    inversion_ms: float | None = None
    temporal_resolution_ms: float | None = None
    variant: tuple[str, ...] = ()
    """SequenceVariant."""
    options: tuple[str, ...] = ()
    """ScanOptions."""
    pulse: str = ""
    """EchoPulseSequence: GRADIENT, SPIN or BOTH."""
    steady_state: str = ""
    """SteadyStatePulseSequence: FREE_PRECESSION, TRANSVERSE, LONGITUDINAL, TIME_REVERSED or NONE."""
    technique: str = ""
    """CardiacSynchronizationTechnique: NONE, REALTIME, PROSPECTIVE, RETROSPECTIVE or PACED."""
    component: str = ""
    """ComplexImageComponent: MAGNITUDE, PHASE, REAL, IMAGINARY or MIXED."""
    contrast: str = ""
    """AcquisitionContrast, such as FLOW_ENCODED, TAGGING or PERFUSION."""
    phase_contrast: bool = False
    tagging: str = ""
    inversion_recovery: bool = False
    velocity_cm_s: float | None = None
    """VelocityEncodingMaximumValue."""
    agent: bool = False
    """Whether a contrast agent is named."""
    matrix: tuple[int, ...] = ()
    """AcquisitionMatrix."""
    body_part: str = ""


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
    """Below 0 for frames before the R wave."""
    trigger_time: float | None
    percent_of_cycle: float | None
    temporal_position: int | None
    acquisition_time: float | None
    content_time: float | None
    acquired: tuple[str, str]
    """AcquisitionDate and AcquisitionTime as they stand, to order repeats."""
    series_number: int
    instance_number: int | None
    """Of a frame of several: its number within the object, from 1."""
    nominal_interval: float | None
    heart_rate: float | None
    n_images: int | None
    """CardiacNumberOfImages, else NumberOfTemporalPositions, where it is above one."""
    actual_delay: float | None = None
    dimension_index: int | None = None
    """Index along the one dimension of time, where the object declares one."""
    frame_ms: float | None = None
    """After the first frame, in a classic object of several frames with FrameTime or FrameTimeVector."""
    cycle_position: str = ""
    """CardiacCyclePosition: END_SYSTOLE, END_DIASTOLE or UNDETERMINED; a hint."""


@dataclass(frozen=True)
class PixelFacts:
    """Size and form of the pixels that the header promises, and all that makes their bytes values."""

    rows: int
    columns: int
    samples: int
    frames: int
    bits: int
    """Allocated for each sample."""
    photometric: str
    compressed: bool
    offset: int | None
    """Where this frame's pixels begin in the file, where they are plain numbers; None where compressed or absent."""
    available: int
    """Bytes of the value of the pixel element that are in the file; 0 without one."""
    digest: str
    """SHA-256 of this frame's bytes where they are plain numbers, else of all bytes from the pixels on."""
    stored_bits: int = 0
    high_bit: int = 0
    signed: bool = False
    big_endian: bool = False
    slope: float | None = None
    intercept: float | None = None
    padding: tuple[float, ...] = ()
    """PixelPaddingValue and, where there is one, PixelPaddingRangeLimit."""
    syntax: str = ""
    """The transfer syntax UID."""
    lossy: bool | None = None
    """LossyImageCompression, where the header has it."""
    encapsulated_at: int | None = None
    """Where the value of PixelData begins, where it holds compressed fragments."""
    deflated: bool = False
    """Whether the data set is deflated; places are those in the inflated file then."""
    philips_scale: tuple[float, float] | None = None
    """Private scale slope and intercept, which make values of images on their own scales comparable."""
    sound: bool = True
    """Whether sign, rescaling, padding and number of frames are what an image can have."""


@dataclass(frozen=True)
class Header:
    """One frame of a DICOM image file before its pixels are read."""

    ref: FileRef
    file: SourceFile
    frame: int
    """Index within the file; 0 where it holds one frame."""
    sop_class: str
    identity: Identity
    protocol: Protocol
    geometry: Geometry
    timing: Timing
    pixels: PixelFacts
    fault: str | None = None
    """The code of what is wrong with an object of several frames; it stands as one then."""

    @property
    def path(self) -> Path:
        """The file, or the archive that it is a member of."""
        return self.ref.path


@dataclass(frozen=True)
class Refusal:
    """A file that has no header to speak of, and why."""

    file: SourceFile
    code: str


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
    counts = (integer(values, name) for name in ("CardiacNumberOfImages", "NumberOfTemporalPositions"))
    clock = text(values, "AcquisitionTime")
    return Timing(
        nominal_delay=_after_r(values, "NominalCardiacTriggerDelayTime", "NominalCardiacTriggerTimePriorToRPeak"),
        trigger_time=number(values, "TriggerTime"),
        percent_of_cycle=number(values, "NominalPercentageOfCardiacPhase"),
        temporal_position=_whole(_first(values, "TemporalPositionIndex", "TemporalPositionIdentifier")),
        acquisition_time=seconds(clock),
        content_time=seconds(text(values, "ContentTime")),
        acquired=(text(values, "AcquisitionDate"), clock),
        series_number=integer(values, "SeriesNumber") or 0,
        instance_number=integer(values, "InstanceNumber") if frame is None else frame + 1,
        nominal_interval=_first(values, "NominalInterval", "RRIntervalTimeNominal"),
        heart_rate=number(values, "HeartRate"),
        n_images=next((count for count in counts if count is not None and count > 1), None),
        actual_delay=_after_r(values, "ActualCardiacTriggerDelayTime", "ActualCardiacTriggerTimePriorToRPeak"),
        dimension_index=integer(values, "DimensionIndexValues"),
        frame_ms=None if frame is None else _frame_ms(values, frame),
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
PIXEL_KEYWORDS: Final = (
    *("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames", "BitsAllocated", "PhotometricInterpretation"),
    *("BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "LossyImageCompression", "PhilipsCreator", "PhilipsScaleSlope"),
    "PhilipsScaleIntercept",
)
KEYWORDS: Final = (
    *(*IDENTITY_KEYWORDS, *PROTOCOL_KEYWORDS, *PIXEL_KEYWORDS, "SOPClassUID", "SOPInstanceUID"),
    *("AcquisitionDate", "AcquisitionTime", "ContentTime", "PixelSpacing", "ImageOrientationPatient"),
    *("ImagePositionPatient", "NominalCardiacTriggerDelayTime", "TriggerTime", "NominalPercentageOfCardiacPhase"),
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
