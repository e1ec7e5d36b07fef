import hashlib
from pathlib import Path

import pytest

from cinemyo.deid.keys import load_key
from cinemyo.sources import dicom_grouping
from cinemyo.sources.dicom_digests import pixel_digest
from cinemyo.sources.dicom_grouping import without_duplicates
from cinemyo.sources.dicom_headers import Header, read_headers
from tests.sources.dicom_files import mr_image, pixels, save, write_cine

KEY = load_key("published")


def header(path: Path) -> Header:
    found = read_headers(path, name=path.name, key=KEY)
    assert isinstance(found, tuple)
    return found[0]


def test_the_digest_is_that_of_the_pixels_bytes(tmp_path: Path) -> None:
    found = header(save(mr_image(), tmp_path / "a.dcm"))
    assert pixel_digest(found) == hashlib.sha256(pixels(0).astype("<u2").tobytes()).hexdigest()


def test_a_file_that_is_gone_is_like_no_other(tmp_path: Path) -> None:
    path = save(mr_image(), tmp_path / "a.dcm")
    found = header(path)
    path.unlink()
    assert pixel_digest(found) == found.file.digest


def test_no_pixel_is_compared_where_no_two_images_share_place_and_delay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = [header(path) for path in write_cine(tmp_path)]
    monkeypatch.setattr(dicom_grouping, "pixel_digest", lambda _: pytest.fail("pixels were read"))
    assert without_duplicates(headers) == (headers, [])


def test_equal_pixels_at_one_place_are_duplicates_whichever_comes_first(tmp_path: Path) -> None:
    image = mr_image()
    first = header(save(image, tmp_path / "b.dcm"))
    image.SOPInstanceUID += "1"
    second = header(save(image, tmp_path / "a.dcm"))
    for order in ([first, second], [second, first]):
        assert without_duplicates(order) == ([first], [(second, "duplicate")])


def test_a_repeat_with_other_pixels_stays(tmp_path: Path) -> None:
    both = [header(save(mr_image(seed=seed), tmp_path / f"{seed}.dcm")) for seed in (1, 2)]
    assert without_duplicates(both) == (both, [])


def test_another_image_under_the_same_uid_is_told(tmp_path: Path) -> None:
    image = mr_image(seed=1)
    other = mr_image(seed=2)
    other.SOPInstanceUID = image.SOPInstanceUID
    found = [header(save(image, tmp_path / "a.dcm")), header(save(other, tmp_path / "b.dcm"))]
    unique, refused = without_duplicates(found)
    assert ([code for _, code in refused], len(unique)) == (["duplicate_uid"], 1)
    assert without_duplicates(found[::-1]) == (unique, refused)
