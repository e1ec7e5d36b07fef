import gzip
import struct
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from cinemyo.sources.nifti_bytes import load
from tests.sources.release import save, voxels


def saved(path: Path) -> bytes:
    """The unpacked bytes of a file of the release."""
    save(path, voxels(1))
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def put(content: bytes, form: str, at: int, value: object) -> bytes:
    packed = struct.pack(form, value)
    return content[:at] + packed + content[at + len(packed) :]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_voxels_are_those_of_the_file(tmp_path: Path, name: str) -> None:
    saved(tmp_path / name)
    assert np.array_equal(np.asarray(load(tmp_path / name).dataobj), voxels(1))


def test_a_file_of_the_second_version_is_read(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti2Image(voxels(1), np.eye(4)), tmp_path / "a.nii")
    assert np.array_equal(np.asarray(load(tmp_path / "a.nii").dataobj), voxels(1))


def test_several_members_are_one_file(tmp_path: Path) -> None:
    content = saved(tmp_path / "a.nii.gz")
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(content[:400]) + gzip.compress(content[400:]) + bytes(20))
    assert np.array_equal(np.asarray(load(tmp_path / "a.nii.gz").dataobj), voxels(1))


@pytest.mark.parametrize("lost", [1, 4, 8, 9, 100])
def test_a_stream_without_its_end_is_refused(tmp_path: Path, lost: int) -> None:
    saved(tmp_path / "a.nii.gz")
    (tmp_path / "a.nii.gz").write_bytes((tmp_path / "a.nii.gz").read_bytes()[:-lost])
    with pytest.raises(ImageFileError):
        load(tmp_path / "a.nii.gz")


def test_voxels_with_a_wrong_checksum_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.nii.gz")
    content = bytearray((tmp_path / "a.nii.gz").read_bytes())
    content[-6] ^= 1
    (tmp_path / "a.nii.gz").write_bytes(bytes(content))
    with pytest.raises(ImageFileError, match="damaged"):
        load(tmp_path / "a.nii.gz")


@pytest.mark.parametrize(
    ("form", "at", "value"),
    [("<f", 80, -1.5), ("<f", 108, 0.0), ("<f", 108, 340.0), ("<i", 0, 347), ("<h", 252, -1), ("<h", 70, 9999)],
)
def test_a_header_that_would_be_mended_is_refused_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], form: str, at: int, value: float
) -> None:
    content = put(saved(tmp_path / "a.nii"), form, at, value)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises((HeaderDataError, ImageFileError)):
        load(tmp_path / "a.nii")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_more_than_the_header_promises_is_refused(tmp_path: Path, name: str) -> None:
    content = saved(tmp_path / name) + bytes(5 << 20)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(ImageFileError, match="promises"):
        load(tmp_path / name)


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(put(saved(tmp_path / "a.nii"), "<h", 46, 30_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    (tmp_path / "a.nii.gz").write_bytes(head + block * 300)
    with pytest.raises(ImageFileError, match="promises"):
        load(tmp_path / "a.nii.gz")


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", bytes(300), gzip.compress(b"", mtime=0), gzip.compress(b"abc", mtime=0)]
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_no_image_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ImageFileError, HeaderDataError, OSError)):
        load(tmp_path / name)
