"""The frames that a file holds, decoded by other code than the readers': pydicom and numpy alone, or NIfTI by hand."""

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.utils import pixel_array
from pydicom.tag import Tag

from cinemyo.deid.decoding import muted, quiet

LARGEST: Final = 1 << 28
PLUGINS: Final = ("", "pylibjpeg", "pyjpegls", "pillow")
_RLE: Final = "1.2.840.10008.1.2.5"
_JPEG: Final = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
"""GDCM, pydicom's first choice for these, ends the process on some damaged streams."""
_GE_PRIVATE: Final = "1.2.840.113619.5.2"
_PLAIN: Final = {
    _GE_PRIVATE: ">",
    "1.2.840.10008.1.2": "<",
    "1.2.840.10008.1.2.1": "<",
    "1.2.840.10008.1.2.1.99": "<",
    "1.2.840.10008.1.2.2": ">",
}
_FIRST_VOXEL: Final = 352
_NIFTI: Final = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}


@dataclass(frozen=True)
class Reference:
    """Frames (t, y, x) as float32 after rescale; where they are padding; whether large is dark."""

    values: np.ndarray[Any, Any]
    padding: np.ndarray[Any, Any]
    inverted: bool


@dataclass(frozen=True)
class Facts:
    """What a file states of one image, as plain pydicom reads it."""

    frames: int
    spacing: tuple[float, ...]
    orientation: tuple[float, ...]
    position: tuple[float, ...]
    trigger_ms: float | None


@lru_cache(maxsize=128)
def dicom_facts(content: bytes) -> Facts | None:
    """What plain pydicom reads in a file's bytes, or None where it cannot."""
    try:
        with quiet():
            dataset = pydicom.dcmread(BytesIO(content), force=True, stop_before_pixels=True)
            return Facts(
                int(dataset.get("NumberOfFrames") or 1),
                _numbers(dataset, "PixelSpacing"),
                _numbers(dataset, "ImageOrientationPatient"),
                _numbers(dataset, "ImagePositionPatient"),
                next(iter(_numbers(dataset, "TriggerTime")), None),
            )
    except Exception:
        return None


def _numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return ()
    return tuple(float(each) for each in value) if isinstance(value, MultiValue) else (float(value),)


@lru_cache(maxsize=200)
def dicom_frames(content: bytes, *, plugin: str = "") -> Reference | None:
    """What plain pydicom makes of a file's bytes, by its own choice of decoder or one by name, or None."""
    try:
        with quiet(), muted(), np.errstate(all="ignore"):
            return _reference(pydicom.dcmread(BytesIO(content), force=True), plugin=plugin)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a decoder in Rust panics with no Exception
        return None


def _reference(dataset: Dataset, *, plugin: str) -> Reference | None:
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    count = int(dataset.get("NumberOfFrames") or 1)
    if rows * columns * count > LARGEST:
        return None
    stored = _stored(dataset, (count, rows, columns), plugin=plugin)
    per_frame = [_rescale(dataset, index) for index in range(count)]
    slopes = np.array([pair[0] for pair in per_frame]).reshape(-1, 1, 1)
    intercepts = np.array([pair[1] for pair in per_frame]).reshape(-1, 1, 1)
    values = (stored.astype(np.float64) * slopes + intercepts).astype(np.float32)
    inverted = str(dataset.PhotometricInterpretation).strip("\0 ") == "MONOCHROME1"
    return Reference(values, _padding(dataset, stored), inverted)


def _stored(dataset: Dataset, shape: tuple[int, int, int], *, plugin: str) -> np.ndarray[Any, Any]:
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")).strip("\0 ")
    _, little = dataset.original_encoding
    order = _PLAIN.get(syntax) if syntax else ("<" if little else ">")
    if order is None:
        chosen = plugin or ("pillow" if syntax in _JPEG else "")
        found = pixel_array(dataset, decoding_plugin=chosen, correct_unused_bits=syntax != _RLE)
        values = np.asarray(found).reshape(shape)
        return _used_bits(dataset, values.astype(np.int64)) if syntax == _RLE else values
    kind = f"{order}{'i' if int(dataset.PixelRepresentation) else 'u'}{int(dataset.BitsAllocated) // 8}"
    need = int(np.prod(shape)) * int(dataset.BitsAllocated) // 8
    raw = bytes(dataset.PixelData)[:need]
    if dataset["PixelData"].VR == "OW" and order == ">" and int(dataset.BitsAllocated) == 8:
        raw = np.frombuffer(raw, "<u2").byteswap().tobytes()
    return _used_bits(dataset, np.frombuffer(raw, kind).reshape(shape).astype(np.int64))


