"""Nested figures as flat numbers, and the figures of one fold."""

import pandas as pd
import pytest

from cinemyo.record.run_figures import fold_figures, numbers

CLASSES = ("normal", "hcm", "dcm")


def test_numbers_are_found_at_any_depth() -> None:
    assert numbers({"a": 1, "b": {"c": 0.5, "d": {"e": 2}}}) == {"a": 1.0, "b.c": 0.5, "b.d.e": 2.0}


def test_words_flags_lists_and_empty_values_are_no_numbers() -> None:
    assert numbers({"target": "view", "leaky": True, "accuracy_folds": [0.1, 0.2, 0.3], "loss_sd": None}) == {}


def test_an_interval_becomes_the_bounds_of_its_figure() -> None:
    assert numbers({"auroc_interval": [0.7, 0.9]}) == {"auroc_low": 0.7, "auroc_high": 0.9}


def test_the_intervals_of_the_accuracies_take_the_names_of_the_accuracies() -> None:
    found = numbers({"accuracy_interval": [0.7, 0.9], "patient_interval": [0.6, 1.0]})
    assert found == {
        "accuracy_low": 0.7,
        "accuracy_high": 0.9,
        "patient_accuracy_low": 0.6,
        "patient_accuracy_high": 1.0,
    }


def test_an_interval_that_is_not_known_is_left_out() -> None:
    assert numbers({"auroc_interval": [None, None]}) == {}


@pytest.fixture
def tested() -> pd.DataFrame:
    """Four answers, of which three are right; no cine is of DCM."""
    return pd.DataFrame(
        {
            "truth": ["normal", "normal", "hcm", "hcm"],
            "p_normal": [0.8, 0.7, 0.6, 0.1],
            "p_hcm": [0.1, 0.2, 0.3, 0.8],
            "p_dcm": [0.1, 0.1, 0.1, 0.1],
        }
    )


def test_a_fold_counts_what_it_called_right(tested: pd.DataFrame) -> None:
    found = fold_figures(tested, classes=CLASSES)
    assert (found["accuracy"], found["sensitivity.normal"], found["sensitivity.hcm"]) == (0.75, 1.0, 0.5)


def test_a_class_that_a_fold_lacks_has_no_figure(tested: pd.DataFrame) -> None:
    assert "sensitivity.dcm" not in fold_figures(tested, classes=CLASSES)


def test_a_fold_without_labelled_cines_has_no_figures(tested: pd.DataFrame) -> None:
    assert fold_figures(tested.assign(truth=None), classes=CLASSES) == {}
