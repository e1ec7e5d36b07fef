"""Volumes in NIfTI files, and what is refused of them."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from cinemyo.sources import nifti
from cinemyo.sources.nifti import UnusableError, over_time, read_volume
from tests.sources.nifti_files import COLUMNS, FRAMES, ROWS, SLICES, ZOOMS, affine, save, series


def edit(path: Path, **fields: Any) -> Path:
    """Writes values into the header of an uncompressed file, whatever nibabel thinks of them."""
    content = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    content[:348] = header.binaryblock
    path.write_bytes(bytes(content))
    return path


def test_axes_become_frame_slice_row_column(tmp_path: Path) -> None:
    volume = read_volume(save(tmp_path / "a.nii", series()))
    assert volume.voxels.shape == (FRAMES, SLICES, ROWS, COLUMNS)
    assert volume.voxels[4, 1, 7, 9] == series()[9, 7, 1, 4]


def test_distances_are_the_headers_not_the_affines(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", series(), affine=affine(np.eye(3), zooms=(2, 2, 2)), zooms=(2, 2, 2))
    volume = read_volume(edit(path, pixdim=[1, 1.25, 1.5, 10, 1, 0, 0, 0]))
    assert (volume.column_spacing_mm, volume.row_spacing_mm, volume.slice_spacing_mm) == ZOOMS


def test_an_affine_without_a_code_is_none(tmp_path: Path) -> None:
    assert read_volume(save(tmp_path / "a.nii", series())).affine is None


def test_the_qform_serves_where_the_sform_has_no_code(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(series(), affine(np.diag([-1.0, -1.0, 1.0])))
    image.set_qform(image.affine, code=1)
    nibabel.save(image, tmp_path / "a.nii")
    found = read_volume(edit(tmp_path / "a.nii", sform_code=0)).affine
    assert found is not None
    np.testing.assert_allclose(np.diag(found), [-1.25, -1.5, 10, 1], atol=1e-5)


def test_an_affine_of_no_numbers_is_none(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", series(), affine=np.eye(4), zooms=(1, 1, 1))
    signalling = np.frombuffer(b"\x01\x00\xa0\x7f" * 4, "<f4")
    assert read_volume(edit(path, srow_x=signalling)).affine is None


def test_axes_of_one_after_the_fourth_are_nothing(tmp_path: Path) -> None:
    assert read_volume(save(tmp_path / "a.nii", series()[..., None], zooms=(1.0,) * 5)).voxels.shape[0] == FRAMES


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2, 3, 2), (2049, 1, 1), (4, 4, 129)])
def test_sizes_of_no_cine_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(UnusableError, match="bad_shape"):
        read_volume(save(tmp_path / "a.nii", np.zeros(shape, np.uint8), zooms=(1.0,) * len(shape)))


def test_more_voxels_than_any_cine_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nifti, "MOST_VOXELS", series().size - 1)
    with pytest.raises(UnusableError, match="bad_shape"):
        read_volume(save(tmp_path / "a.nii", series()))


def test_complex_voxels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="bad_values"):
        read_volume(save(tmp_path / "a.nii", series().astype(np.complex64)))


@pytest.mark.parametrize(
    "pixdim", [[1, np.nan, 1, 1, 1, 0, 0, 0], [1, 1, 0.01, 1, 1, 0, 0, 0], [1, 1, 1, 500, 1, 0, 0, 0]]
)
def test_absurd_distances_are_refused(tmp_path: Path, pixdim: list[float]) -> None:
    path = save(tmp_path / "a.nii", series())
    with pytest.raises(UnusableError, match="bad_spacing"):
        read_volume(edit(path, pixdim=pixdim))


def test_a_third_axis_of_time_becomes_frames(tmp_path: Path) -> None:
    volume = over_time(read_volume(save(tmp_path / "a.nii", series()[:, :, 0])))
    assert volume.voxels.shape == (FRAMES, 1, ROWS, COLUMNS)
