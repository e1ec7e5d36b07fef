"""The hold-out, closed and opened."""

import pandas as pd
import pytest

from cinemyo import schema, sheets
from cinemyo.errors import SplitError
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.holdout import CLOSED, opening_rows, tables
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence, held_out, unseen

OWN = params()
DUAL = scored("dual", OWN.arms["dual"])
DIASTOLE = scored("diastole", OWN.arms["diastole"])
LABELS = study_tables()[1]


def openings(*days: str) -> pd.DataFrame:
    rows = [
        {"arm": "dual", "opened_on": day, "role": "statistician", "reason": "analysis plan 4", "folds": "0" * 64}
        | {"models": f"{number:064x}"}
        for number, day in enumerate(days)
    ]
    return schema.from_rows(rows, table=sheets.OPENINGS)


def opened(*arms: Scored, cines: list[str] | None = None) -> Evidence:
    given = held_out() if cines is None else cines
    predictions = unseen(given, labels=LABELS, side="holdout")
    return evidence(*(arms or (DUAL,)), holdout={"dual": predictions}, openings=openings("2026-03-01"))


def by_name(own: Evidence) -> dict[str, pd.DataFrame]:
    return {table.name: table.rows for table in tables(own)}


def test_a_closed_hold_out_has_one_row_that_says_so() -> None:
    for rows in by_name(evidence(DUAL)).values():
        assert rows["reason"].tolist() == [CLOSED]


def test_an_opened_one_is_answered_by_the_ensemble_and_by_each_fold() -> None:
    rows = by_name(opened())["holdout"]
    assert rows["answered_by"].unique().tolist() == ["ensemble", *(f"fold {fold}" for fold in range(6))]
    assert rows["level"].unique().tolist() == ["patient", "cine"]
    assert rows["accuracy"].between(rows["accuracy_low"], rows["accuracy_high"]).all()


def test_each_class_has_its_sensitivity_and_specificity() -> None:
    rows = by_name(opened())["holdout_classes"]
    assert rows["class"].unique().tolist() == ["normal", "hcm", "dcm"]
    assert rows["sensitivity"].between(rows["sensitivity_low"], rows["sensitivity_high"]).all()


def test_an_arm_that_stays_closed_says_so_beside_an_opened_one() -> None:
    rows = by_name(opened(DUAL, DIASTOLE))["holdout"]
    assert rows[rows["arm"] == "diastole"]["reason"].tolist() == [CLOSED]
    assert (rows[rows["arm"] == "dual"]["reason"] == "").all()


def test_every_opening_is_told() -> None:
    rows = pd.DataFrame(opening_rows("dual", openings=openings("2026-05-01", "2026-03-01")))
    assert rows[["openings", "opening", "opened_on"]].values.tolist() == [[2, 1, "2026-03-01"], [2, 2, "2026-05-01"]]
    assert rows["role"].unique().tolist() == ["statistician"]
    assert rows["why"].unique().tolist() == ["analysis plan 4"]


def test_an_opening_of_earlier_models_stays_in_the_table() -> None:
    own = evidence(DUAL, openings=openings("2026-03-01"))
    assert by_name(own)["holdout_openings"]["openings"].tolist() == [1]
    assert by_name(own)["holdout"]["reason"].tolist() == [CLOSED]


def test_an_answer_to_a_cine_of_a_fold_is_refused() -> None:
    with pytest.raises(SplitError, match="of another part"):
        tables(opened(cines=[*held_out(), DUAL.answers["cine_id"].iloc[0]]))


def test_a_cine_without_an_answer_is_refused() -> None:
    with pytest.raises(SplitError, match="without an answer"):
        tables(opened(cines=held_out()[1:]))


def test_the_difference_from_the_test_folds_is_told() -> None:
    assert by_name(opened())["holdout_difference"]["level"].tolist() == ["patient", "cine"]


def test_leaky_arms_have_no_hold_out() -> None:
    assert all(table.is_absent for table in tables(evidence(scored("dual_by_input", OWN.arms["dual_by_input"]))))


def test_a_study_that_drew_none_is_not_called_closed() -> None:
    folds = study_tables()[2]
    found = tables(evidence(DUAL, folds=folds[folds["part"] != "holdout"]))
    assert all("split.holdout_share" in str(table.rows["reason"].iloc[0]) for table in found)
