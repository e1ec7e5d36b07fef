"""Which reader reads a base, and small folders in the layouts of the releases."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import CineSource
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.mnms import MnmsReader
from cinemyo.sources.mnms2 import Mnms2Reader
from cinemyo.sources.nifti_folder import NiftiReader
from cinemyo.sources.sunnybrook import SunnybrookReader
from tests.sources import nifti_files, test_mnms, test_mnms2, test_nifti_folder, test_sunnybrook

GROUPS: Final = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm", "Hypertrophy": "hcm"}
_ALL: Final = SliceRule(first=0.0, last=1.0)


def reader_of(kind: str, root: Path) -> CineSource:
    """The reader for a kind of base, over a folder; `dicom` where the kind is of no release."""
    key = load_key("published")
    if kind == "mnms":
        return MnmsReader(root, slices=_ALL, groups=GROUPS)
    if kind == "mnms2":
        return Mnms2Reader(root, slices=_ALL, groups=GROUPS)
    if kind == "nifti":
        return NiftiReader(root, test_nifti_folder.RULES, key)
    if kind == "contours":
        return SunnybrookReader(root, slices=_ALL, groups=GROUPS, workers=1)
    if kind == "acdc":
        return AcdcReader(root, slices=_ALL, groups=GROUPS)
    return DicomReader(root, key=key)


def _nifti(root: Path) -> None:
    nifti_files.save(root / "sub-01" / "sub-01_cine.nii.gz", nifti_files.series())
    nifti_files.save(root / "sub-01" / "sub-01_cine_seg.nii.gz", test_nifti_folder.masks())
    nifti_files.save(root / "b.nii", nifti_files.series(seed=1))


def _mnms(root: Path) -> None:
    test_mnms.write_release(root)
    test_mnms.write_patient(root, "B0S9V9", mask=False)


RELEASES: Final[dict[str, Callable[[Path], object]]] = {
    "mnms": _mnms,
    "mnms2": test_mnms2.write_release,
    "nifti": _nifti,
    "contours": test_sunnybrook.write_release,
}
"""By kind: what writes such a folder."""


def written(write: Callable[[Path], object]) -> dict[str, bytes]:
    """The files that `write` puts into a folder, by name below it."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-base-"))
    try:
        write(folder)
        return collected(folder)
    finally:
        shutil.rmtree(folder)


def collected(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name below it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
