"""Bootstrap of patients of a confusion matrix."""

import numpy as np
import pytest

from cinemyo.evaluation.bootstrap import balanced_accuracies, bca_interval, cluster_draws, confusion_draws, macro_f1s
from cinemyo.evaluation.resampling import FIGURES, confusion_intervals


def answers(patients: int = 60, *, skill: float = 0.8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(truth, called, patient): two cines of each patient, of one class."""
    draw = np.random.default_rng(seed)
    truth, number = np.repeat(draw.integers(0, 3, patients), 2), np.repeat(np.arange(patients), 2)
    wrong = draw.random(len(truth)) > skill
    return truth, np.where(wrong, draw.integers(0, 3, len(truth)), truth), number


def intervals(
    truth: np.ndarray, predicted: np.ndarray, clusters: np.ndarray, *, draws: int = 4000, seed: int = 1
) -> dict[str, tuple[float, float]]:
    generator = np.random.default_rng(seed)
    given = {"predicted": predicted, "clusters": clusters, "n_classes": 3, "draws": draws, "level": 0.95}
    return dict(confusion_intervals(truth, **given, generator=generator))


@pytest.mark.parametrize("figure", list(FIGURES))
def test_kinds_of_patients_give_the_interval_of_patients(figure: str) -> None:
    """Drawing patient after patient has the same distribution: the ends agree to the noise of the draws."""
    truth, predicted, number = answers()
    matrices = np.zeros((60, 3, 3), int)
    np.add.at(matrices, (number, truth, predicted), 1)
    times = cluster_draws(truth[::2], draws=4000, generator=np.random.default_rng(2))
    of = {"balanced_accuracy": balanced_accuracies, "macro_f1": macro_f1s}[figure]
    whole = matrices.sum(axis=0)
    expected = bca_interval(
        float(of(whole[None])[0]), of(confusion_draws(matrices, times)), of(whole - matrices), level=0.95
    )
    assert intervals(truth, predicted, number)[figure] == pytest.approx(expected, abs=0.012)


def test_an_interval_holds_its_figure() -> None:
    truth, predicted, number = answers()
    matrix = np.zeros((1, 3, 3), int)
    np.add.at(matrix[0], (truth, predicted), 1)
    low, high = intervals(truth, predicted, number)["balanced_accuracy"]
    assert low < balanced_accuracies(matrix)[0] < high


def test_names_of_patients_do_not_matter() -> None:
    truth, predicted, number = answers()
    names = np.array([f"p{value}" for value in number], dtype=object)
    assert intervals(truth, predicted, names) == intervals(truth, predicted, number)


def test_answers_without_an_error_have_no_width_in_a_bootstrap() -> None:
    truth, _, number = answers()
    assert intervals(truth, truth, number)["macro_f1"] == (1, 1)


def test_one_patient_alone_is_drawn_again_and_again() -> None:
    one = np.array([1])
    assert intervals(one, one, np.array([0]), draws=100)["balanced_accuracy"] == (1, 1)
