"""Which MR images may be frames of a cine, judged by one header each; a refusal has a code of `dicom_codes`."""

import math
import re
from typing import Final

from cinemyo.sources.dicom_codes import sop_class_code
from cinemyo.sources.dicom_headers import Geometry, Header, PixelFacts, Protocol

LARGEST_PX: Final = 2048
_FAR_ABOVE: Final = 16
_SPACING_MM: Final = (0.1, 10.0)
_FARTHEST_MM: Final = 10_000.0
_COSINE_TOLERANCE: Final = 0.02

_NAMES: Final = (
    ("scout", r"\bscouts?\b|\blocali[sz]ers?\b|\blocs?\b|\bsurvey\b"),
    ("map", r"\b(t1|t2|t2 ?star|t2s|r2|ecv) ?maps?\b|\bmapping\b|molli\b|\bsasha\b|\becv\b"),
    ("flow", r"\bq?flow\b|venc|phase contrast|\b(fl)?pc\b|velocity|\bv\d{2,3}(in|th|fh|hf|ap|pa|rl|lr)\b"),
    ("perfusion", r"perfusion|\bperf\b|first pass"),
    ("late_enhancement", r"\blge\b|psir|\bdelayed\b|late (gad|gd|enh)|viability|\bde ?mri\b"),
    ("tagging", r"\btag(s|ged|ging)?\b|spamm\b"),
    ("real_time", r"\breal ?time\b"),
)
_KINDS: Final = (
    ("scout", frozenset({"LOCALIZER"})),
    ("flow", frozenset({"P", "PHASE", "PHASE MAP", "VELOCITY", "VELOCITY MAP", "PCA", "PHASE CONTRAST"})),
    ("map", frozenset({"T1 MAP", "T2 MAP", "T2_STAR MAP", "T2* MAP", "R2 MAP", "R2* MAP", "T1_MAP", "T2_MAP", "ECV"})),
    ("perfusion", frozenset({"PERFUSION"})),
    ("mosaic", frozenset({"MOSAIC"})),
    ("derived", frozenset({"SCREEN SAVE", "CSA REPORT"})),
)


def refusal(header: Header) -> str | None:
    """The code why this image can be no frame of a cine, or None if it may be one."""
    foreign = sop_class_code(header.sop_class)
    if foreign is not None:
        return foreign
    identity = header.identity
    if not identity.patient:
        return "no_patient_id"
    if not (identity.study and identity.series and identity.instance):
        return "missing_uid"
    return _size(header.pixels) or _kind(header.protocol) or _place(header.geometry)


def _size(pixels: PixelFacts) -> str | None:
    if not pixels.available or not pixels.rows or not pixels.columns:
        return "missing_pixel_data"
    if max(pixels.rows, pixels.columns) > LARGEST_PX:
        return "absurd_size"
    promised = pixels.rows * pixels.columns * pixels.samples * pixels.frames * pixels.bits // 8
    if not pixels.compressed and promised > _FAR_ABOVE * pixels.available:
        return "absurd_size"
    if not pixels.compressed and promised > pixels.available:
        return "truncated"
    if pixels.frames > 1:
        return "multiframe"
    return None if pixels.samples == 1 and pixels.photometric.startswith("MONOCHROME") else "not_grayscale"


def _kind(protocol: Protocol) -> str | None:
    """What the header calls the image, if that is something other than a cine.

    Names are scored by what they exclude, never by what they promise: a cine without a name is kept.
    """
    if protocol.burned_in:
        return "burned_in"
    values = set(protocol.image_type)
    by_type = (code for code, kinds in _KINDS if values & kinds)
    words = re.sub(r"[^a-z0-9]+", " ", f"{protocol.description} {protocol.name} {protocol.sequence}".lower())
    by_name = (code for code, pattern in _NAMES if re.search(pattern, words))
    named = next(by_type, None) or next(by_name, None)
    if named is not None:
        return named
    if "IR" in protocol.scanning:
        return "late_enhancement"
    return "derived" if protocol.image_type[:2] == ("DERIVED", "SECONDARY") else None


def _place(geometry: Geometry) -> str | None:
    orientation, position, spacing = geometry.orientation, geometry.position, geometry.spacing
    if (len(orientation), len(position), len(spacing)) != (6, 3, 2):
        return "no_geometry"
    along, down = orientation[:3], orientation[3:]
    low, high = _SPACING_MM
    unit = all(abs(math.hypot(*cosine) - 1) < _COSINE_TOLERANCE for cosine in (along, down))
    square = abs(_dot(along, down)) < _COSINE_TOLERANCE
    sized = all(low <= value <= high for value in spacing)
    near = all(abs(value) < _FARTHEST_MM for value in position)
    return None if unit and square and sized and near else "bad_geometry"


def _dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
