"""Which MR images may be frames of a cine, judged by one header each; a refusal has a code of `dicom_codes`."""

import math
from functools import lru_cache
from typing import Final

from cinemyo.sources.cine_names import hints_at_scout, name_evidence, named_kind
from cinemyo.sources.dicom_codes import sop_class_code
from cinemyo.sources.dicom_headers import Geometry, Header, PixelFacts, Protocol, Timing

LARGEST_PX: Final = 2048
_FAR_ABOVE: Final = 16
_SPACING_MM: Final = (0.1, 10.0)
_FARTHEST_MM: Final = 10_000.0
_COSINE_TOLERANCE: Final = 0.02

_KINDS: Final = (
    ("scout", frozenset({"LOCALIZER"})),
    ("flow", frozenset({"P", "PHASE", "PHASE MAP", "VELOCITY", "VELOCITY MAP", "PCA", "PHASE CONTRAST"})),
    ("map", frozenset({"T1 MAP", "T2 MAP", "T2_STAR MAP", "T2* MAP", "R2 MAP", "R2* MAP", "T1_MAP", "T2_MAP", "ECV"})),
    ("perfusion", frozenset({"PERFUSION"})),
    ("mosaic", frozenset({"MOSAIC"})),
    ("derived", frozenset({"SCREEN SAVE", "CSA REPORT", "SUBTRACTION", "PROJECTION IMAGE", "REFORMATTED"})),
)
_CONTRASTS: Final = {"FLOW_ENCODED": "flow", "PERFUSION": "perfusion", "TAGGING": "tagging"}
"""Values of AcquisitionContrast that no cine of ours has."""
_MOVING: Final = 8
"""A localiser that says it holds so many phases of a beat may be a cine that was taken to find the heart."""


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
    return _size(header.pixels) or header.fault or _kind(header.protocol, header.timing) or _place(header.geometry)


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
    if pixels.samples != 1 or not pixels.photometric.startswith("MONOCHROME"):
        return "not_grayscale"
    return None if pixels.sound else "bad_pixel_facts"


def _kind(protocol: Protocol, timing: Timing) -> str | None:
    """What the header certainly says the image is, if that is something other than a cine.

    Names count by what they exclude, never by what they promise: a cine without a name is kept. What is only likely is
    weighed over all frames of a position, by `cine_score`.
    """
    if protocol.burned_in:
        return "burned_in"
    values = set(protocol.image_type)
    by_type = next((code for code, kinds in _KINDS if values & kinds), None)
    still = timing.n_images is None and timing.temporal_position is None
    named = named_kind(protocol) or ("scout" if still and hints_at_scout(protocol) else None)
    found = by_type or _encoded(protocol) or (None if named == "scout" and _moves(protocol, timing) else named)
    if found is not None:
        return found
    if "IR" in protocol.scanning or protocol.inversion_recovery:
        return "late_enhancement"
    return "derived" if protocol.image_type[:2] == ("DERIVED", "SECONDARY") else None


def _moves(protocol: Protocol, timing: Timing) -> bool:
    """Whether what is named a localiser is a cine as well, by its words and by its times."""
    is_cine = bool({"cine_name", "ssfp_name"} & set(name_evidence(protocol)))
    return is_cine and timing.trigger_time is not None and (timing.n_images or 0) >= _MOVING


def _encoded(protocol: Protocol) -> str | None:
    """What the acquisition itself put into the image, where attributes made for it say so."""
    if protocol.phase_contrast or protocol.component == "PHASE" or protocol.velocity_cm_s:
        return "flow"
    if protocol.contrast in _CONTRASTS:
        return _CONTRASTS[protocol.contrast]
    if protocol.tagging not in {"", "NONE"}:
        return "tagging"
    return "real_time" if protocol.technique == "REALTIME" else None


@lru_cache(maxsize=1024)
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