def _used_bits(dataset: Dataset, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The stored bits below and at the high bit, with their sign."""
    allocated, used = int(dataset.BitsAllocated), int(dataset.BitsStored)
    high = int(dataset.get("HighBit", used - 1))
    if not 0 < used <= high + 1 <= allocated:
        raise ValueError("bits")
    values = (values >> max(0, high + 1 - used)) & ((1 << used) - 1)
    if not int(dataset.PixelRepresentation):
        return values
    return np.where(values >> (used - 1) == 1, values - (1 << used), values)


def _rescale(dataset: Dataset, index: int) -> tuple[float, float]:
    """Slope and intercept of one frame: its own group, else the shared one, else the top level, else none."""
    found: list[Dataset] = []
    for keyword, at in (("PerFrameFunctionalGroupsSequence", index), ("SharedFunctionalGroupsSequence", 0)):
        groups = dataset.get(keyword) or []
        if at < len(groups):
            found += list(groups[at].get("PixelValueTransformationSequence") or [])[:1]
    for holder in (*found, dataset):
        slope, intercept = _one(holder, "RescaleSlope"), _one(holder, "RescaleIntercept")
        if slope is not None or intercept is not None:
            return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)
    return 1.0, 0.0


def _one(dataset: Dataset, keyword: str) -> float | None:
    """One finite number; None where the element is absent or empty.

    Raises:
        ValueError: it is there and is none.
    """
    element = dataset.get(Tag(keyword))
    if element is None or element.value is None or str(element.value).strip("\0 ") == "":
        return None
    value = float(element.value)
    if not np.isfinite(value):
        raise ValueError(keyword)
    return value


def _padding(dataset: Dataset, stored: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    value, limit = _one(dataset, "PixelPaddingValue"), _one(dataset, "PixelPaddingRangeLimit")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    ends = []
    for number in (value, value if limit is None else limit):
        whole = 1 << int(dataset.BitsAllocated)
        wraps = int(dataset.PixelRepresentation) != 0 and number >= whole // 2
        ends.append(number - whole if wraps else number)
    return (stored >= min(ends)) & (stored <= max(ends))


@lru_cache(maxsize=8)
def nifti_frames(content: bytes, *, packed: bool) -> np.ndarray[Any, Any] | None:
    """The volume as (t, z, y, x) float32 by the bytes of the header alone, or None where it is none."""
    try:
        if packed:
            content = zlib.decompressobj(31).decompress(content, LARGEST)
        return _volume(content)
    except (zlib.error, struct.error, ValueError, OverflowError, KeyError):
        return None


def _volume(content: bytes) -> np.ndarray[Any, Any]:
    order = "<" if struct.unpack("<i", content[:4])[0] == 348 else ">"
    rank, *sides = struct.unpack(f"{order}8h", content[40:56])
    shape = list(sides[:rank])
    kind = np.dtype(order + _NIFTI[struct.unpack(f"{order}h", content[70:72])[0]])
    offset, slope, intercept = struct.unpack(f"{order}3f", content[108:120])
    start, count = int(offset), int(np.prod(shape))
    if start < _FIRST_VOXEL:
        raise ValueError("offset")
    values = np.frombuffer(content[start : start + count * kind.itemsize], kind).astype(np.float64)
    if np.isfinite(slope) and slope != 0:
        with np.errstate(all="ignore"):
            values = values * slope + (intercept if np.isfinite(intercept) else 0.0)
    shape = [*shape, *[1] * 4][: max(4, len(shape))]
    while len(shape) > 4 and shape[-1] == 1:
        shape.pop()
    with np.errstate(all="ignore"):
        return values.reshape(shape, order="F").transpose(3, 2, 1, 0).astype(np.float32)
