"""Verdicts: where heat and exchange agree, and nowhere else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.explain.verdict import exchange_side, heat_side, verdict


def test_a_heart_about_as_hot_as_the_peak_has_the_heat() -> None:
    assert (heat_side(0.7, hot=0.7), heat_side(0.69, hot=0.7)) == ("heart", "outside")


@pytest.mark.parametrize(
    ("kept_heart", "kept_background", "side"),
    [(0.8, 0.3, "heart"), (0.3, 0.8, "outside"), (0.5, 0.46, "undecided"), (0.46, 0.5, "undecided")],
)
def test_an_answer_goes_with_the_part_that_keeps_its_probability(
    kept_heart: float, kept_background: float, side: str
) -> None:
    assert exchange_side(kept_heart=kept_heart, kept_background=kept_background, decisive=0.05) == side


def test_agreement_is_a_verdict() -> None:
    assert verdict(hotness=1.0, hot=0.7, is_too_coarse=False, exchange="heart") == "heart"
    assert verdict(hotness=0.5, hot=0.7, is_too_coarse=False, exchange="outside") == "outside"


@pytest.mark.parametrize(("hotness", "exchange"), [(1.0, "outside"), (0.5, "heart"), (1.0, "undecided")])
def test_disagreement_is_undecided(hotness: float, exchange: str) -> None:
    found = verdict(hotness=hotness, hot=0.7, is_too_coarse=False, exchange=exchange)  # type: ignore[arg-type]
    assert found == "undecided"


def test_a_coarse_map_has_no_verdict_even_where_both_agree() -> None:
    assert verdict(hotness=1.0, hot=0.7, is_too_coarse=True, exchange="heart") == "too_coarse"


def test_a_map_without_heat_has_no_verdict() -> None:
    assert verdict(hotness=None, hot=0.7, is_too_coarse=False, exchange="heart") == "no_heat"


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1))
def test_heart_and_background_are_treated_alike(one: float, other: float) -> None:
    mirrored = {"heart": "outside", "outside": "heart", "undecided": "undecided"}
    first = exchange_side(kept_heart=one, kept_background=other, decisive=0.05)
    assert mirrored[first] == exchange_side(kept_heart=other, kept_background=one, decisive=0.05)
