"""The supplementary cohort."""

import hashlib
from typing import Any

import pandas as pd
import pytest

from cinemyo import tables as tabled
from cinemyo.errors import SplitError
from cinemyo.evaluation.evidence import Evidence, External
from cinemyo.evaluation.external import UNLABELLED, tables
from tests.cohort import cohort
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import empty, evidence, unseen

OWN = params()
DUAL = scored("dual", OWN.arms["dual"])


def supplementary(patients: int = 20, *, skill: float = 2.0, **columns: Any) -> External:
    cines, labels = cohort(patients, key="elsewhere", seed=8)
    digests = [hashlib.sha256(f"elsewhere {cine}".encode()).hexdigest() for cine in cines["cine_id"]]
    cines, labels = cines.assign(digest=digests), labels.assign(**columns)
    predictions = unseen(cines["cine_id"].tolist(), labels=labels, side="external", skill=skill)
    return External(cines, labels, empty(tabled.PHASE_TABLE), {"dual": predictions})


def by_name(external: External | None) -> dict[str, pd.DataFrame]:
    own: Evidence = evidence(DUAL, external=external)
    return {table.name: table.rows for table in tables(own)}


def others(patients: int = 20) -> External:
    labels = cohort(patients, key="elsewhere", seed=8)[1]
    is_other = [number % 2 == 0 for number in range(len(labels))]
    pathology = labels["pathology"].where(~pd.Series(is_other), None)
    group = pd.array(["infarct" if other else None for other in is_other], dtype="str")
    return supplementary(patients, pathology=pathology, other_class=group)


def test_a_study_without_one_says_what_to_add() -> None:
    for rows in by_name(None).values():
        assert rows["reason"].str.contains("external.sources").all()


def test_it_is_answered_by_the_ensemble_and_by_each_fold() -> None:
    rows = by_name(supplementary())["external"]
    assert rows["answered_by"].unique().tolist() == ["ensemble", *(f"fold {fold}" for fold in range(6))]
    assert rows["accuracy"].between(rows["accuracy_low"], rows["accuracy_high"]).all()


def test_calls_add_up_to_the_answers() -> None:
    rows = by_name(supplementary())["external_answers"]
    assert (rows[["called_normal", "called_hcm", "called_dcm"]].sum(axis=1) == rows["n"]).all()


def test_arms_of_both_targets_may_answer() -> None:
    own, view = supplementary(), scored("view_dual", OWN.arms["view_dual"])
    rows = own.predictions["dual"][["cine_id", "fold", "set"]]
    shares = {f"p_{name}": 0.4 if name == "short_axis" else 0.2 for name in view.classes}
    views = own.labels.set_index("cine_id")["view"][rows["cine_id"]]
    predictions = {**own.predictions, "view_dual": rows.assign(truth=views.to_numpy(object), **shares)}
    both = evidence(DUAL, view, external=External(own.cines, own.labels, own.phases, predictions))
    found = {table.name: table.rows for table in tables(both)}["external_answers"].set_index("arm")
    assert (found.loc["view_dual", "called_short_axis"] == found.loc["view_dual", "n"]).all()
    assert found.loc["view_dual", "called_hcm"].isna().all()


def test_without_labels_there_are_answers_and_no_accuracy() -> None:
    cohort_size = 20
    blank = pd.array([None] * len(cohort(cohort_size, key="elsewhere", seed=8)[1]), dtype="str")
    own = by_name(supplementary(cohort_size, pathology=blank))
    for name in ("external", "external_classes", "external_difference"):
        assert own[name]["reason"].tolist() == [UNLABELLED]
    assert own["external_answers"]["confident"].between(0, 1).all()


def test_a_worse_cohort_differs_from_the_test_folds() -> None:
    row = by_name(supplementary(60, skill=-2.0))["external_difference"].set_index("level").loc["patient"]
    assert row["high"] < 0


def test_a_cohort_alike_does_not() -> None:
    cines, labels = cohort(40, key="elsewhere", seed=8)
    row = by_name(supplementary(40, skill=1.0))["external_difference"].set_index("level").loc["cine"]
    assert row["low"] < row["difference"] < row["high"]
    assert len(cines) == len(labels) == row["n"]


def test_a_single_cine_is_no_fault() -> None:
    whole = supplementary()
    cine = whole.cines["cine_id"].iloc[0]
    predictions = {"dual": whole.predictions["dual"].query("cine_id == @cine")}
    one = External(whole.cines[:1], whole.labels[whole.labels["cine_id"] == cine], whole.phases, predictions)
    rows = by_name(one)
    assert set(rows["external"]["n"]) == {1}
    assert rows["external_classes"]["reason"].isin(["no case of this class", "no case of another class"]).all()


def test_without_other_classes_it_says_what_to_add() -> None:
    assert by_name(supplementary())["out_of_class"]["reason"].str.contains("other_class").all()


def test_confidence_in_other_classes_stands_beside_that_of_test_cines() -> None:
    rows = by_name(others())["out_of_class"]
    assert rows["group"].unique().tolist() == ["in class: test folds", "in class: supplementary cohort", "infarct"]
    assert rows["confident"].between(rows["confident_low"], rows["confident_high"]).all()


def test_other_classes_are_counted_by_the_cines_of_them() -> None:
    own = others()
    rows = by_name(own)["out_of_class"]
    infarct = rows[(rows["group"] == "infarct") & (rows["level"] == "cine")]
    assert infarct["n"].tolist() == [int(own.labels["other_class"].notna().sum())] * 2


def test_test_cines_are_answered_by_one_fold() -> None:
    rows = by_name(others())["out_of_class"]
    test = rows[(rows["group"] == "in class: test folds") & (rows["level"] == "cine")].iloc[0]
    shares = DUAL.probabilities(DUAL.answers).max(axis=1) >= OWN.evaluate.confident
    assert test["answered_by"] == "one fold"
    assert test["confident"] == pytest.approx(shares.mean())


def test_pixels_that_the_study_has_are_refused() -> None:
    own = supplementary()
    seen = evidence(DUAL).cines["digest"].iloc[0]
    twice = External(own.cines.assign(digest=seen), own.labels, own.phases, own.predictions)
    with pytest.raises(SplitError, match="cines that no fold has seen"):
        by_name(twice)


def test_a_view_arm_is_told_by_cine_alone() -> None:
    own = supplementary()
    arm = scored("view_dual", OWN.arms["view_dual"])
    views = [f"p_{name}" for name in arm.classes]
    rows = own.cines[["cine_id"]].merge(pd.DataFrame({"fold": [0, 1]}), how="cross").assign(set="external", truth=None)
    rows[views] = [0.7, 0.1, 0.1, 0.1]
    given = tabled.check(
        rows[[*["cine_id", "fold", "set", "truth"], *views]], table=tabled.predictions("view"), where=""
    )
    external = External(own.cines, own.labels, own.phases, {"view_dual": given})
    found = {table.name: table.rows for table in tables(evidence(arm, external=external))}
    assert set(found["external_answers"]["level"]) == {"cine"}
    assert set(found["external"]["level"]) == {"cine"}
    assert found["out_of_class"]["reason"].str.contains("other_class").all()
