"""What is known of one frame before its pixels are read, typed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import SourceFile


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
    """SHA-256 of this frame's bytes where they are plain numbers, else of all bytes from the pixels on; empty for the
    one frame of a plain file: `pixel_digest` takes it where it is needed."""
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
