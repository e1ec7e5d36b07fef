"""Fingerprints of images; the tests on ACDC measure what the thresholds stand for."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float
from PIL import Image

from cinemyo.audit.leaks.images import BITS, CORRELATION, correlation, digest_of, look_alikes, prints_of, read_prints
from cinemyo.sources.nifti import read_volume
from tests.shared import ACDC, needs

Frame = Float[np.ndarray, "y x"]


@pytest.fixture
def frame() -> Frame:
    rows, columns = np.mgrid[0:128, 0:120]
    heart = np.hypot(rows - 60, columns - 70) < 22
    return 400 * heart + 90 * np.sin(rows / 17) + 60 * np.cos(columns / 11) + rows + 200


def jpeg(frame: Frame) -> Frame:
    gray = np.clip((frame - frame.min()) / np.ptp(frame) * 255, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(gray).save(stream, "JPEG", quality=75)
    return np.asarray(Image.open(stream), dtype=np.float64)


def half(frame: Frame) -> Frame:
    small = Image.fromarray(frame.astype(np.float32)).resize((frame.shape[1] // 2, frame.shape[0] // 2))
    return np.asarray(small, dtype=np.float64)


COPIES: dict[str, Callable[[Frame], Frame]] = {
    "jpeg": jpeg,
    "half": half,
    "brighter": lambda frame: frame * 1.3 + 50,
    "windowed": lambda frame: np.clip(frame, *np.percentile(frame, (5, 95))),
    "gamma": lambda frame: (frame - frame.min()) ** 0.7,
    "shifted by one pixel": lambda frame: np.roll(frame, (1, 1), (0, 1)),
}


def is_found(one: Frame, other: Frame) -> bool:
    prints = {"one": prints_of(one), "other": prints_of(other)}
    return list(look_alikes(prints)) != []


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int32, np.float32])
def test_equal_values_have_one_digest_whatever_their_type(kind: Any) -> None:
    values = np.arange(12).reshape(3, 4)
    assert digest_of(values.astype(kind)) == digest_of(values.astype(np.uint8))


def test_another_value_or_shape_has_another_digest() -> None:
    values = np.arange(12).reshape(3, 4)
    assert len({digest_of(values), digest_of(values.reshape(4, 3)), digest_of(values + (values == 5))}) == 3


def test_negative_zero_is_zero() -> None:
    assert digest_of(np.array([[-0.0]])) == digest_of(np.array([[0.0]]))


@pytest.mark.parametrize("copy", COPIES)
def test_a_changed_copy_is_found(frame: Frame, copy: str) -> None:
    assert is_found(frame, COPIES[copy](frame))


def test_equal_images_are_no_look_alikes(frame: Frame) -> None:
    assert not is_found(frame, frame)


def test_an_image_of_one_gray_looks_like_nothing(frame: Frame) -> None:
    assert not is_found(np.zeros((64, 64)), np.ones((64, 64)))


def test_another_image_is_none(frame: Frame) -> None:
    assert not is_found(frame, frame[::-1, ::-1])


def test_of_a_stack_the_middle_is_compared_and_all_is_digested(frame: Frame) -> None:
    stack = np.stack([frame * 0, frame, frame + 5])
    assert prints_of(stack).bits == prints_of(frame).bits
    assert prints_of(stack).sha256 != prints_of(frame).sha256


def test_an_image_correlates_with_itself(frame: Frame) -> None:
    small = prints_of(frame).small
    assert correlation(small, small) == pytest.approx(1)


def test_what_cannot_be_read_is_told(tmp_path: Path, frame: Frame) -> None:
    np.save(tmp_path / "a.npy", frame)
    found = read_prints(["a.npy", "b.npy", "a.npy"], root=tmp_path)
    assert list(found.prints) == ["a.npy"]
    assert found.faults == {"b.npy": "no file"}


@pytest.fixture(scope="module")
def hearts() -> dict[str, Frame]:
    """The middle slice at diastole of each patient of ACDC that the project has."""
    found = {}
    for folder in sorted(ACDC.iterdir()):
        path = next(item for item in sorted(folder.glob("*_frame*.nii.gz")) if "_gt" not in item.name)
        stack = read_volume(path).voxels[0]
        found[folder.name] = stack[len(stack) // 2].astype(np.float64)
    return found


@needs(ACDC)
def test_two_numbers_of_one_person_are_the_only_equal_hearts_of_acdc(hearts: dict[str, Frame]) -> None:
    prints = {name: prints_of(frame) for name, frame in hearts.items()}
    digests: dict[str, list[str]] = {}
    for name, own in prints.items():
        digests.setdefault(own.sha256, []).append(name)
    assert [names for names in digests.values() if len(names) > 1] == [["patient074", "patient076"]]


@needs(ACDC)
def test_no_two_patients_of_acdc_look_alike(hearts: dict[str, Frame]) -> None:
    assert list(look_alikes({name: prints_of(frame) for name, frame in hearts.items()})) == []


@needs(ACDC)
@pytest.mark.parametrize(
    ("copy", "least"),
    [
        *((name, 1.0) for name in COPIES),
        ("shifted by three pixels", 0.9),
        ("cropped by 2 %", 0.9),
    ],
)
def test_copies_of_hearts_of_acdc_are_found(hearts: dict[str, Frame], copy: str, least: float) -> None:
    more: dict[str, Callable[[Frame], Frame]] = {
        "shifted by three pixels": lambda frame: np.roll(frame, (3, -3), (0, 1)),
        "cropped by 2 %": lambda frame: frame[frame.shape[0] // 50 : -(frame.shape[0] // 50), 4:-4],
    }
    change = (COPIES | more)[copy]
    pairs = [(prints_of(frame), prints_of(change(frame))) for frame in hearts.values()]
    found = [
        (one.bits ^ other.bits).bit_count() <= BITS and correlation(one.small, other.small) >= CORRELATION
        for one, other in pairs
    ]
    assert np.mean(found) >= least
