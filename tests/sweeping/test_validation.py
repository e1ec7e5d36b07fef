"""Figures on validation parts, computed by hand."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.errors import TrainingError
from cinemyo.sweeping.validation import validation_figures, validation_rows

CLASSES = ("normal", "hcm", "dcm")


@pytest.fixture
def answers() -> pd.DataFrame:
    truth = ["normal", "hcm", "dcm", "normal", "hcm", None, "dcm"]
    called = ["normal", "hcm", "hcm", "normal", "hcm", "hcm", "normal"]
    frame = pd.DataFrame({"cine_id": list("abcdefg"), "fold": [0, 0, 0, 1, 1, 1, 0], "truth": truth})
    frame["set"] = ["validation"] * 6 + ["test"]
    for name in CLASSES:
        frame[f"p_{name}"] = np.where(np.array(called) == name, 0.8, 0.1)
    return frame


def test_the_accuracy_is_the_mean_over_folds_of_labelled_cines(answers: pd.DataFrame) -> None:
    figures = validation_figures(validation_rows(answers), classes=CLASSES)
    assert figures["validation_accuracy_folds"] == pytest.approx([2 / 3, 1])
    assert figures["validation_accuracy"] == pytest.approx(5 / 6)
    assert figures["validation_accuracy_sd"] == pytest.approx(np.std([2 / 3, 1], ddof=1))


def test_the_loss_is_the_mean_over_folds(answers: pd.DataFrame) -> None:
    figures = validation_figures(validation_rows(answers), classes=CLASSES)
    first = -(2 * np.log(0.8) + np.log(0.1)) / 3
    assert figures["validation_loss"] == pytest.approx((first - np.log(0.8)) / 2)


def test_a_test_part_is_left_behind(answers: pd.DataFrame) -> None:
    assert list(validation_rows(answers)["cine_id"]) == list("abcdef")
    assert validation_figures(validation_rows(answers), classes=CLASSES)["n_cines"] == 5


def test_the_confusion_is_pooled(answers: pd.DataFrame) -> None:
    figures = validation_figures(validation_rows(answers), classes=CLASSES)
    assert figures["validation_confusion"] == [[2, 0, 0], [0, 2, 0], [0, 1, 0]]


def test_a_single_fold_has_no_spread(answers: pd.DataFrame) -> None:
    rows = validation_rows(answers)
    assert validation_figures(rows[rows["fold"] == 0], classes=CLASSES)["validation_accuracy_sd"] is None


def test_without_labels_nothing_is_ranked(answers: pd.DataFrame) -> None:
    with pytest.raises(TrainingError, match="expected labelled cines in a validation part"):
        validation_figures(validation_rows(answers.assign(truth=None)), classes=CLASSES)
