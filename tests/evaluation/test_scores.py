"""Flat numbers and bare answers for the comparison of experiments."""

from typing import Any

import pandas as pd
import pytest

from cinemyo.evaluation.scores import answers, scores
from cinemyo.evaluation.summary import metrics_of
from tests.evaluation.example import params, scored

OWN = params()
ARMS = [scored(name, OWN.arms[name]) for name in ("dual", "diastole", "view_dual")]
FIGURES: dict[str, Any] = metrics_of(ARMS, study=OWN.study, evaluate=OWN.evaluate, seed=3)["arms"]


def test_all_arms_of_pathology_have_the_same_dozen_numbers() -> None:
    assert list(scores(FIGURES["dual"])) == list(scores(FIGURES["diastole"]))
    assert 12 <= len(scores(FIGURES["dual"])) <= 14


def test_an_arm_of_views_leaves_out_what_is_the_patients() -> None:
    assert set(scores(FIGURES["view_dual"])) == {
        name for name in scores(FIGURES["dual"]) if not name.startswith("patient_")
    }


def test_the_numbers_are_those_of_the_metrics() -> None:
    own = scores(FIGURES["dual"])
    assert own["accuracy"] == FIGURES["dual"]["accuracy"]
    assert own["patient_sensitivity_hcm"] == FIGURES["dual"]["patient_sensitivity"]["hcm"]
    assert own["patient_missed_disease"] == FIGURES["dual"]["patient_missed_disease"]["hcm_or_dcm"]["share"]


def test_a_figure_that_there_is_not_is_left_out() -> None:
    without = FIGURES["dual"] | {"patient_sensitivity": FIGURES["dual"]["patient_sensitivity"] | {"dcm": None}}
    assert "patient_sensitivity_dcm" not in scores(without)


def test_answers_make_the_confusion_matrix() -> None:
    rows = answers(ARMS[0])
    counts = pd.crosstab(rows["truth"], rows["predicted"]).loc[["normal", "hcm", "dcm"], ["normal", "hcm", "dcm"]]
    assert counts.to_numpy().tolist() == ARMS[0].confusion(ARMS[0].answers).tolist()


def test_answers_hold_no_id() -> None:
    assert list(answers(ARMS[0]).columns) == ["truth", "predicted"]


@pytest.mark.parametrize("own", ARMS, ids=lambda own: own.name)
def test_the_order_of_answers_tells_nothing(own: Any) -> None:
    rows = answers(own)
    shuffled = own.answers.sample(frac=1, random_state=1, ignore_index=True)
    again = answers(type(own)(own.name, own.arm, shuffled, own.test_share))
    assert again.equals(rows)
