"""The paper's tables from made-up arms."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Params
from cinemyo.evaluation.published import TABLE_3
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.statistics import corrected_t
from cinemyo.evaluation.summary import metrics_of
from cinemyo.evaluation.tables import last_epochs, standing, table_2, table_3, table_4
from tests.evaluation.example import ARM, ARMS, history, params, scored

SKILL = {"dual": 3.0, "diastole": 1.0, "systole": 2.0}


def results(own: Params) -> list[Scored]:
    return [
        scored(name, arm, skill=SKILL.get(name, 1.5), seed=seed) for seed, (name, arm) in enumerate(own.arms.items())
    ]


def second(own: Params) -> pd.DataFrame:
    arms = results(own)
    metrics = metrics_of(arms, study=own.study, evaluate=own.evaluate, seed=own.seed)
    return table_2(arms, params=own, metrics=metrics).set_index("arm")


def fourth(own: Params, *, curves: pd.DataFrame | None = None) -> pd.DataFrame:
    arms = results(own)
    metrics = metrics_of(arms, study=own.study, evaluate=own.evaluate, seed=own.seed)
    histories = dict.fromkeys(own.arms, history() if curves is None else curves)
    return table_4(arms, params=own, metrics=metrics, histories=histories)


@pytest.fixture(scope="module")
def demo() -> pd.DataFrame:
    return second(params())


@pytest.fixture(scope="module")
def paper() -> pd.DataFrame:
    return second(params(study="paper", synthetic=False))


def test_table_2_has_the_arms_that_are_not_of_table_4_alone(demo: pd.DataFrame) -> None:
    assert list(demo.index) == ["dual", "dual_by_input", "diastole", "systole", "view_dual"]


def test_a_single_phase_is_tested_against_its_dual_twin(demo: pd.DataFrame) -> None:
    assert demo["reference"].dropna().to_dict() == {"diastole": "dual", "systole": "dual"}


def test_an_arm_without_a_twin_is_not_tested(demo: pd.DataFrame) -> None:
    assert demo.loc[["dual", "dual_by_input", "view_dual"], "p_accuracy"].isna().all()


def test_the_p_is_the_corrected_one(demo: pd.DataFrame) -> None:
    own = params()
    arms = {arm.name: arm for arm in results(own)}
    gained = arms["dual"].fold_accuracies() - arms["diastole"].fold_accuracies()
    expected = corrected_t(gained, test_share=arms["diastole"].test_share).p
    assert demo.loc["diastole", "p_accuracy"] == pytest.approx(expected, abs=1e-6)


def test_adjusted_p_are_never_smaller(demo: pd.DataFrame) -> None:
    tested = demo.loc[["diastole", "systole"]]
    assert (tested["p_accuracy_holm"] >= tested["p_accuracy"]).all()
    assert (tested["p_patients_holm"] >= tested["p_patients"]).all()


def test_a_leaky_arm_says_so_in_its_row(demo: pd.DataFrame) -> None:
    assert demo.index[demo["standing"].str.contains("leaky: split by input")].tolist() == ["dual_by_input"]


def test_every_row_of_a_synthetic_study_says_so(demo: pd.DataFrame) -> None:
    assert demo["standing"].str.contains("synthetic").all()


def test_a_real_study_is_not_called_synthetic(paper: pd.DataFrame) -> None:
    assert not paper["standing"].str.contains("synthetic").any()


def test_the_notice_of_a_study_stands_in_every_row() -> None:
    own = params(notice="A check of the pipeline, not a benchmark", dual={})
    assert standing(own.arms["dual"], study=own.study).endswith("A check of the pipeline, not a benchmark")


def test_the_papers_values_stand_beside_ours_in_its_study(paper: pd.DataFrame) -> None:
    assert paper["paper_accuracy"].dropna().to_dict() == {
        "dual": 0.982,
        "dual_by_input": 0.982,
        "diastole": 0.961,
        "systole": 0.952,
        "view_dual": 0.999,
    }


def test_the_papers_values_say_that_they_are_by_input(paper: pd.DataFrame) -> None:
    assert set(paper["paper_scheme"]) == {"six folds by input"}


def test_other_studies_do_not_show_the_papers_values(demo: pd.DataFrame) -> None:
    assert not any(column.startswith("paper") for column in demo.columns)


def test_another_backbone_has_no_value_in_the_paper() -> None:
    backbone = ARM["backbone"] | {"name": "densenet201"}
    own = second(params(study="paper", synthetic=False, dual_densenet={"backbone": backbone}))
    assert own["paper_accuracy"].isna().all()


def test_another_backbone_is_no_twin() -> None:
    changed: dict[str, Any] = {"backbone": ARM["backbone"] | {"name": "densenet201"}, "phases": ["systole"]}
    assert pd.isna(second(params(dual={}, other=changed)).loc["other", "reference"])


def test_frozen_features_are_named() -> None:
    frozen = {"backbone": ARM["backbone"] | {"train_from": "nothing"}}
    assert second(params(dual=frozen)).loc["dual", "training"] == "frozen features"


def test_table_3_counts_the_errors_of_each_arm() -> None:
    own = params(dual={}, diastole=ARMS["diastole"])
    rows = table_3(results(own), params=own, target="pathology")
    for _, arm in rows.groupby("arm"):
        assert arm["errors"].sum() == arm["arm_errors"].iloc[0]
        assert arm[["normal", "hcm", "dcm"]].to_numpy().sum() == arm["n"].sum()


def test_table_3_shows_the_printed_matrix_beside_ours() -> None:
    own = params(study="paper", synthetic=False, es=ARMS["systole"])
    rows = table_3(results(own), params=own, target="pathology")
    printed = rows[["paper_normal", "paper_hcm", "paper_dcm"]].to_numpy().tolist()
    assert printed == [list(row) for row in TABLE_3[frozenset({"systole"})]]


def test_table_3_of_views_has_the_four_views() -> None:
    own = params(study="paper", view_dual=ARMS["view_dual"])
    rows = table_3(results(own), params=own, target="view")
    assert rows["truth"].tolist() == ["vla_left", "vla_right", "four_chamber", "short_axis"]


def test_table_3_of_a_target_without_arms_is_empty() -> None:
    own = params(dual={})
    assert table_3(results(own), params=own, target="view").empty


def test_table_4_has_the_inputs_of_systole_alone() -> None:
    assert fourth(params())["input"].tolist() == ["160 px", "128 px", "256 px", "raw"]


def test_table_4_tests_against_160_px() -> None:
    rows = fourth(params()).set_index("input")
    assert rows["reference"].dropna().to_dict() == {"128 px": "systole", "256 px": "systole", "raw": "systole"}


def test_table_4_has_the_papers_values_beside_it() -> None:
    rows = fourth(params(study="paper", synthetic=False))
    assert rows["paper_accuracy"].tolist() == [0.959, 0.954, 0.921, 0.915]


def test_one_input_alone_makes_no_table_4() -> None:
    assert fourth(params(dual={}, systole=ARMS["systole"])).empty


def test_the_last_ten_epochs_are_averaged_over_folds_first() -> None:
    curves = history()
    means = curves.groupby("epoch")["validation_accuracy"].mean().to_numpy(float)[-10:]
    assert last_epochs(curves) == pytest.approx((means.mean(), means.std(ddof=1)))


def test_a_history_without_validation_has_no_last_epochs() -> None:
    curves = history()
    curves["validation_accuracy"] = curves["validation_accuracy"].where(curves["epoch"] < 0)
    assert np.isnan(last_epochs(curves)).all()


def test_no_arm_makes_an_empty_table_2() -> None:
    own = params(dual={})
    assert table_2([], params=own, metrics={"arms": {}}).empty
