from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from cinemyo.errors import SourceError
from cinemyo.sources.images import write_cine
from cinemyo.sources.pictures import read_picture

VALUES = np.arange(12, dtype=np.uint16).reshape(3, 4) * 20


def saved(folder: Path, kind: str) -> Path:
    path = folder / f"image{kind}"
    if kind == ".npy":
        np.save(path, VALUES)
    elif kind in {".nii", ".nii.gz"}:
        nibabel.save(nibabel.Nifti1Image(VALUES.T.astype(np.int16), np.eye(4)), path)  # type: ignore[no-untyped-call]
    elif kind == ".mha":
        write_cine(path, VALUES[None].astype(np.float32), 1, 1)
    else:
        Image.fromarray(VALUES).save(path)
    return path


@pytest.mark.parametrize("kind", [".npy", ".nii", ".nii.gz", ".mha", ".png", ".tif"])
def test_every_kind_of_file_gives_rows_and_columns(tmp_path: Path, kind: str) -> None:
    assert np.array_equal(read_picture(saved(tmp_path, kind)), VALUES)


def test_pages_of_a_file_come_first(tmp_path: Path) -> None:
    pages = [Image.fromarray(VALUES.astype(np.uint8) + page) for page in range(3)]
    pages[0].save(tmp_path / "image.tif", save_all=True, append_images=pages[1:])
    assert read_picture(tmp_path / "image.tif").shape == (3, 3, 4)


def test_colours_become_their_luminance(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8)).save(tmp_path / "image.png")
    assert read_picture(tmp_path / "image.png").tolist() == [[76, 76], [76, 76]]


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"])
def test_dicom_of_any_transfer_syntax_gives_the_same_pixels(name: str) -> None:
    expected = pydicom.dcmread(str(get_testdata_file("MR_small.dcm"))).pixel_array
    assert np.array_equal(read_picture(Path(str(get_testdata_file(name)))), expected)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    with pytest.raises(SourceError, match=r"notes\.txt: expected an image, got pixels that cannot be read"):
        read_picture(tmp_path / "notes.txt")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SourceError, match="cannot be read"):
        read_picture(tmp_path / "image.npy")


def test_one_line_of_values_is_no_image(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.arange(4))
    with pytest.raises(SourceError, match=r"values of shape \(4,\)"):
        read_picture(tmp_path / "image.npy")
