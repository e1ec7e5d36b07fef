from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont

from cinemyo.config import PhantomCohort
from cinemyo.deid import text_detector
from cinemyo.deid.decoding import quiet
from cinemyo.deid.text_detector import REVIEW_SCORE, find_text, text_score
from cinemyo.sources.phantom.export import generate
from tests.shared import ACDC, ACDC_CINE, SUNNYBROOK, needs

NAME = "DUPONT JEAN 1943-12-17"
Frames = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def cine(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """A phantom heart without text."""
    out = tmp_path_factory.mktemp("phantom")
    generate(PhantomCohort(patients=1, seed=3, phases=12, matrix=192, field_of_view_mm=330, max_cines=1), out=out)
    images = [pydicom.dcmread(path) for path in sorted((out / "dicom").rglob("*")) if path.is_file()]
    series = [image for image in images if image.get("CardiacNumberOfImages") == 12]
    return np.stack([image.pixel_array for image in sorted(series, key=lambda image: int(image.InstanceNumber))])


def burn(frames: Frames, *, size: int, level: float, at: tuple[int, int] = (2, 2)) -> Frames:
    """The frames with a name and a date written on all of them, with soft edges, at a share of their range."""
    height, width = frames.shape[1:]
    page = Image.new("L", (width, height), 0)
    ImageDraw.Draw(page).text(at, NAME, fill=255, font=ImageFont.load_default(size))
    share = np.asarray(page) / 255
    return (frames * (1 - share) + share * level * np.percentile(frames, 99.9)).astype(frames.dtype)


def test_a_cine_without_text_has_a_low_score(cine: Frames) -> None:
    assert cine.shape == (12, 192, 192)
    assert text_score(cine) < REVIEW_SCORE / 2


@pytest.mark.parametrize("size", [10, 12, 16, 20])
@pytest.mark.parametrize("level", [0.5, 1.0, 2.0])
def test_text_in_a_cine_is_found(cine: Frames, size: int, level: float) -> None:
    assert text_score(burn(cine, size=size, level=level)) >= REVIEW_SCORE


def test_text_in_the_middle_of_a_cine_is_found(cine: Frames) -> None:
    assert text_score(burn(cine, size=12, level=1.0, at=(20, 90))) >= REVIEW_SCORE


def test_text_that_is_rescaled_is_found(cine: Frames) -> None:
    assert text_score((burn(cine, size=12, level=1.0) * 0.37 - 100).astype(np.float32)) >= REVIEW_SCORE


def test_the_box_holds_the_text(cine: Frames) -> None:
    top, left, bottom, right = find_text(burn(cine, size=14, level=1.0, at=(10, 150))).boxes[0]
    assert (150 <= top < bottom <= 170, 8 <= left < 20, right > 120) == (True, True, True)


def test_dark_letters_in_a_bright_box_are_found(cine: Frames) -> None:
    page = Image.new("L", cine.shape[:0:-1], 255)
    ImageDraw.Draw(page).text((3, 3), NAME, fill=0, font=ImageFont.load_default(14))
    boxed = cine.copy()
    boxed[:, :24] = (np.asarray(page)[:24] / 255 * cine.max()).astype(cine.dtype)
    assert text_score(boxed) >= REVIEW_SCORE


@pytest.mark.parametrize("size", [12, 16])
def test_text_in_a_single_frame_is_found(cine: Frames, size: int) -> None:
    assert text_score(burn(cine, size=size, level=1.0)[:1]) >= REVIEW_SCORE


def test_a_single_frame_without_text_has_a_low_score(cine: Frames) -> None:
    assert text_score(cine[:1]) < REVIEW_SCORE


def test_frames_that_are_all_the_same_are_judged_as_one(cine: Frames) -> None:
    assert text_score(np.repeat(cine[:1], 10, axis=0)) == text_score(cine[:1])


@pytest.mark.parametrize("shape", [(0, 8, 8), (1, 4, 4), (9, 4, 30), (9, 64, 64)])
def test_nothing_is_found_where_nothing_is(shape: tuple[int, ...]) -> None:
    assert text_score(np.zeros(shape, dtype=np.int16)) == 0


def test_a_mark_is_no_text(cine: Frames) -> None:
    marked = cine.copy()
    marked[:, 5:12, 5:12] = cine.max()
    assert text_score(marked) < REVIEW_SCORE


@needs(SUNNYBROOK)
def test_real_cines_without_text_pass_and_nearly_all_scouts() -> None:
    positions: dict[tuple[str, ...], list[Frames]] = {}
    with quiet():
        for path in sorted((SUNNYBROOK / "SCD0000101").rglob("*.dcm")):
            image = pydicom.dcmread(path)
            positions.setdefault(tuple(map(str, image.ImagePositionPatient)), []).append(image.pixel_array)
        scouts = [pydicom.dcmread(path).pixel_array[None] for path in _files(SUNNYBROOK / "localizer_SCD0003501")]
    scores = [text_score(np.stack(frames)) for frames in positions.values()]
    assert (len(scores), len(scouts)) == (12, 30)
    assert max(scores) < REVIEW_SCORE
    assert sum(text_score(scout) >= REVIEW_SCORE for scout in scouts) <= 2


@needs(ACDC_CINE)
def test_real_time_series_without_text_pass() -> None:
    scores = []
    for path in sorted(ACDC_CINE.rglob("*_4d.nii*"))[:6]:
        series = np.asanyarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined]
        scores += [text_score(series[:, :, z].transpose(2, 1, 0)) for z in range(series.shape[2])]
    assert len(scores) > 30
    assert max(scores) < REVIEW_SCORE


@needs(ACDC)
def test_few_real_single_frames_are_put_aside() -> None:
    scores = []
    for path in sorted(ACDC.rglob("*_frame01.nii*"))[:12]:
        stack = np.asanyarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined]
        scores += [text_score(stack[:, :, z].T[None]) for z in range(stack.shape[2])]
    assert len(scores) > 90
    assert sum(score >= REVIEW_SCORE for score in scores) <= 1


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("side", [3, 14, 64, 181])
@pytest.mark.parametrize("kind", ["normal", "few values", "one value", "peaked"])
def test_nearly_the_highest_value_is_the_percentile(side: int, kind: str) -> None:
    draw = np.random.default_rng(side)
    shape = (side, side + 3)
    image = {
        "normal": draw.normal(100, 30, shape),
        "few values": draw.integers(0, 5, shape),
        "one value": np.full(shape, 3.0),
        "peaked": draw.exponential(50, shape),
    }[kind].astype(np.float32)
    assert text_detector._nearly_highest(image) == pytest.approx(np.percentile(image, 99.5), rel=1e-5)
