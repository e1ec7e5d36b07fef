"""Temperatures come from validation cines alone."""

import numpy as np
import pytest
from scipy import special

from cinemyo.evaluation.temperature import fitted, fold_temperatures, tempered, with_temperature
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, predictions, scored

DUAL = params().arms["dual"]


def overconfident(n: int, *, by: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truths drawn from probabilities, and those probabilities sharpened by a factor."""
    draw = np.random.default_rng(seed)
    logits = 2 * draw.normal(size=(n, 3))
    odds = special.softmax(logits, axis=1)
    truth = (draw.random(n)[:, None] > odds.cumsum(axis=1)).sum(axis=1)
    return truth, special.softmax(by * logits, axis=1)


@pytest.mark.parametrize("by", [0.5, 1.0, 2.5])
def test_the_temperature_undoes_a_planted_factor(by: float) -> None:
    truth, shares = overconfident(20_000, by=by)
    assert fitted(truth, probabilities=shares) == pytest.approx(by, rel=0.05)


def test_a_temperature_of_one_changes_nothing() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    assert tempered(shares, temperature=1.0) == pytest.approx(shares)


def test_a_temperature_of_two_takes_the_root_of_the_odds() -> None:
    assert tempered(np.array([[0.8, 0.2]]), temperature=2.0)[0, 0] == pytest.approx(2 / 3)


def test_a_temperature_keeps_the_favoured_class() -> None:
    shares = overconfident(200, by=1.0)[1]
    assert (tempered(shares, temperature=3.0).argmax(axis=1) == shares.argmax(axis=1)).all()


def test_few_cines_that_are_all_right_do_not_freeze_the_temperature() -> None:
    shares = np.tile([0.9, 0.05, 0.05], (12, 1))
    assert 0.3 < fitted(np.zeros(12, dtype=int), probabilities=shares) < 1


def test_many_cines_outweigh_the_prior() -> None:
    truth, shares = overconfident(400, by=4.0)
    assert fitted(truth, probabilities=shares) == pytest.approx(4.0, rel=0.2)


def test_nothing_leaves_the_temperature_at_one() -> None:
    assert fitted(np.zeros(0, dtype=int), probabilities=np.zeros((0, 3))) == 1.0


def test_there_is_a_temperature_for_each_fold() -> None:
    assert sorted(fold_temperatures(predictions(DUAL), classes=PATHOLOGIES)) == [0, 1, 2, 3, 4, 5]


def test_labels_of_test_cines_change_no_temperature() -> None:
    given = predictions(DUAL)
    other = given.assign(truth=given["truth"].where(given["set"] == "validation", "normal"))
    assert fold_temperatures(other, classes=PATHOLOGIES) == fold_temperatures(given, classes=PATHOLOGIES)


def test_labels_of_a_test_fold_change_nothing_of_its_own_temperature() -> None:
    given = predictions(DUAL)
    held = set(given["cine_id"][(given["set"] == "test") & (given["fold"] == 2)])
    other = given.assign(truth=given["truth"].where(~given["cine_id"].isin(held), "dcm"))
    changed, found = (fold_temperatures(frame, classes=PATHOLOGIES) for frame in (other, given))
    assert changed[2] == found[2]


def test_each_test_fold_gets_its_own_temperature() -> None:
    own = scored("dual", DUAL)
    temperatures = {fold: 1.0 + (fold == 3) for fold in range(6)}
    after = with_temperature(own.answers, temperatures=temperatures, classes=PATHOLOGIES)
    assert after is not None
    moved = np.abs(own.probabilities(after) - own.probabilities(own.answers)).max(axis=1) > 1e-9
    assert set(own.answers["fold"][moved]) == {3}


def test_a_fold_without_validation_cines_leaves_no_answers_after() -> None:
    own = scored("dual", DUAL)
    assert with_temperature(own.answers, temperatures={0: 1.0}, classes=PATHOLOGIES) is None
