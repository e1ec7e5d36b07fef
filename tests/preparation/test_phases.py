"""Diastole and systole, on hearts whose beat is known and on real series turned in time."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stacks import Stack, series, sunnybrook, turned
from cinemyo.preparation.phases import Picked, fits, pick_own, pick_phases, pick_stack
from cinemyo.preparation.region import locate_exam
from cinemyo.preparation.rhythm import Rhythm, Timing, rhythm_of
from tests.preparation.hearts import SPACING, heart, radii
from tests.preparation.test_region import CONFIG
from tests.shared import ACDC_CINE, SUNNYBROOK, needs

CENTRE = (118.0, 136.0)


def _apart(first: int, second: int, n_frames: int) -> int:
    return min((first - second) % n_frames, (second - first) % n_frames)


def _picked(n_frames: int = 20, *, diastole: int = 0, systole: int = 8, timing: Timing | None = None) -> Picked:
    frames = heart(CENTRE, radii(n_frames, diastole=diastole, systole=systole))
    return pick_phases(frames, spacing=SPACING, centre=CENTRE, timing=timing)


def _slice(n_frames: int = 20, *, diastole: int = 0, systole: int = 8, timing: Timing | None = None) -> Rhythm:
    frames = heart(CENTRE, radii(n_frames, diastole=diastole, systole=systole))
    return rhythm_of(frames, spacing=SPACING, centre=CENTRE, timing=timing)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(12, 35), st.floats(0.3, 0.5), st.floats(0, 1))
def test_the_largest_and_the_smallest_ventricle_are_found_wherever_the_series_starts(
    n_frames: int, share: float, turn: float
) -> None:
    diastole = int(turn * n_frames) % n_frames
    systole = (diastole + round(share * n_frames)) % n_frames
    picked = _picked(n_frames, diastole=diastole, systole=systole)
    assert _apart(picked.systole, systole, n_frames) <= 2
    assert _apart(picked.diastole, diastole, n_frames) <= 2


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 19))
def test_turning_a_series_in_time_turns_its_phases(turn: int) -> None:
    rng = np.random.default_rng(3)
    frames = heart(CENTRE, radii(20, systole=8)) + rng.normal(0, 4, (20, 120, 130)).astype(np.float32)
    first = pick_phases(frames, spacing=SPACING, centre=CENTRE)
    turned = pick_phases(np.roll(frames, turn, axis=0), spacing=SPACING, centre=CENTRE)
    assert (turned.diastole, turned.systole) == ((first.diastole + turn) % 20, (first.systole + turn) % 20)


@pytest.mark.parametrize("change", [lambda frames: frames * 7.5, lambda frames: frames + 300, lambda frames: -frames])
def test_brightness_and_contrast_play_no_part_but_their_sense_does(change: object) -> None:
    frames = heart(CENTRE, radii(20, systole=8))
    changed = change(frames)  # type: ignore[operator]
    same = pick_phases(changed, spacing=SPACING, centre=CENTRE) == pick_phases(frames, spacing=SPACING, centre=CENTRE)
    assert same == bool(changed[0, 59, 68] > changed[0, 0, 0])


def test_a_mirrored_series_has_the_same_phases() -> None:
    frames = heart(CENTRE, radii(20, systole=8))
    mirrored = np.ascontiguousarray(frames[:, :, ::-1])
    centre = (CENTRE[0], (frames.shape[2] - 1) * SPACING[1] - CENTRE[1])
    first, other = (
        pick_phases(images, spacing=SPACING, centre=at) for images, at in ((frames, CENTRE), (mirrored, centre))
    )
    assert (first.diastole, first.systole) == (other.diastole, other.systole)


def test_a_clear_beat_has_confidence() -> None:
    assert _picked().confidence > 0.7


def test_a_still_cine_has_none() -> None:
    picked = pick_phases(np.repeat(heart(CENTRE, np.array([20.0])), 20, axis=0), spacing=SPACING, centre=CENTRE)
    assert (picked.method, picked.confidence) == ("no_beat", 0.0)
    assert picked.diastole != picked.systole


@pytest.mark.parametrize("cavities", [(26.0, 16.0), (16.0, 26.0)])
def test_of_a_pair_the_larger_is_diastole(cavities: tuple[float, float]) -> None:
    picked = pick_phases(heart(CENTRE, np.array(cavities)), spacing=SPACING, centre=CENTRE)
    assert (picked.diastole, picked.systole) == ((0, 1) if cavities[0] > cavities[1] else (1, 0))
    assert picked.confidence > 0.5


def test_a_pair_of_equals_has_no_confidence() -> None:
    picked = pick_phases(np.ones((2, 60, 60), np.float32), spacing=SPACING, centre=(50.0, 50.0))
    assert (picked.diastole, picked.systole, picked.confidence) == (0, 1, 0)


def test_a_single_frame_is_both_without_confidence() -> None:
    picked = pick_phases(np.ones((1, 60, 60), np.float32), spacing=SPACING, centre=(50.0, 50.0))
    assert (picked.diastole, picked.systole, picked.confidence) == (0, 0, 0.0)


def test_three_frames_have_two_phases() -> None:
    picked = pick_phases(heart(CENTRE, np.array([26.0, 16.0, 24.0])), spacing=SPACING, centre=CENTRE)
    assert (picked.diastole, picked.systole) == (0, 1)


def test_the_time_of_systole_is_that_of_its_frame() -> None:
    picked = _picked(timing=Timing(10.0, 770.0, 800.0))
    assert picked.systole_ms == pytest.approx(10 + 40 * picked.systole)


def test_a_trigger_that_agrees_with_the_pixels_changes_nothing() -> None:
    told, untold = _picked(timing=Timing(0.0, 760.0, 800.0)), _picked()
    assert (told.diastole, told.systole, told.confidence) == (untold.diastole, untold.systole, untold.confidence)


def test_pixels_that_deny_the_trigger_are_believed_with_half_the_confidence() -> None:
    told = _picked(diastole=10, systole=18, timing=Timing(0.0, 760.0, 800.0))
    untold = _picked(diastole=10, systole=18)
    assert (told.diastole, told.systole) == (untold.diastole, untold.systole)
    assert told.confidence == pytest.approx(untold.confidence / 2)


def test_a_centre_at_the_border_is_no_crash() -> None:
    picked = pick_phases(heart(CENTRE, radii(12)), spacing=SPACING, centre=(0.0, 0.0))
    assert 0 <= picked.confidence <= 1


def test_the_cines_of_a_stack_share_their_phases() -> None:
    picked = pick_stack([_slice(systole=systole) for systole in (7, 8, 8, 9)])
    assert {(one.systole, one.method) for one in picked} == {(picked[0].systole, "stack_course")}
    assert abs(picked[0].systole - 8) <= 1


def test_slices_of_other_lengths_share_a_moment_of_the_beat() -> None:
    timings = {20: Timing(0.0, 760.0, 800.0), 30: Timing(0.0, 870.0, 900.0)}
    picked = pick_stack([_slice(n, systole=round(0.4 * n), timing=timings[n]) for n in (20, 20, 30, 30)])
    assert {one.method for one in picked} == {"stack_course"}
    shares = [one.systole / n for one, n in zip(picked, (20, 20, 30, 30), strict=True)]
    assert max(shares) - min(shares) <= 0.05
    assert abs(np.mean(shares) - 0.4) <= 0.05


def test_slices_of_other_lengths_without_times_are_kept_apart() -> None:
    picked = pick_stack([_slice(20, systole=8), _slice(30, systole=12)])
    assert {one.method for one in picked} == {"own_course"}


def test_a_trigger_at_another_moment_is_reckoned_with() -> None:
    late = _slice(diastole=18, systole=6, timing=Timing(80.0, 840.0, 800.0))
    picked = pick_stack([_slice(timing=Timing(0.0, 760.0, 800.0)), late])
    assert picked[0].method == "stack_course"
    assert picked[0].systole_ms == pytest.approx(picked[1].systole_ms, abs=1)


def test_slices_that_each_start_elsewhere_pick_for_themselves() -> None:
    starts = (0, 5, 10, 15)
    picked = pick_stack([_slice(diastole=start, systole=(start + 8) % 20) for start in starts])
    assert {one.method for one in picked} == {"own_course"}
    assert all(_apart(one.systole, (start + 8) % 20, 20) <= 1 for one, start in zip(picked, starts, strict=True))


def test_one_slice_out_of_step_follows_the_others_and_is_doubted() -> None:
    picked = pick_stack([*(_slice(systole=systole) for systole in (6, 8, 9, 8)), _slice(diastole=10, systole=18)])
    assert len({one.systole for one in picked}) == 1
    assert picked[-1].confidence < picked[0].confidence


def test_a_still_slice_leaves_the_stack_alone() -> None:
    still = rhythm_of(np.repeat(heart(CENTRE, np.array([20.0])), 20, axis=0), spacing=SPACING, centre=CENTRE)
    picked = pick_stack([_slice(), _slice(), still])
    assert [one.method for one in picked] == ["stack_course", "stack_course", "no_beat"]


def test_a_course_fits_itself_and_not_its_opposite() -> None:
    course = np.cos(2 * np.pi * np.arange(20) / 20)
    assert fits(course, course)
    assert not fits(-course, course)


def _errors(stacks: Iterator[Stack], *, seed: int) -> np.ndarray:
    """Frames by which diastole and systole (columns) of each stack are off, after a turn in time drawn for each."""
    rng, errors = np.random.default_rng(seed), []
    for stack in stacks:
        one = turned(stack, frames=int(rng.integers(len(stack.frames))))
        views = one.views()
        centres = [(found.row_mm, found.column_mm) for found in locate_exam(views, config=CONFIG)]
        rhythms = [
            rhythm_of(view.frames, spacing=view.spacing, centre=at) for view, at in zip(views, centres, strict=True)
        ]
        found = pick_stack(rhythms)[len(views) // 2]
        pairs = (found.diastole, one.diastole), (found.systole, one.systole)
        errors.append([_apart(*pair, len(one.frames)) for pair in pairs])
    return np.array(errors)


@pytest.mark.slow
@needs(ACDC_CINE)
def test_real_stacks_turned_in_time_have_their_phases_found() -> None:
    errors = _errors(series(ACDC_CINE), seed=4)
    assert errors[:, 1].mean() <= 1.0
    assert (errors[:, 1] <= 1).mean() >= 0.8
    assert (errors[:, 0] <= 1).mean() >= 0.9
    dilated = errors[:4, 1]
    assert dilated.mean() <= 1.8


@needs(SUNNYBROOK)
def test_real_dicom_stacks_turned_in_time_have_their_phases_found() -> None:
    assert _errors(sunnybrook(SUNNYBROOK), seed=4).max() <= 1


def test_the_phases_of_one_cine_are_those_of_its_rhythm() -> None:
    assert pick_own(_slice()) == _picked()
