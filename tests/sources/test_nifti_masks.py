"""Codes of masks, and the anatomy that checks them."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from cinemyo.sources.nifti import UnusableError, read_volume
from cinemyo.sources.nifti_masks import (
    LEFT,
    MNMS_CODE,
    PROJECT_CODE,
    RIGHT,
    check_anatomy,
    drawn_frames,
    enclosure,
    recoded,
)
from tests.shared import ACDC, needs
from tests.sources.nifti_files import coded, heart


def stack(labels: np.ndarray) -> np.ndarray:
    """(phase, z, y, x) of (x, y, z)."""
    return np.ascontiguousarray(labels.transpose(2, 1, 0)[None])


def test_a_cavity_in_a_closed_ring_is_wholly_enclosed() -> None:
    labels = np.zeros((1, 1, 5, 5), np.uint8)
    labels[0, 0, 1:4, 1:4] = 2
    labels[0, 0, 2, 2] = LEFT
    assert enclosure(labels, LEFT) == 1


def test_three_of_four_sides_are_three_quarters() -> None:
    labels = np.zeros((1, 1, 5, 5), np.uint8)
    labels[0, 0, 1:4, 1:4] = 2
    labels[0, 0, 2, 2] = LEFT
    labels[0, 0, 1, 2] = 0
    assert enclosure(labels, LEFT) == 0.75


def test_an_absent_cavity_has_no_enclosure() -> None:
    assert enclosure(np.zeros((1, 1, 5, 5), np.uint8), LEFT) is None


def test_slices_do_not_touch_each_other() -> None:
    labels = np.zeros((1, 2, 3, 3), np.uint8)
    labels[0, 0, 1, 1] = LEFT
    labels[0, 1] = 2
    assert enclosure(labels, LEFT) == 0


def test_the_project_code_is_kept_and_that_of_mnms_converted() -> None:
    voxels = np.array([0, 1, 2, 3], np.float32).reshape(1, 1, 1, 4)
    assert [recoded(voxels, code=code).ravel().tolist() for code in (PROJECT_CODE, MNMS_CODE)] == [
        [0, 1, 2, 3],
        [0, 3, 2, 1],
    ]


@pytest.mark.parametrize("value", [4, -1, 0.5, np.nan, np.inf, 1e30])
def test_a_label_that_no_code_has_is_refused(value: float) -> None:
    with pytest.raises(UnusableError, match="mask_unknown_label"):
        recoded(np.full((1, 1, 1, 1), value, np.float32), code=MNMS_CODE)


def test_anatomy_accepts_the_right_code() -> None:
    check_anatomy(stack(heart()))


def test_anatomy_refuses_exchanged_cavities() -> None:
    with pytest.raises(UnusableError, match="mask_code_inverted"):
        check_anatomy(stack(coded(heart(), MNMS_CODE)))


def test_anatomy_refuses_a_left_ventricle_alone_under_the_name_of_the_right() -> None:
    labels = heart()
    labels[labels == RIGHT] = 0
    labels[labels == LEFT] = RIGHT
    with pytest.raises(UnusableError, match="mask_code_inverted"):
        check_anatomy(stack(labels))


@pytest.mark.parametrize("kept", [(), (RIGHT,), (LEFT,), (RIGHT, LEFT), (2,)])
def test_anatomy_has_nothing_to_say_without_myocardium_or_cavity(kept: tuple[int, ...]) -> None:
    check_anatomy(stack(heart() * np.isin(heart(), kept)))


def test_drawn_frames_hold_a_label() -> None:
    assert drawn_frames(np.stack([stack(heart() * part)[0] for part in (0, 1, 0)])).tolist() == [False, True, False]


@needs(ACDC)
def test_anatomy_tells_the_code_of_every_real_mask() -> None:
    told = []
    for patient in sorted(ACDC.glob("patient0*"))[::6]:
        labels = np.concatenate([_labels(path) for path in sorted(patient.glob("*_gt.nii*"))])
        check_anatomy(labels)
        exchanged = recoded(labels.astype(np.float32), code=MNMS_CODE)
        with pytest.raises(UnusableError, match="mask_code_inverted"):
            check_anatomy(exchanged)
        told.append((enclosure(labels, LEFT), enclosure(labels, RIGHT)))
    assert len(told) == 10
    assert min(left or 0 for left, _ in told) > 0.98
    assert max(right or 1 for _, right in told) < 0.45


def _labels(path: Path) -> np.ndarray:
    return recoded(read_volume(path).voxels, code=PROJECT_CODE)


def test_every_exchange_of_two_labels_but_the_right_code_changes_the_mask() -> None:
    voxels = stack(heart()).astype(np.float32)
    made = {
        recoded(voxels, code=dict(zip((1, 2, 3), order, strict=True))).tobytes() for order in permutations((1, 2, 3))
    }
    assert len(made) == 6
