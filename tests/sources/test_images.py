from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from cinemyo.errors import SetupError, SourceError
from cinemyo.sources.images import read_cine, read_mask, write_cine, write_mask

WHOLE = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


def header(path: Path) -> str:
    return path.read_bytes().split(b"ElementDataFile", maxsplit=1)[0].decode()


def element_type(path: Path) -> str:
    return next(line.split(" = ")[1] for line in header(path).splitlines() if line.startswith("ElementType"))


@pytest.mark.parametrize("frames", [WHOLE, WHOLE - 5, WHOLE + 65_000 - 20, WHOLE / 3, WHOLE * 1e6])
def test_a_cine_comes_back_as_it_was(tmp_path: Path, frames: np.ndarray) -> None:
    write_cine(tmp_path / "c.mha", frames, 1.5, 1.25)
    np.testing.assert_array_equal(read_cine(tmp_path / "c.mha")[0], frames.astype(np.float32))


def test_frames_come_back_in_single_precision(tmp_path: Path) -> None:
    write_cine(tmp_path / "c.mha", WHOLE, 1.5, 1.25)
    assert read_cine(tmp_path / "c.mha")[0].dtype == np.float32


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        (WHOLE, "MET_SHORT"),
        (WHOLE - 5, "MET_SHORT"),
        (WHOLE + 40_000, "MET_USHORT"),
        (WHOLE + 0.5, "MET_FLOAT"),
        (WHOLE * 1e6, "MET_FLOAT"),
    ],
)
def test_the_smallest_exact_type_is_stored(tmp_path: Path, frames: np.ndarray, kind: str) -> None:
    write_cine(tmp_path / "c.mha", frames, 1.5, 1.25)
    assert element_type(tmp_path / "c.mha") == kind


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int32])
def test_whole_numbers_of_any_type_are_stored_alike(tmp_path: Path, kind: type) -> None:
    for name, frames in (("a", WHOLE), ("b", WHOLE.astype(kind))):
        write_cine(tmp_path / name / "c.mha", frames, 1.5, 1.25)
    assert (tmp_path / "a" / "c.mha").read_bytes() == (tmp_path / "b" / "c.mha").read_bytes()


def test_row_and_column_spacing_are_not_exchanged(tmp_path: Path) -> None:
    write_cine(tmp_path / "c.mha", WHOLE, 1.5, 1.36719)
    assert read_cine(tmp_path / "c.mha")[1:] == (1.5, 1.36719)


def test_equal_cines_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_cine(tmp_path / name / "c.mha", WHOLE, 1.5, 1.25)
    assert (tmp_path / "a" / "c.mha").read_bytes() == (tmp_path / "b" / "c.mha").read_bytes()


def test_the_header_holds_nothing_but_the_grid(tmp_path: Path) -> None:
    write_cine(tmp_path / "c.mha", WHOLE, 1.5, 1.25)
    names = {line.split(" = ")[0] for line in header(tmp_path / "c.mha").splitlines()}
    assert names == {
        "ObjectType",
        "NDims",
        "BinaryData",
        "BinaryDataByteOrderMSB",
        "CompressedData",
        "TransformMatrix",
        "Offset",
        "CenterOfRotation",
        "AnatomicalOrientation",
        "ElementSpacing",
        "DimSize",
        "ElementType",
    }


@pytest.mark.parametrize("row", [1.5, 1 / 3, 0.1 + 0.2, 1.3671875])
def test_spacing_comes_back_to_the_last_digit(tmp_path: Path, row: float) -> None:
    write_cine(tmp_path / "c.mha", WHOLE, row, 1.25)
    assert read_cine(tmp_path / "c.mha")[1] == row


def test_a_cine_that_was_deflated_is_read_too(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(WHOLE.astype(np.int16))
    SimpleITK.WriteImage(image, str(tmp_path / "c.mha"), useCompression=True)
    np.testing.assert_array_equal(read_cine(tmp_path / "c.mha")[0], WHOLE)


def test_a_cine_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    write_cine(tmp_path / "c.mha", WHOLE, 1.5, 1.25)
    (tmp_path / "c.mha").write_bytes((tmp_path / "c.mha").read_bytes()[:-1])
    with pytest.raises(SourceError, match=r"got a damaged file"):
        read_cine(tmp_path / "c.mha")


def test_a_mask_comes_back_as_it_was(tmp_path: Path) -> None:
    mask = (WHOLE % 4).astype(np.uint8)
    write_mask(tmp_path / "c.mha", mask, 1.5, 1.25)
    np.testing.assert_array_equal(read_mask(tmp_path / "c.mha"), mask)


def test_an_absent_image_is_refused_with_the_stage_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"got no file; run the stage ingest"):
        read_cine(tmp_path / "c.mha")


def test_a_damaged_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.mha").write_bytes(b"ObjectType = Nothing\n")
    with pytest.raises(SourceError, match=r"got a damaged file"):
        read_cine(tmp_path / "c.mha")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("side", [4, 256], ids=["noticed at the end", "noticed while writing"])
def test_a_full_disk_is_one_sentence(tmp_path: Path, side: int) -> None:
    (tmp_path / "c.mha").symlink_to("/dev/full")
    noise = np.random.default_rng(0).integers(0, 4000, (2, side, side)).astype(np.float32)
    with pytest.raises(SetupError, match=r"got No space left on device; free space and run it again"):
        write_cine(tmp_path / "c.mha", noise, 1.5, 1.25)
