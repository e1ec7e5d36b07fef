"""Accuracy within subgroups."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.subgroups import detectable, tables
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence

OWN = params()
SCORED = scored("dual", OWN.arms["dual"])


def of(least: int = 10, **changes: object) -> Evidence:
    settings = OWN.evaluate.model_copy(update={"subgroup_patients": least})
    return evidence(SCORED, own=OWN.model_copy(update={"evaluate": settings}), **changes)


def figures(own: Evidence, *, attribute: str) -> pd.DataFrame:
    rows = tables(own)[0].rows
    return rows[rows["attribute"] == attribute]


def by_attribute(own: Evidence) -> pd.DataFrame:
    return tables(own)[1].rows.set_index("attribute")


def with_sex() -> pd.DataFrame:
    cines = study_tables()[0]
    patients = {patient: "FM"[number % 2] for number, patient in enumerate(cines["patient_id"].unique())}
    return cines.assign(sex=cines["patient_id"].map(patients))


def test_views_divide_the_cines() -> None:
    rows = figures(of(), attribute="view")
    assert rows[rows["level"] == "cine"]["n"].sum() == len(SCORED.answers)


def test_patients_of_a_subgroup_are_called_by_their_cines_in_it() -> None:
    rows = figures(of(), attribute="view")
    own = SCORED.answers[SCORED.answers["view"] == "short_axis"]
    row = rows[(rows["group"] == "Short axis") & (rows["level"] == "patient")].iloc[0]
    means = own.groupby("patient_id")[["p_normal", "p_hcm", "p_dcm"]].mean().to_numpy()
    truth = own.groupby("patient_id")["truth"].first().to_numpy()
    assert row["accuracy"] == pytest.approx((means.argmax(axis=1) == truth).mean())


def test_an_accuracy_lies_within_its_interval() -> None:
    rows = figures(of(cines=with_sex()), attribute="sex")
    assert (rows["accuracy_low"] <= rows["accuracy"]).all()
    assert (rows["accuracy"] <= rows["accuracy_high"]).all()


def test_a_small_subgroup_is_shown_and_not_tested() -> None:
    own = of(least=30, cines=with_sex())
    assert figures(own, attribute="sex")["reason"].str.contains("shown, not tested").all()
    assert by_attribute(own).loc["sex", "reason"] == "not tested: no subgroup has 30 patients or more"


def test_large_subgroups_are_tested() -> None:
    row = by_attribute(of(cines=with_sex())).loc["sex"]
    assert 0 < row["p"] <= 1
    assert row["groups"] == "female, male"
    assert row["reason"] == ""


def test_an_attribute_of_one_value_is_not_tested() -> None:
    assert (
        by_attribute(of()).loc["scanner", "reason"] == "not tested: subgroup 'scanner 1' alone has 10 patients or more"
    )


@pytest.mark.parametrize("column", ["post_contrast", "effusion", "typical"])
def test_a_column_that_the_sheet_lacks_is_named(column: str) -> None:
    text = f"not part of this study: add the column {column} to the label sheet"
    assert figures(of(), attribute=column)["reason"].tolist() == [text]
    assert by_attribute(of()).loc[column, "reason"] == text


def test_holm_is_over_the_attributes_of_an_arm() -> None:
    rows = by_attribute(of(cines=with_sex()))
    values = rows["p"].dropna()
    assert len(values) == 2
    assert rows.loc[values.idxmin(), "p_holm"] == pytest.approx(min(1.0, 2 * values.min()))


def test_a_planted_difference_is_found() -> None:
    cines = with_sex()
    women = set(cines["cine_id"][cines["sex"] == "F"])
    answers = SCORED.answers.copy()
    truth = answers["truth"].to_numpy()
    called = np.where(answers["cine_id"].isin(women), (truth + 1) % 3, truth)
    answers[["p_normal", "p_hcm", "p_dcm"]] = np.eye(3)[called]
    own = evidence(type(SCORED)("dual", SCORED.arm, answers.assign(predicted=called), 0.25), cines=cines)
    settings = own.params.evaluate.model_copy(update={"subgroup_patients": 10})
    rows = by_attribute(evidence(*own.arms, own=own.params.model_copy(update={"evaluate": settings}), cines=cines))
    assert rows.loc["sex", "p"] < 0.01


def test_a_single_patient_has_a_row_and_no_test() -> None:
    first = SCORED.answers["patient_id"].iloc[0]
    alone = SCORED.answers[SCORED.answers["patient_id"] == first]
    own = evidence(type(SCORED)("dual", SCORED.arm, alone, 0.25))
    rows = tables(own)[0].rows
    assert set(rows["n_patients"].dropna()) == {1}
    assert tables(own)[1].rows["p"].isna().all()


def test_without_an_honest_arm_both_tables_are_absent() -> None:
    leaky = scored("dual_by_input", OWN.arms["dual_by_input"])
    assert all(table.is_absent for table in tables(evidence(leaky)))


def test_views_are_no_arm_of_this_table() -> None:
    assert all(table.is_absent for table in tables(evidence(scored("view_dual", OWN.arms["view_dual"]))))


def test_twice_gives_the_same_bytes() -> None:
    assert [t.csv() for t in tables(of(cines=with_sex()))] == [t.csv() for t in tables(of(cines=with_sex()))]


def test_the_detectable_difference_shrinks_with_the_group() -> None:
    assert detectable(90, small=50, rest=50, level=0.95) < detectable(90, small=10, rest=90, level=0.95)


def test_a_perfect_accuracy_keeps_a_detectable_difference() -> None:
    assert 0 < detectable(100, small=50, rest=50, level=0.95) < 0.2


def test_patients_whose_sex_is_not_given_are_shown_and_not_tested() -> None:
    cines = with_sex()
    some = cines.assign(sex=cines["sex"].where(cines["sex"] == "F"))
    rows = figures(of(cines=some), attribute="sex").set_index("group")
    assert set(rows.loc["not given", "reason"]) == {"shown, not tested: the attribute is not given"}


def test_a_cohort_of_one_class_that_is_always_right_differs_in_nothing() -> None:
    own = SCORED.answers[SCORED.answers["truth"] == 1].assign(predicted=1, p_normal=0.0, p_hcm=1.0, p_dcm=0.0)
    settings = OWN.evaluate.model_copy(update={"subgroup_patients": 3})
    given = {"own": OWN.model_copy(update={"evaluate": settings}), "cines": with_sex()}
    assert by_attribute(evidence(type(SCORED)("dual", SCORED.arm, own, 0.25), **given)).loc["sex", "p"] == 1
