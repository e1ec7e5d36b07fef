"""Accuracy against the share answered."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.evaluation.intervals import of_share
from cinemyo.evaluation.selective import area, curve, tables
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence


def by_rank(hits: np.ndarray, *, confidence: np.ndarray) -> float:
    """The area from its definition, rows without ties."""
    order = np.argsort(-confidence)
    return float((np.cumsum(hits[order]) / np.arange(1, len(hits) + 1)).mean())


def drawn(n: int, *, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    confidence = draw.random(n)
    return (draw.random(n) < 0.6 + 0.35 * confidence).astype(int), confidence


def test_the_area_of_three_answers_is_known() -> None:
    found = area(np.array([1, 0, 1]), confidence=np.array([0.9, 0.8, 0.7]), clusters=np.arange(3))
    assert found.value == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(2, 80), st.integers(0, 1000))
def test_the_area_is_the_mean_accuracy_over_ranks(n: int, seed: int) -> None:
    hits, confidence = drawn(n, draw=np.random.default_rng(seed))
    found = area(hits, confidence=confidence, clusters=np.arange(n)).value
    assert found == pytest.approx(by_rank(hits, confidence=confidence))


def test_equal_confidences_are_as_random_order() -> None:
    hits = np.array([1, 0, 0, 1, 1])
    assert area(hits, confidence=np.full(5, 0.5), clusters=np.arange(5)).value == pytest.approx(0.6)


def test_the_variance_is_that_of_the_jackknife() -> None:
    hits, confidence = drawn(300, draw=np.random.default_rng(0))
    without = [by_rank(np.delete(hits, k), confidence=np.delete(confidence, k)) for k in range(300)]
    found = area(hits, confidence=confidence, clusters=np.arange(300)).variance
    assert found == pytest.approx(299 * np.var(without), rel=0.05)


@pytest.mark.parametrize("n", [20, 60, 500])
def test_the_interval_of_the_area_covers_the_truth(n: int) -> None:
    draw = np.random.default_rng(n)
    hits, confidence = drawn(500_000, draw=draw)
    truth, covered = by_rank(hits, confidence=confidence), 0
    for _ in range(500):
        hits, confidence = drawn(n, draw=draw)
        low, high = of_share(area(hits, confidence=confidence, clusters=np.arange(n)), rows=n)
        covered += low <= truth <= high
    assert covered / 500 >= 0.93


def test_the_curve_ends_at_the_accuracy_of_all() -> None:
    hits, confidence = drawn(40, draw=np.random.default_rng(1))
    assert curve(hits, confidence=confidence).iloc[-1][["share", "accuracy"]].tolist() == [1.0, hits.mean()]


def test_the_curve_answers_equal_confidences_together() -> None:
    found = curve(np.array([1, 0, 1]), confidence=np.array([0.9, 0.9, 0.5]))
    assert found[["n", "accuracy"]].to_numpy().tolist() == [[2, 0.5], [3, pytest.approx(2 / 3)]]


def named(name: str) -> Sequence[float]:
    """A column of the first arm's shares."""
    return tables(evidence())[0].rows[name].tolist()


def test_at_least_the_share_asked_for_is_answered() -> None:
    assert all(done >= asked for asked, done in zip(named("share_asked"), named("share_answered"), strict=True))


def test_five_shares_are_shown() -> None:
    assert named("share_asked") == [0.5, 0.7, 0.8, 0.9, 1.0]


def test_what_is_answered_is_more_often_right() -> None:
    assert named("accuracy")[0] > named("accuracy")[-1]


def test_views_are_answered_by_cine() -> None:
    own = evidence(scored("view_dual", params().arms["view_dual"]))
    assert set(tables(own)[1].rows["level"]) == {"cine"}


def test_the_area_exceeds_the_accuracy_of_a_model_that_knows() -> None:
    assert (tables(evidence())[1].rows["gain"] > 0).all()
