"""What kind of source a folder is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cinemyo.errors import SourceError
from cinemyo.sources.base import SourceKind
from cinemyo.sources.detected import detect
from tests.shared import ACDC, SUNNYBROOK, needs
from tests.sources import release, test_mnms, test_mnms2, test_sunnybrook
from tests.sources.dicom_files import write_cine
from tests.sources.nifti_files import save, series


def _acdc(root: Path) -> None:
    release.write_patient(root / "training", "patient001")


def _mnms(root: Path) -> None:
    test_mnms.write_release(root)


def _mnms_without_its_sheet(root: Path) -> None:
    test_mnms.write_patient(root)


def _mnms2(root: Path) -> None:
    test_mnms2.write_release(root)


def _mnms2_without_its_sheet(root: Path) -> None:
    test_mnms2.write_view(root / "dataset" / "001", "LA")


def _sunnybrook(root: Path) -> None:
    test_sunnybrook.write_release(root)


def _contours(root: Path) -> None:
    write_cine(root)
    test_sunnybrook.write_contour(root, 1, "i", test_sunnybrook.INNER, case="SC-N-1")


def _nifti(root: Path) -> None:
    save(root / "a" / "b.nii.gz", series())


def _dicom(root: Path) -> None:
    write_cine(root / "x" / "y")


def _archive(root: Path) -> None:
    (root / "export.zip").write_bytes(b"PK")


def _directory(root: Path) -> None:
    (root / "DICOMDIR").write_bytes(b"")


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (_acdc, "acdc"),
        (_mnms, "mnms"),
        (_mnms_without_its_sheet, "mnms"),
        (_mnms2, "mnms2"),
        (_mnms2_without_its_sheet, "mnms2"),
        (_sunnybrook, "sunnybrook"),
        (_contours, "sunnybrook"),
        (_nifti, "nifti"),
        (_dicom, "dicom"),
        (_archive, "dicom"),
        (_directory, "dicom"),
    ],
)
def test_a_folder_is_told_by_what_lies_in_it(tmp_path: Path, write: Callable[[Path], None], kind: SourceKind) -> None:
    write(tmp_path)
    assert detect(tmp_path) == kind


@pytest.mark.parametrize(
    ("write", "told"),
    [
        ((_acdc, _dicom), "acdc and dicom"),
        ((_nifti, _dicom), "dicom and nifti"),
        ((_mnms, _mnms2), "mnms and mnms2"),
        ((_sunnybrook, _nifti), "nifti and sunnybrook"),
    ],
)
def test_more_than_one_kind_is_told_with_the_remedy(
    tmp_path: Path, write: tuple[Callable[[Path], None], ...], told: str
) -> None:
    for one in write:
        one(tmp_path)
    with pytest.raises(SourceError, match=f"got {told}; name it with `--source KIND`"):
        detect(tmp_path)


def test_a_folder_of_nothing_known_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="got no file of any"):
        detect(tmp_path)


def test_an_absent_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected a folder"):
        detect(tmp_path / "nowhere")


@needs(ACDC)
def test_the_real_release_of_acdc_is_told() -> None:
    assert detect(ACDC) == "acdc"


@needs(SUNNYBROOK)
def test_the_real_sunnybrook_data_is_told() -> None:
    assert detect(SUNNYBROOK) == "sunnybrook"
