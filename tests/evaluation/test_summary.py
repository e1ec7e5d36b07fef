"""The content of metrics.json."""

import json
from typing import Any

import pytest

from cinemyo.evaluation.summary import metrics_of
from tests.evaluation.example import params, scored

BY_CINE = {
    "target", "scheme", "leaky", "classes", "accuracy_folds", "accuracy_mean", "accuracy_sd", "accuracy_interval",
    "loss_mean", "loss_sd", "confusion", "n_cines", "n_patients", "n_test_folds",
}  # fmt: skip
BY_PATIENT = {"patient_accuracy", "patient_interval", "patient_confusion"}


def metrics(**arms: dict[str, Any]) -> dict[str, Any]:
    own = params(notice="A check.", **arms)
    results = [scored(name, arm) for name, arm in own.arms.items()]
    return metrics_of(results, study=own.study, evaluate=own.evaluate, seed=own.seed)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return metrics()


def test_the_head_says_what_study_it_is(found: dict[str, Any]) -> None:
    assert (found["study"], found["synthetic"], found["notice"]) == ("demo", True, "A check.")


def test_an_arm_of_pathology_has_figures_by_cine_and_by_patient(found: dict[str, Any]) -> None:
    assert set(found["arms"]["dual"]) == BY_CINE | BY_PATIENT


def test_an_arm_of_views_has_figures_by_cine_alone(found: dict[str, Any]) -> None:
    assert set(found["arms"]["view_dual"]) == BY_CINE


def test_a_split_by_input_is_called_leaky(found: dict[str, Any]) -> None:
    assert {name for name, own in found["arms"].items() if own["leaky"]} == {"dual_by_input"}


def test_it_is_plain_json(found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_confusion_adds_up_to_the_cines(found: dict[str, Any]) -> None:
    assert all(sum(map(sum, own["confusion"])) == own["n_cines"] for own in found["arms"].values())


def test_patients_add_up(found: dict[str, Any]) -> None:
    own = found["arms"]["dual"]
    assert sum(map(sum, own["patient_confusion"])) == own["n_patients"]


def test_the_sd_divides_by_n_minus_1(found: dict[str, Any]) -> None:
    folds, mean = found["arms"]["dual"]["accuracy_folds"], found["arms"]["dual"]["accuracy_mean"]
    variance = sum((value - mean) ** 2 for value in folds) / (len(folds) - 1)
    assert found["arms"]["dual"]["accuracy_sd"] == pytest.approx(variance**0.5, abs=1e-5)


def test_the_interval_holds_the_accuracy(found: dict[str, Any]) -> None:
    for own in found["arms"].values():
        low, high = own["accuracy_interval"]
        assert low <= own["accuracy_mean"] <= high


def test_it_is_the_same_every_time() -> None:
    assert metrics(dual={}) == metrics(dual={})


def test_another_arm_changes_no_figure_of_the_first(found: dict[str, Any]) -> None:
    assert metrics(dual={})["arms"]["dual"] == found["arms"]["dual"]
