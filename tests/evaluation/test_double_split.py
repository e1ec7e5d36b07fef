"""The 60/20/20 split of the paper: one fold."""

import pandas as pd
import pytest

from cinemyo.evaluation.double_split import tables
from cinemyo.evaluation.metrics import accuracy
from cinemyo.evaluation.published import HOLDOUT
from cinemyo.evaluation.result import ResultTable
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence
from tests.evaluation.paper_study import paper_evidence, paper_folds, paper_params

HELD = {"scheme": "paper_holdout"}
OWN = paper_params(dual={}, held=HELD, held_systole=HELD | {"phases": ["systole"]}, held_view=HELD | {"target": "view"})


@pytest.fixture(scope="module")
def found() -> ResultTable:
    return tables(paper_evidence(OWN))[0]


def rows_of(own: ResultTable, arm: str) -> pd.DataFrame:
    return own.rows[own.rows["arm"] == arm].set_index(["part", "level"])


def test_arms_of_folds_are_left_out(found: ResultTable) -> None:
    assert set(found.rows["arm"]) == {"held", "held_systole", "held_view"}


def test_test_and_validation_stand_apart_by_cine_and_by_patient(found: ResultTable) -> None:
    assert set(rows_of(found, "held").index) == {
        ("test", "patient"),
        ("test", "cine"),
        ("validation", "patient"),
        ("validation", "cine"),
    }


def test_a_view_is_counted_by_cine_alone(found: ResultTable) -> None:
    assert set(rows_of(found, "held_view").index) == {("test", "cine"), ("validation", "cine")}


@pytest.mark.parametrize("part", ["test", "validation"])
def test_the_cines_are_those_of_the_part(found: ResultTable, part: str) -> None:
    folds = paper_folds()
    own = folds[(folds["scheme"] == "paper_holdout") & (folds["part"] == part)]
    row = rows_of(found, "held").loc[(part, "cine")]
    assert (row["n"], row["n_patients"]) == (len(own), own["patient_id"].nunique())


def test_the_accuracy_is_that_of_the_answers(found: ResultTable) -> None:
    held = paper_evidence(OWN).arm("held")
    row = rows_of(found, "held").loc[("test", "cine")]
    assert row["accuracy"] == pytest.approx(accuracy(held.confusion(held.answers)))
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]


def test_no_mean_or_spread_over_folds_is_shown(found: ResultTable) -> None:
    assert not any("sd" in column or "mean" in column for column in found.rows.columns)
    assert "no spread over folds" in found.note


def test_the_papers_errors_stand_beside_ours(found: ResultTable) -> None:
    assert rows_of(found, "held_systole").loc[("test", "cine"), "paper_errors"] == HOLDOUT[frozenset({"systole"})][0]
    assert rows_of(found, "held").loc[("validation", "cine"), "reason"] == "the paper prints no such count"


def test_a_study_without_the_split_says_what_to_add() -> None:
    own = tables(evidence(scored("dual", params().arms["dual"])))[0]
    assert own.rows["reason"].tolist() == [
        "not part of this study: add arms of scheme paper_holdout to a study of split.protocol paper"
    ]
