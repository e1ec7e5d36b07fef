"""Both targets and three inputs over the test folds."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Params
from cinemyo.evaluation.contrast import adjusted, contrasts
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.table_2 import tables
from tests.evaluation.example import ARM, ARMS, params, scored
from tests.evaluation.made_up import evidence
from tests.evaluation.paper_study import paper_evidence, paper_params

SKILL = {"dual": 3.0, "diastole": 1.0, "systole": 2.0}


def second(own: Params) -> tuple[ResultTable, ResultTable]:
    arms = [
        scored(name, arm, skill=SKILL.get(name, 1.5), seed=seed) for seed, (name, arm) in enumerate(own.arms.items())
    ]
    figures, tests = tables(evidence(*arms, own=own))
    return figures, tests


def rows_of(own: Params) -> pd.DataFrame:
    return second(own)[0].rows.set_index("arm")


@pytest.fixture(scope="module")
def demo() -> pd.DataFrame:
    return rows_of(params())


def test_arms_of_table_4_alone_are_left_out(demo: pd.DataFrame) -> None:
    assert list(demo.index) == ["dual", "dual_by_input", "diastole", "systole", "view_dual", "none", "none"]


def test_controls_are_left_out() -> None:
    assert "hidden" not in rows_of(params(dual={}, hidden={"crop_px": None, "hidden_radius_px": 40})).index


def test_an_input_that_the_study_lacks_has_a_row_that_says_what_to_add(demo: pd.DataFrame) -> None:
    assert demo.loc["none", "reason"].tolist() == [
        "not part of this study: add arms of target view that see diastole alone",
        "not part of this study: add arms of target view that see systole alone",
    ]


def test_a_leaky_arm_does_not_stand_for_one_by_patient() -> None:
    own = rows_of(params(dual_by_input=ARMS["dual_by_input"]))
    assert "not part of this study: add arms of target pathology that see both phases" in own["reason"].tolist()


def test_a_source_with_one_view_says_so() -> None:
    own = params(dual={})
    acdc = own.model_copy(update={"source": own.source.model_copy(update={"kind": "acdc"})})
    frame = rows_of(acdc)
    views = frame[frame["target"] == "view"]
    assert set(views["reason"]) == {"not part of this study: the source has one view only"}


def test_a_single_phase_is_tested_against_its_dual_twin(demo: pd.DataFrame) -> None:
    assert demo.loc[["diastole", "systole"], "reference"].tolist() == ["dual", "dual"]


def test_the_p_are_those_of_the_contrasts(demo: pd.DataFrame) -> None:
    own = params()
    single, dual = (scored(name, own.arms[name], skill=SKILL[name], seed=seed) for name, seed in PAIR)
    found = pd.DataFrame(contrasts(single, reference=dual, params=own)).set_index("measure")["p"]
    assert demo.loc["diastole", "p_accuracy"] == found["accuracy by fold"]
    assert demo.loc["diastole", "p_loss"] == found["loss by fold"]
    assert demo.loc["diastole", "p_patients"] == found["accuracy by patient"]


PAIR = (("diastole", 2), ("dual", 0))


def test_adjusted_p_are_never_smaller(demo: pd.DataFrame) -> None:
    tested = demo.loc[["diastole", "systole"]]
    assert (tested["p_accuracy_holm"] >= tested["p_accuracy"]).all()
    assert (tested["p_patients_holm"] >= tested["p_patients"]).all()


def test_a_dual_arm_says_that_it_is_the_reference(demo: pd.DataFrame) -> None:
    assert demo.loc["dual", "reason"] == "the reference of the single phases: not tested"


def test_a_single_phase_without_a_twin_says_so() -> None:
    other = {"backbone": ARM["backbone"] | {"name": "densenet201"}, "phases": ["systole"]}
    assert "no dual twin to compare with" in rows_of(params(dual={}, other=other)).loc["other", "reason"]


def test_intervals_hold_the_figures(demo: pd.DataFrame) -> None:
    own = demo.drop(index="none")
    assert ((own["loss_low"] < own["loss_mean"]) & (own["loss_mean"] < own["loss_high"])).all()
    assert ((own["accuracy_low"] < own["accuracy_mean"]) & (own["accuracy_mean"] < own["accuracy_high"])).all()


def test_numbers_stay_whole(demo: pd.DataFrame) -> None:
    assert str(demo["n_cines"].dtype) == "Int64"


def test_every_test_stands_in_a_table_of_its_own() -> None:
    tests = second(params())[1]
    assert tests.rows.groupby("arm").size().to_dict() == {"diastole": 4, "systole": 4}
    assert tests.rows["p_holm"].notna().sum() == 6


def test_a_study_of_dual_arms_has_no_tests() -> None:
    assert second(params(dual={}))[1].is_absent


def test_the_papers_values_stand_beside_ours_in_its_study() -> None:
    own = rows_of(params(study="paper", synthetic=False))
    assert own["paper_accuracy"].dropna().to_dict() == {
        "dual": 0.982,
        "dual_by_input": 0.982,
        "diastole": 0.961,
        "systole": 0.952,
        "view_dual": 0.999,
    }
    assert set(own["paper_scheme"].dropna()) == {"six folds by input"}


def test_other_studies_do_not_show_the_papers_values(demo: pd.DataFrame) -> None:
    assert not any(column.startswith("paper") for column in demo.columns)


def test_another_backbone_has_no_value_in_the_paper_and_says_so() -> None:
    backbone = ARM["backbone"] | {"name": "densenet201"}
    own = rows_of(params(study="paper", synthetic=False, dual={"backbone": backbone}))
    assert np.isnan(own.loc["dual", "paper_accuracy"])
    assert "the paper prints no figure of such an arm" in own.loc["dual", "reason"]


def test_the_double_split_is_no_row_of_folds() -> None:
    own = paper_params(dual={}, held={"scheme": "paper_holdout"})
    assert "held" not in tables(paper_evidence(own))[0].rows["arm"].tolist()


def test_contrasts_of_one_target_and_measure_are_a_family() -> None:
    tests = second(params())[1].rows
    assert tests["p_holm"].equals(adjusted(tests.drop(columns="p_holm"))["p_holm"])
