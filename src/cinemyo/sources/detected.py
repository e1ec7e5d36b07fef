"""What kind of source a folder is, by what lies in it."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cinemyo.errors import SourceError
from cinemyo.sources.acdc import PATIENT
from cinemyo.sources.base import SourceKind
from cinemyo.sources.files import files_under
from cinemyo.sources.mnms import SHEET as MNMS_SHEET
from cinemyo.sources.mnms2 import SHEET_NAME as MNMS2_SHEET
from cinemyo.sources.nifti import ENDINGS
from cinemyo.sources.sunnybrook import SHEET_NAME as SUNNYBROOK_SHEET
from cinemyo.sources.sunnybrook_contours import FILE as CONTOUR

_MNMS2_IMAGE: Final = re.compile(r"(?P<own>\d{3})_(SA|LA)_(CINE|E[DS])(_gt)?\.nii(\.gz)?")
_MAGIC_AT: Final = 128
_LOOKED_INTO: Final = 200
"""How many files without a telling name are opened at most."""
_ABSORBS: Final[dict[SourceKind, SourceKind]] = {
    "acdc": "nifti",
    "mnms": "nifti",
    "mnms2": "nifti",
    "sunnybrook": "dicom",
}
"""A release is made of files that a plainer kind would read too."""


def detect(root: Path) -> SourceKind:
    """The one kind of source that a folder is.

    By names: patients' folders with an Info.cfg (acdc), the sheets of the releases (mnms, mnms2, sunnybrook), files in
    NIfTI, a DICOMDIR or zip archive; else by the first bytes of up to 200 files.

    Raises:
        SourceError: nothing that is known, or more than one kind.
    """
    found = _kinds(files_under(root))
    plain = found - {_ABSORBS[kind] for kind in found if kind in _ABSORBS}
    if len(plain) == 1:
        return plain.pop()
    raise SourceError(
        str(root),
        expected="one kind of source",
        got=" and ".join(sorted(plain)) if plain else "no file of any",
        remedy="name it with `--source KIND`, or point to the folder of one kind" if plain else "point to its folder",
    )


def _kinds(files: Iterable[Path]) -> set[SourceKind]:
    found: set[SourceKind] = set()
    looked = 0
    for path in files:
        kind = _by_name(path)
        if kind is None and looked < _LOOKED_INTO and "dicom" not in found:
            looked += 1
            kind = "dicom" if _is_dicom(path) else None
        if kind is not None:
            found.add(kind)
    return found


def _by_name(path: Path) -> SourceKind | None:
    name, folder = path.name, path.parent.name
    if name == "Info.cfg" and PATIENT.fullmatch(folder):
        return "acdc"
    if MNMS_SHEET.fullmatch(name) or re.fullmatch(re.escape(folder) + r"_sa(_gt)?\.nii(\.gz)?", name):
        return "mnms"
    image = _MNMS2_IMAGE.fullmatch(name)
    if name == MNMS2_SHEET or (image and image["own"] == folder):
        return "mnms2"
    if name.lower() == SUNNYBROOK_SHEET or CONTOUR.fullmatch(name):
        return "sunnybrook"
    if name.lower().endswith(ENDINGS):
        return "nifti"
    return "dicom" if name.upper() == "DICOMDIR" or name.lower().endswith(".zip") else None


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + 4)[_MAGIC_AT:] == b"DICM"
    except OSError:
        return False
