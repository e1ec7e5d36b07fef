"""The benchmark's oracle: classes are neither trivial nor hopeless."""

import numpy as np
import pytest

from benchmarks.oracle import oracle_accuracy
from cinemyo.sources.phantom.cohort import draw_patient


@pytest.mark.parametrize("seed", [2021, 1, 2])
def test_the_oracle_scores_between_94_and_98_percent(seed: int) -> None:
    patients = [draw_patient(number, seed=seed, max_cines=6) for number in range(200)]
    hearts = [patient.heart for patient in patients]
    features = np.array([[heart.ejection, heart.diameter, heart.thickest_mm] for heart in hearts])
    accuracy = oracle_accuracy(features, np.array([patient.pathology for patient in patients]), repeats=1)
    assert 0.94 <= accuracy <= 0.98
