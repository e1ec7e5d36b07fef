"""What is refused before a figure is made."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.errors import SplitError, TableError
from cinemyo.evaluation.scoring import Scored, answered, score
from cinemyo.folds import split_of
from tests.evaluation.example import params, predictions, scored, study_tables
from tests.evaluation.paper_study import answers_of, paper_params, scored_of

DUAL = params().arms["dual"]
VIEW = params().arms["view_dual"]


def scored_from(answers: pd.DataFrame, *, arm: Arm = DUAL, **changes: Any) -> Scored:
    cines, labels, folds = study_tables()
    given = {"folds": folds, "cines": cines, "labels": labels, "prepared": set(cines["cine_id"]), "seed": 3} | changes
    return score(answers, name="dual", arm=arm, **given)


def test_only_the_test_rows_are_scored() -> None:
    answers = predictions(DUAL)
    assert len(scored_from(answers).answers) == (answers["set"] == "test").sum()


def test_rows_keep_the_order_of_the_folds() -> None:
    shuffled = predictions(DUAL).sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(scored_from(shuffled).answers, scored_from(predictions(DUAL)).answers)


def test_changed_validation_answers_change_nothing() -> None:
    answers = predictions(DUAL)
    inner = answers["set"] == "validation"
    turned = answers.assign(p_normal=answers["p_normal"].where(~inner, answers["p_dcm"]))
    pd.testing.assert_frame_equal(scored_from(turned).answers, scored_from(answers).answers)


def test_another_truth_than_the_label_is_refused() -> None:
    answers = predictions(DUAL)
    wrong = answers.assign(truth=answers["truth"].where(answers.index != 0, "dcm"))
    wrong.loc[0, "truth"] = "hcm" if answers.loc[0, "truth"] != "hcm" else "dcm"
    with pytest.raises(SplitError, match=r"expected the truth of labels\.csv"):
        scored_from(wrong)


def test_a_cine_answered_twice_is_refused() -> None:
    answers = predictions(DUAL)
    first = answers[answers["set"] == "test"].iloc[[0]]
    with pytest.raises(SplitError, match="each test cine once"):
        scored_from(pd.concat([answers, first.assign(fold=5)]))


def test_a_training_cine_in_test_is_refused() -> None:
    cines, _, folds = study_tables()
    answers = predictions(DUAL)
    trained = split_of(folds, scheme="honest", fold=0, cines=cines).train[0]
    tested = (answers["cine_id"] == trained) & (answers["set"] == "test")
    with pytest.raises(SplitError, match=r"fold 0: expected test cines of the fold alone.*trained on"):
        scored_from(answers.assign(fold=answers["fold"].where(~tested, 0)))


def test_a_foreign_cine_in_validation_is_refused() -> None:
    answers = predictions(DUAL)
    with pytest.raises(SplitError, match="expected validation cines"):
        scored_from(answers.assign(fold=answers["fold"].where(answers["set"] == "test", (answers["fold"] + 1) % 6)))


def test_a_test_cine_without_an_answer_is_refused() -> None:
    answers = predictions(DUAL)
    with pytest.raises(SplitError, match="an answer for every test cine"):
        scored_from(answers.drop(answers.index[answers["set"] == "test"][0]))


def test_a_cine_without_a_canvas_need_not_be_answered() -> None:
    answers, cines = predictions(DUAL), study_tables()[0]
    gone = answers.index[answers["set"] == "test"][0]
    own = scored_from(answers.drop(gone), prepared=set(cines["cine_id"]) - {answers["cine_id"][gone]})
    assert len(own.answers) == (answers["set"] == "test").sum() - 1


def test_a_cine_outside_all_folds_is_refused() -> None:
    answers = predictions(DUAL)
    stranger = answers[answers["set"] == "test"].iloc[[0]].assign(cine_id="c-aaaaaaaaaaaaaaaa", fold=9)
    with pytest.raises(SplitError, match="labelled test cines of the folds"):
        scored_from(pd.concat([answers, stranger]))


def test_cines_without_a_view_are_not_scored_by_a_view_arm() -> None:
    labels = study_tables()[1]
    answers = predictions(VIEW)
    bare = answers["cine_id"][answers["set"] == "test"].iloc[0]
    unknown = labels.assign(view=labels["view"].where(labels["cine_id"] != bare))
    own = scored_from(answers[answers["cine_id"] != bare], arm=VIEW, labels=unknown)
    assert bare not in set(own.answers["cine_id"])


def test_the_test_share_of_the_honest_protocol_is_one_to_four() -> None:
    assert scored("dual", DUAL).test_share == pytest.approx(0.25, abs=0.05)


def test_fold_accuracies_average_to_the_pooled_one_weighted_by_size() -> None:
    own = scored("dual", DUAL)
    sizes = own.answers.groupby("fold").size().to_numpy()
    right = (own.answers["truth"] == own.answers["predicted"]).mean()
    assert (own.fold_accuracies() @ sizes) / sizes.sum() == pytest.approx(right)


def test_a_missing_probability_is_refused_by_the_schema() -> None:
    answers = predictions(DUAL)
    holed = answers.assign(p_hcm=answers["p_hcm"].where(answers.index != 4))
    with pytest.raises(TableError, match=r"row 6, column p_hcm"):
        tables.check(holed, table=tables.predictions("pathology"), where="predictions/dual.csv")


def test_of_tied_probabilities_the_first_class_is_called() -> None:
    answers = predictions(DUAL)
    third = answers.assign(p_normal=0.2, p_hcm=0.4, p_dcm=0.4)
    assert set(scored_from(third).answers["predicted"]) == {1}


def test_a_class_absent_from_a_fold_leaves_the_fold_its_accuracy() -> None:
    own = scored("dual", DUAL)
    some = own.answers[(own.answers["fold"] != 0) | (own.answers["truth"] != 2)]
    assert np.isfinite(replace(own, answers=some).fold_accuracies()).all()
    assert np.isfinite(replace(own, answers=some).fold_losses()).all()


def test_a_single_answer_is_scored() -> None:
    own = scored("dual", DUAL)
    one = replace(own, answers=own.answers.head(1))
    assert one.confusion(one.answers).sum() == len(one.patients) == 1


def test_the_double_split_is_one_fold() -> None:
    own = paper_params(held={"scheme": "paper_holdout"})
    held = scored_of("held", own.arms["held"], predictions=answers_of(own.arms["held"]))
    assert len(held.fold_accuracies()) == 1


def test_linked_patients_are_one_person() -> None:
    cines = study_tables()[0]
    one, other = list(dict.fromkeys(scored("dual", DUAL).answers["patient_id"]))[:2]
    links = pd.DataFrame({"patient": [one], "same_person_as": [other]})
    rows = predictions(DUAL).drop_duplicates("cine_id")
    own = answered(rows, arm=DUAL, cines=cines, labels=study_tables()[1], links=links)
    assert one not in set(own["patient_id"])
    assert other in set(own["patient_id"])
