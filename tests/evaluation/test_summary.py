"""The content of metrics.json."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cinemyo.evaluation.summary import metrics_of, plain
from tests.evaluation.example import params, scored
from tests.evaluation.paper_study import paper_evidence, paper_params

BY_CINE = {
    "target", "scheme", "leaky", "control", "classes", "accuracy", "accuracy_folds", "accuracy_mean", "accuracy_sd",
    "accuracy_interval", "loss_mean", "loss_mean_interval", "loss_sd", "confusion", "n_cines", "n_patients",
    "n_test_folds", "balanced_accuracy", "balanced_accuracy_interval", "balanced_accuracy_bca_interval", "macro_f1",
    "macro_f1_interval", "macro_f1_bca_interval", "sensitivity", "specificity", "auroc", "n_tied",
}  # fmt: skip
BY_PATIENT = {
    "missed_disease", "patient_accuracy", "patient_interval", "patient_confusion", "patient_balanced_accuracy",
    "patient_balanced_accuracy_interval", "patient_balanced_accuracy_bca_interval", "patient_macro_f1",
    "patient_macro_f1_interval", "patient_macro_f1_bca_interval", "patient_sensitivity", "patient_specificity",
    "patient_auroc", "patient_missed_disease", "patient_n_tied",
}  # fmt: skip


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
        assert low <= own["accuracy"] <= high


def test_it_is_the_same_every_time() -> None:
    assert metrics(dual={}) == metrics(dual={})


def test_another_arm_changes_no_figure_of_the_first(found: dict[str, Any]) -> None:
    assert metrics(dual={})["arms"]["dual"] == found["arms"]["dual"]


def nulls(value: Any, *, siblings: dict[str, Any] | None = None, key: str = "") -> list[str]:
    """Keys of nulls that have no reason beside them."""
    if isinstance(value, dict):
        return [name for own, item in value.items() for name in nulls(item, siblings=value, key=own)]
    if isinstance(value, list):
        return [name for item in value for name in nulls(item, siblings=siblings, key=key)]
    return [key] if value is None and not (siblings or {}).get(f"{key}_reason") else []


def test_each_class_has_its_sensitivity_with_an_interval(found: dict[str, Any]) -> None:
    own = found["arms"]["dual"]["patient_sensitivity"]
    low, high = own["hcm_interval"]
    assert low <= own["hcm"] <= high
    assert set(own) == {f"{name}{part}" for name in ("normal", "hcm", "dcm") for part in ("", "_interval")}


def test_missed_disease_is_counted_apart(found: dict[str, Any]) -> None:
    own = found["arms"]["dual"]["patient_missed_disease"]
    assert own["hcm_or_dcm"]["missed"] == own["hcm"]["missed"] + own["dcm"]["missed"]
    matrix = found["arms"]["dual"]["patient_confusion"]
    assert own["hcm_or_dcm"]["missed"] == matrix[1][0] + matrix[2][0]


def test_one_fold_has_no_spread_and_says_so() -> None:
    own = paper_params(held={"scheme": "paper_holdout"})
    held = metrics_of(paper_evidence(own).arms, study=own.study, evaluate=own.evaluate, seed=3)["arms"]["held"]
    assert held["accuracy_sd"] is None
    assert held["accuracy_sd_reason"] == "one fold: no spread over folds"
    assert held["n_test_folds"] == 1
    assert nulls(held) == []


def test_a_class_without_cases_has_a_null_beside_its_reason() -> None:
    own = params(dual={})
    dual = scored("dual", own.arms["dual"])
    some = replace(dual, answers=dual.answers[dual.answers["truth"] != 2])
    found = metrics_of([some], study=own.study, evaluate=own.evaluate, seed=3)["arms"]["dual"]
    assert found["patient_sensitivity"]["dcm"] is None
    assert found["patient_sensitivity"]["dcm_reason"] == "no case of dcm"
    assert nulls(found) == []


def test_a_single_patient_makes_plain_json() -> None:
    own = params(dual={})
    dual = scored("dual", own.arms["dual"])
    one = metrics_of([replace(dual, answers=dual.answers.head(1))], study=own.study, evaluate=own.evaluate, seed=3)
    assert json.loads(json.dumps(one, allow_nan=False)) == one
    assert one["arms"]["dual"]["loss_mean_interval_reason"] == "one patient: no interval of a mean"
    assert nulls(one) == []


def test_no_null_is_without_a_reason(found: dict[str, Any]) -> None:
    assert nulls(found) == []


def test_a_number_that_is_none_is_refused_without_a_reason() -> None:
    with pytest.raises(ValueError, match="nobody says why"):
        plain({"accuracy": float("nan")})
