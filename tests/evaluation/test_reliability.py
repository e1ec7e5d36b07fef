"""Bins of calibration and the error that chance alone shows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from cinemyo.evaluation.reliability import bins_of, calibration_error, errors_if_calibrated, reliability


def drawn(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and truths drawn from them."""
    draw = np.random.default_rng(seed)
    shares = special.softmax(2 * draw.normal(size=(n, 3)), axis=1)
    return shares, (draw.random(n)[:, None] > shares.cumsum(axis=1)).sum(axis=1)


def errors(shares: np.ndarray, *, cines: int = 1, alike: int = 1, draws: int = 400) -> np.ndarray:
    """Errors of chance of patients with so many cines, of which so many share their draw."""
    number = np.arange(len(shares))
    return errors_if_calibrated(
        shares,
        clusters=number // cines,
        shared=number // alike,
        least=20,
        draws=draws,
        generator=np.random.default_rng(1),
    )


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99]), min_size=1, max_size=200), st.integers(1, 4))
def test_every_bin_has_the_patients_that_it_must(confidence: list[float], cines: int) -> None:
    clusters = np.arange(len(confidence)) // cines
    bins = bins_of(np.array(confidence), clusters=clusters, least=20)
    counts = pd.Series(clusters).groupby(bins).nunique()
    assert counts.min() >= 20 or len(counts) == 1


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99]), min_size=1, max_size=200))
def test_equal_confidences_share_a_bin(confidence: list[float]) -> None:
    bins = bins_of(np.array(confidence), clusters=np.arange(len(confidence)), least=20)
    assert pd.Series(bins).groupby(confidence).nunique().max() == 1


def test_bins_hold_about_as_many_rows() -> None:
    bins = bins_of(np.random.default_rng(0).random(400), clusters=np.arange(400), least=20)
    assert np.bincount(bins).tolist() == pytest.approx([400 / 15] * 15, abs=1)


def test_with_too_few_patients_there_is_one_bin() -> None:
    assert bins_of(np.linspace(0.4, 1, 60), clusters=np.arange(60) // 4, least=20).max() == 0


def test_the_error_of_one_bin_is_how_far_accuracy_is_off() -> None:
    shares = np.tile([0.8, 0.2], (10, 1))
    bins = reliability(shares, truth=np.array([0] * 5 + [1] * 5), clusters=np.arange(10), least=20)
    assert calibration_error(bins) == pytest.approx(0.3)


def test_the_error_weighs_bins_by_their_rows() -> None:
    bins = pd.DataFrame({"accuracy": [0.5, 0.9], "confidence": [0.6, 0.9], "n": [30, 10]})
    assert calibration_error(bins) == pytest.approx(0.075)


def test_chance_alone_shows_the_error_of_a_calibrated_model() -> None:
    shares, own = drawn(120)[0], []
    for seed in range(200):
        draw = np.random.default_rng([seed, 7])
        truth = (draw.random(120)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
        own.append(calibration_error(reliability(shares, truth=truth, clusters=np.arange(120), least=20)))
    assert errors(shares).mean() == pytest.approx(np.mean(own), rel=0.08)


def test_chance_shows_less_with_more_patients() -> None:
    few, many = drawn(60)[0], drawn(2000)[0]
    assert errors(many).mean() < errors(few).mean() / 2


def test_cines_of_a_patient_share_their_draw() -> None:
    shares = np.repeat(drawn(60)[0], 4, axis=0)
    assert errors(shares, cines=4, alike=4).mean() > 1.3 * errors(shares, cines=4).mean()


def test_the_errors_of_chance_do_not_hang_on_how_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = drawn(50)[0]
    whole = errors(shares, draws=40)
    monkeypatch.setattr("cinemyo.evaluation.reliability.CELLS", 500)
    assert errors(shares, draws=40) == pytest.approx(whole, abs=1e-6)


def test_a_single_row_has_a_bin() -> None:
    bins = reliability(np.array([[0.6, 0.4]]), truth=np.array([0]), clusters=np.array(["p"]), least=20)
    assert bins[["n", "n_patients"]].to_numpy().tolist() == [[1, 1]]
