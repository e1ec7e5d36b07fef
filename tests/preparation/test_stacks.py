"""Real stacks and the same made harder: the ventricle stays in them, is found, and the confidence tells where not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.localisation import separation, stack_error, summary
from benchmarks.phases_phantom import errors
from benchmarks.stacks import LEFT_VENTRICLE, Stack, harder, middle_third, pairs, turned
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.preparation.region import Located, locate_exam
from tests.preparation.hearts import SPACING, away, heart
from tests.preparation.test_region import CONFIG
from tests.shared import ACDC, needs

CENTRE = (118.0, 136.0)


def _stack() -> Stack:
    frames = heart(CENTRE, np.array([26.0, 16.0]))
    masks = np.stack([np.where(away(CENTRE) < radius, LEFT_VENTRICLE, 0) for radius in (26.0, 16.0)]).astype(np.uint8)
    return Stack(
        "made up",
        "normal",
        np.repeat(frames[:, None], 6, axis=1),
        SPACING,
        10.0,
        0,
        1,
        np.repeat(masks[:, None], 6, axis=1),
    )


def test_made_harder_a_stack_keeps_its_whole_ventricle() -> None:
    stack = _stack()
    assert stack.masks is not None
    for _, other in harder(stack, generator=np.random.default_rng(1)):
        assert other.masks is not None
        assert (other.masks == LEFT_VENTRICLE).sum() == (stack.masks == LEFT_VENTRICLE).sum()
        assert other.frames.shape[2:] == other.masks.shape[2:]


def test_frames_and_masks_move_together() -> None:
    kinds = dict(harder(_stack(), generator=np.random.default_rng(1)))
    for name in ("moved mildly", "small field, strongly"):
        moved = kinds[name]
        assert moved.masks is not None
        assert moved.frames[0, 0][moved.masks[0, 0] == LEFT_VENTRICLE].min() == 200


def test_a_turned_stack_turns_its_truth() -> None:
    stack = replace(_stack(), frames=np.arange(5.0)[:, None, None, None] * np.ones((5, 1, 2, 2)), diastole=0, systole=3)
    other = turned(stack, frames=4)
    assert (other.diastole, other.systole) == (4, 2)
    assert other.frames[4, 0, 0, 0] == 0


def test_the_error_of_a_stack_is_that_of_its_mean_centre() -> None:
    found = [Located(CENTRE[0] + 3, CENTRE[1] + 4, "", 1.0)] * 6
    assert stack_error(_stack(), found) == pytest.approx(5, abs=0.5)


def test_separation_is_the_chance_that_the_worse_is_the_less_certain() -> None:
    errors = np.array([20.0, 30.0, 1.0, 2.0])
    assert separation(errors, np.array([0.1, 0.6, 0.5, 0.9])) == 0.75
    assert np.isnan(separation(errors[2:], np.array([0.5, 0.9])))


def test_a_summary_counts_shares_beyond_its_limits() -> None:
    assert summary(np.array([1.0, 12.0, 30.0, 3.0]))["beyond_10_mm"] == 0.5


def test_the_middle_third_of_a_stack_is_never_empty() -> None:
    assert [range(*middle_third(count).indices(count)) for count in (1, 2, 9)] == [range(1), range(2), range(3, 6)]


@pytest.mark.slow
@needs(ACDC)
def test_real_stacks_are_found_and_the_confidence_tells_where_not() -> None:
    plain, hard, confidence = [], [], []
    for number, stack in enumerate(list(pairs(ACDC))[::10]):
        found = locate_exam(stack.views(), config=CONFIG)
        plain.append(stack_error(stack, found))
        kinds = dict(harder(stack, generator=np.random.default_rng(number)))
        for each in (stack, kinds["moved strongly"], kinds["moved under noise, strongly"]):
            found = locate_exam(each.views(), config=CONFIG)
            hard.append(stack_error(each, found))
            confidence.append(np.median([one.confidence for one in found[middle_third(len(found))]]))
    assert np.median(plain) <= 5
    assert np.percentile(plain, 90) <= 12
    assert separation(np.array(hard), np.array(confidence)) >= 0.75


def test_frames_off_are_counted_round_the_beat_with_their_sign() -> None:
    key = load_key("published")
    cines = pd.DataFrame({"cine_id": ["a"], "series_id": [pseudonym("series", "s", key=key)], "n_frames": [20]})
    phases = pd.DataFrame({"cine_id": ["a"], "diastole_index": [19], "systole_index": [8], "review": [False]})
    truth = pd.DataFrame({"series": ["s"], "view": ["short_axis"], "diastole_index": [0], "systole_index": [6]})
    row = errors(cines, phases, truth).iloc[0]
    assert (row["diastole"], row["systole"]) == (-1, 2)
