"""How many patients it would take."""

import pandas as pd
import pytest

from cinemyo.evaluation.sample_size import rows_of, tables
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

OWN = params()
SCORED = scored("dual", OWN.arms["dual"])


def rows(own: Scored = SCORED) -> pd.DataFrame:
    return pd.DataFrame(rows_of(own, params=OWN)).set_index("level")


def test_by_patient_it_is_the_formula_at_the_observed_accuracy() -> None:
    row = rows().loc["patient"]
    needed = 1.959964**2 * row["accuracy"] * (1 - row["accuracy"]) / 0.02**2
    assert row["patients_needed"] == pytest.approx(needed, abs=1)


def test_by_patient_there_is_no_design_effect() -> None:
    assert rows().loc["patient", "design_effect"] == pytest.approx(1)


def test_cines_of_a_patient_are_worth_less_than_cines_of_many() -> None:
    right = SCORED.answers["patient_id"].astype("category").cat.codes % 4 != 0
    called = SCORED.answers["truth"].where(right, (SCORED.answers["truth"] + 1) % 3)
    row = rows(Scored("dual", SCORED.arm, SCORED.answers.assign(predicted=called), 0.25)).loc["cine"]
    assert row["design_effect"] > 1.5
    assert row["effective_n"] == pytest.approx(row["n"] / row["design_effect"])


def test_what_is_missing_is_what_is_needed_less_what_there_is() -> None:
    own = rows()
    assert own["patients_missing"].tolist() == (own["patients_needed"] - own["n_patients"]).clip(lower=0).tolist()


def test_without_an_error_it_still_takes_patients() -> None:
    own = rows(Scored("dual", SCORED.arm, SCORED.answers.assign(predicted=SCORED.answers["truth"]), 0.25))
    assert (own["patients_needed"] > 50).all()


def test_a_single_patient_is_no_fault() -> None:
    alone = SCORED.answers[SCORED.answers["patient_id"] == SCORED.answers["patient_id"].iloc[0]]
    assert rows(Scored("dual", SCORED.arm, alone, 0.25)).loc["patient", "n_patients"] == 1


def test_every_honest_arm_has_its_rows() -> None:
    arms = [SCORED, scored("view_dual", OWN.arms["view_dual"]), scored("dual_by_input", OWN.arms["dual_by_input"])]
    own = tables(evidence(*arms))[0].rows
    assert own[["arm", "level"]].values.tolist() == [["dual", "patient"], ["dual", "cine"], ["view_dual", "cine"]]


def test_leaky_arms_alone_make_no_table() -> None:
    assert tables(evidence(scored("dual_by_input", OWN.arms["dual_by_input"])))[0].is_absent
