"""What an arm is in the words of a table, and how it stands against another."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.evaluation.describe import (
    alike,
    framed,
    input_of,
    joined,
    role_of,
    standing,
    training_of,
    twin,
    untestable,
)
from tests.evaluation.example import ARM, params, scored

OWN = params()
DUAL, DIASTOLE = (scored(name, OWN.arms[name], skill=skill) for name, skill in (("dual", 3.0), ("diastole", 1.0)))


def test_a_synthetic_study_says_so_in_every_row() -> None:
    assert standing(OWN.arms["dual"], study=OWN.study) == "synthetic phantoms; split by patient"


def test_a_leaky_arm_says_so() -> None:
    assert "leaky: split by input" in standing(OWN.arms["dual_by_input"], study=OWN.study)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"labels": "permuted"}, "control: labels permuted"), ({"crop_px": None, "hidden_radius_px": 40}, "heart hidden")],
)
def test_a_control_says_so(changes: dict[str, object], words: str) -> None:
    own = params(dual=changes)
    assert words in standing(own.arms["dual"], study=own.study)


CHOSEN = {"selected_on": {"by": "tune rate trial 3", "parts": [1, 2], "folds": "0" * 64}}


def test_an_arm_that_was_chosen_on_these_folds_says_so() -> None:
    own = params(dual=CHOSEN)
    assert "chosen on parts 1, 2 of these folds" in standing(own.arms["dual"], study=own.study)


def test_how_an_arm_was_chosen_makes_it_no_other_arm() -> None:
    assert alike(params(dual=CHOSEN).arms["dual"], free=[]) == alike(params(dual={}).arms["dual"], free=[])


def test_the_notice_of_a_study_ends_what_a_row_says() -> None:
    own = params(notice="A check, not a benchmark", dual={})
    assert standing(own.arms["dual"], study=own.study).endswith("; A check, not a benchmark")


@pytest.mark.parametrize(
    ("name", "words"),
    [("dual", "160 px"), ("systole_256", "256 px"), ("systole_raw", "raw"), ("systole_128", "128 px")],
)
def test_inputs_have_the_words_of_table_4(name: str, words: str) -> None:
    assert input_of(OWN.arms[name], recipes=OWN.recipes) == words


@pytest.mark.parametrize(("name", "role"), [("dual", "dual"), ("diastole", "diastole"), ("systole_raw", "systole")])
def test_an_arm_is_known_by_the_phases_that_it_sees(name: str, role: str) -> None:
    assert role_of(OWN.arms[name]) == role


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_from": "nothing"}, "frozen features"),
        ({"weights": "none"}, "from scratch"),
        ({"weights": "imagenet"}, "fine-tuned"),
    ],
)
def test_training_is_told_from_the_backbone(changes: dict[str, str], words: str) -> None:
    own = params(dual={"backbone": ARM["backbone"] | changes})
    assert training_of(own.arms["dual"]) == words


def test_one_field_of_the_head_can_be_free_alone() -> None:
    head = alike(OWN.arms["dual"], free=("head.pool",))["head"]
    assert set(head) == {"widths", "dropouts"}


def test_the_twin_of_a_single_phase_is_the_dual_arm_alike() -> None:
    found = twin(DIASTOLE, arms=[DIASTOLE, DUAL], free=("phases",), accept=lambda arm: len(arm.phases) > 1)
    assert found is DUAL


def test_an_arm_of_another_crop_is_no_twin() -> None:
    other = scored("systole_128", OWN.arms["systole_128"])
    assert twin(other, arms=[other, DUAL], free=("phases",), accept=lambda arm: len(arm.phases) > 1) is None


def test_one_fold_bears_no_t() -> None:
    assert untestable(np.array([0.1])) == "one fold: no spread over folds"


def test_the_same_difference_in_every_fold_bears_no_t() -> None:
    assert untestable(np.full(6, 0.1)) == "all folds differ by the same amount: no t"


def test_no_difference_in_any_fold_is_a_result() -> None:
    assert untestable(np.zeros(6)) == ""


def test_counts_stay_whole_where_a_row_lacks_them() -> None:
    assert framed([{"n": 3}, {"other": 1.0}], counts=("n",))["n"].tolist() == [3, pd.NA]


def test_reasons_are_told_once() -> None:
    assert joined(["a", "", "b", "a"]) == "a; b"
