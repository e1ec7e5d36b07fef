"""The usual settings of each kind of source, for a folder that no study names."""

from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from cinemyo.config import Source
from cinemyo.sources.base import SourceKind

_MIDDLE: Final = {"first": 0.2, "last": 0.8}
_EVERY: Final = {"first": 0.0, "last": 1.0}
_PHASES: Final = {"min_phases": 8, "max_phases": 60}

SETTINGS: Final[dict[SourceKind, dict[str, Any]]] = {
    "dicom": {"key": "file", **_PHASES},
    "acdc": {"slices": _MIDDLE, "groups": {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}},
    "mnms": {
        "slices": _MIDDLE,
        "groups": {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"},
        "display": "stored",
    },
    "mnms2": {"slices": _MIDDLE, "groups": {"NOR": "normal", "HCM": "hcm"}, "display": "stored"},
    "sunnybrook": {"slices": _MIDDLE, "groups": {"Normal": "normal", "Hypertrophy": "hcm"}, **_PHASES},
    "nifti": {
        "key": "file",
        "slices": _EVERY,
        **_PHASES,
        "patient_from": "name",
        "third_axis": "slices",
        "mask_code": "acdc",
        "display": "patient",
    },
}
"""As in `conf/source/`, file by file. M&Ms-2's LV is a left ventricle dilated by its volume, whatever the cause,
and Sunnybrook's heart failures are of any kind: no class stands for them."""

_SOURCE: Final[TypeAdapter[Source]] = TypeAdapter(Source)


def usual(kind: SourceKind, root: Path, *, labels: Path | None = None) -> Source:
    """The source of a folder with the usual settings; people's images under a key of their own."""
    where = {"root": str(root), "labels": "" if labels is None else str(labels)}
    source: Source = _SOURCE.validate_python({"kind": kind, **where, **SETTINGS[kind]})
    return source
