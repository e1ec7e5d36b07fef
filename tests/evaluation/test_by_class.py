"""Each class against the others, and diseases called normal."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cinemyo.evaluation.by_class import class_figures, missed_disease, tables
from cinemyo.evaluation.intervals import exact
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

OWN = params()
DUAL = scored("dual", OWN.arms["dual"], skill=1.5)


def without(*classes: int) -> Scored:
    """The arm without the patients of some classes."""
    return replace(DUAL, answers=DUAL.answers[~DUAL.answers["truth"].isin(classes)])


@pytest.fixture(scope="module")
def found() -> tuple[pd.DataFrame, pd.DataFrame]:
    view = scored("view_dual", OWN.arms["view_dual"])
    classes, missed = (own.rows for own in tables(evidence(DUAL, view, own=OWN)))
    return classes, missed


def test_classes_are_given_by_patient_and_by_cine(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    own = found[0][found[0]["arm"] == "dual"]
    names = ["normal", "hcm", "dcm"]
    assert own.groupby("level")["class"].apply(list).to_dict() == {"cine": names, "patient": names}


def test_views_are_given_by_cine_alone(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    assert set(found[0][found[0]["arm"] == "view_dual"]["level"]) == {"cine"}


def test_sensitivity_by_patient_is_exact() -> None:
    rows = DUAL.patients
    own = class_figures(DUAL, rows=rows, level=0.95)[1]
    hits = int(((rows["truth"] == 1) & (rows["predicted"] == 1)).sum())
    total = int((rows["truth"] == 1).sum())
    assert own["sensitivity"] == pytest.approx(hits / total)
    assert (own["sensitivity_low"], own["sensitivity_high"]) == pytest.approx(exact(hits, total=total))


def test_specificity_is_of_the_others() -> None:
    rows = DUAL.patients
    own = class_figures(DUAL, rows=rows, level=0.95)[2]
    others = rows[rows["truth"] != 2]
    assert own["specificity"] == pytest.approx((others["predicted"] != 2).mean())
    assert own["n_others"] == len(others)


@pytest.mark.parametrize("name", ["sensitivity", "specificity", "auroc"])
def test_every_interval_holds_its_figure(found: tuple[pd.DataFrame, pd.DataFrame], name: str) -> None:
    rows = found[0]
    assert ((rows[f"{name}_low"] <= rows[name]) & (rows[name] <= rows[f"{name}_high"])).all()


def test_no_predictive_value_of_the_design_is_shown(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    assert not {"ppv", "npv"} & set(found[0].columns)


def test_a_class_without_cases_says_so() -> None:
    own = without(2)
    row = class_figures(own, rows=own.answers, level=0.95)[2]
    assert np.isnan([row["sensitivity"], row["auroc"]]).all()
    assert row["specificity"] <= 1
    assert row["reason"] == "no case of dcm"


def test_a_class_alone_says_so() -> None:
    own = without(0, 2)
    row = class_figures(own, rows=own.answers, level=0.95)[1]
    assert np.isnan([row["specificity"], row["auroc"]]).all()
    assert row["reason"] == "no case but of hcm"


def test_a_cohort_without_a_class_makes_a_table_all_the_same() -> None:
    classes, missed = tables(evidence(without(2), own=OWN))
    assert classes.rows["reason"].str.len().gt(0).sum() == 2
    assert missed.rows.loc[missed.rows["disease"] == "dcm", "reason"].tolist() == ["no case of dcm"] * 2


def test_missed_disease_counts_diseases_called_normal() -> None:
    rows = DUAL.answers
    own = missed_disease(rows, group="hcm or dcm", level=0.95)
    assert own["missed"] == int(((rows["truth"] > 0) & (rows["predicted"] == 0)).sum())
    assert own["n"] == int((rows["truth"] > 0).sum())


def test_a_disease_taken_for_another_is_not_missed() -> None:
    rows = DUAL.answers.assign(truth=1, predicted=2)
    assert missed_disease(rows, group="hcm or dcm", level=0.95)["missed"] == 0


def test_no_missed_disease_keeps_an_upper_bound() -> None:
    rows = DUAL.patients.assign(predicted=DUAL.patients["truth"])
    own = missed_disease(rows, group="hcm", level=0.95)
    assert own["share"] == 0
    assert own["share_high"] == pytest.approx(exact(0, total=own["n"]).high)


def test_missed_disease_stands_by_patient_and_by_cine(found: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    assert set(found[1]["level"]) == {"patient", "cine"}
    assert set(found[1]["arm"]) == {"dual"}


def test_arms_of_views_alone_miss_no_disease_and_say_so() -> None:
    view = scored("view_dual", OWN.arms["view_dual"])
    missed = tables(evidence(view, own=OWN))[1]
    assert missed.rows["reason"].tolist() == ["not part of this study: add arms of target pathology"]
