"""Pooled confusion matrices; the paper's are taken as printed, with their own sums."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Params
from cinemyo.evaluation.published import DIASTOLE, DUAL, SYSTOLE, TABLE_3
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.table_3 import matrix_rows, tables
from cinemyo.labels import PATHOLOGIES, Phase
from tests.evaluation.example import ARMS, params, scored
from tests.evaluation.made_up import evidence


def third(own: Params) -> tuple[ResultTable, ResultTable]:
    pathology, view = tables(evidence(*(scored(name, arm) for name, arm in own.arms.items()), own=own))
    return pathology, view


@pytest.mark.parametrize(
    ("phases", "errors", "n", "accuracy"),
    [(DIASTOLE, 47, 1200, 0.9608), (SYSTOLE, 54, 1200, 0.9550), (DUAL, 20, 1198, 0.9833)],
)
def test_errors_and_accuracy_of_the_printed_matrices(
    phases: frozenset[Phase], errors: int, n: int, accuracy: float
) -> None:
    rows = matrix_rows(np.array(TABLE_3[phases]), classes=PATHOLOGIES)
    assert {(row["arm_errors"], row["arm_n"]) for row in rows} == {(errors, n)}
    assert sum(row["errors"] for row in rows) == errors
    assert rows[0]["arm_accuracy"] == pytest.approx(accuracy, abs=5e-5)


def test_rows_add_up_by_cine_and_by_patient() -> None:
    own = params(dual={}, diastole=ARMS["diastole"])
    rows = third(own)[0].rows
    for _, part in rows.groupby(["arm", "level"]):
        assert part["errors"].sum() == part["arm_errors"].iloc[0]
        assert part[list(PATHOLOGIES)].to_numpy().sum() == part["n"].sum() == part["arm_n"].iloc[0]


def test_each_arm_has_both_levels() -> None:
    assert set(third(params(dual={}))[0].rows["level"]) == {"patient", "cine"}


def test_views_are_counted_by_cine_alone() -> None:
    rows = third(params(view_dual=ARMS["view_dual"]))[1].rows
    assert rows["truth"].tolist() == ["vla_left", "vla_right", "four_chamber", "short_axis"]
    assert set(rows["level"]) == {"cine"}


def test_a_target_without_arms_says_what_to_add() -> None:
    view = third(params(dual={}))[1]
    assert view.rows["reason"].tolist() == ["not part of this study: add arms of target view"]


def test_the_printed_matrix_stands_beside_ours_in_the_papers_study() -> None:
    rows = third(params(study="paper", synthetic=False, es=ARMS["systole"]))[0].rows
    by_cine = rows[rows["level"] == "cine"]
    printed = by_cine[["paper_normal", "paper_hcm", "paper_dcm"]].to_numpy(int).tolist()
    assert printed == [list(row) for row in TABLE_3[SYSTOLE]]


def test_by_patient_the_paper_prints_nothing_and_the_row_says_so() -> None:
    rows = third(params(study="paper", synthetic=False, es=ARMS["systole"]))[0].rows
    by_patient = rows[rows["level"] == "patient"]
    assert set(by_patient["reason"]) == {"the paper prints no such matrix"}
    assert by_patient["paper_normal"].isna().all()


def test_a_class_without_cases_keeps_its_row() -> None:
    row = matrix_rows(np.array([[2, 1, 0], [0, 3, 0], [0, 0, 0]]), classes=PATHOLOGIES)[2]
    assert (row["n"], row["errors"]) == (0, 0)


def test_other_studies_show_no_printed_matrix() -> None:
    rows: pd.DataFrame = third(params(dual={}))[0].rows
    assert not any(column.startswith("paper") for column in rows.columns)
