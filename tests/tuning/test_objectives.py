"""Figures of a trial, against numbers worked out by hand."""

import pandas as pd
import pytest

from cinemyo.errors import TrainingError
from cinemyo.tuning.objectives import figures
from tests.tuning import tiny

ROWS = pd.DataFrame(
    {
        "cine_id": ["a", "b", "c"],
        "truth": ["normal", "hcm", None],
        "p_normal": [0.8, 0.6, 0.1],
        "p_hcm": [0.2, 0.3, 0.1],
        "p_dcm": [0.0, 0.1, 0.8],
    }
)
PATIENTS = {"a": "p", "b": "q", "c": "r"}


def test_unlabelled_cines_count_for_nothing() -> None:
    found = figures(ROWS, arm=tiny.arm(), patients=PATIENTS, least=1)
    assert found["accuracy"] == 0.5
    assert found["nll"] == pytest.approx(0.713558, abs=1e-6)  # (-ln .8 - ln .3) / 2


def test_the_brier_score_sums_over_classes() -> None:
    found = figures(ROWS, arm=tiny.arm(), patients=PATIENTS, least=1)
    assert found["brier"] == pytest.approx((0.04 + 0.04 + 0.36 + 0.49 + 0.01) / 2)


def test_the_calibration_error_is_that_of_the_bins_of_evaluation() -> None:
    found = figures(ROWS, arm=tiny.arm(), patients=PATIENTS, least=1)
    assert found["ece"] == pytest.approx((0.2 + 0.6) / 2)


def test_without_labels_there_is_nothing_to_tune_on() -> None:
    with pytest.raises(TrainingError, match="labelled cines to validate on"):
        figures(ROWS[2:], arm=tiny.arm(), patients=PATIENTS, least=1)
