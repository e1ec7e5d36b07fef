"""Who is explained by which model, and whose cines it may borrow from."""

from cinemyo.config import Params
from cinemyo.explain.answers import Answer, answers_of, untrained
from cinemyo.layout import Layout
from tests.tiny_study import FOLDS, N, identifier, part_of

STUDY = tuple[Params, Layout]


def test_a_wrong_answer_wants_both_classes() -> None:
    assert Answer("c", 0, "hcm", "dcm", 0.9).classes == ("hcm", "dcm")


def test_each_labelled_test_cine_is_answered_once(tiny: STUDY) -> None:
    params, layout = tiny
    answers = answers_of(layout, name="dual", arm=params.arms["dual"])
    assert sorted(answer.cine_id for answer in answers) == sorted(
        identifier("c", index) for index in range(N) if part_of(index) != "holdout"
    )


def test_donors_are_cines_that_the_fold_did_not_train_on(tiny: STUDY) -> None:
    params, layout = tiny
    pools = untrained(layout, name="dual", arm=params.arms["dual"])
    for fold, truths in pools.items():
        parts = {part_of(index) for index in range(N) if identifier("c", index) in truths}
        assert parts == {str(fold), str((fold + 1) % FOLDS)}


def test_the_pool_knows_each_true_class(tiny: STUDY) -> None:
    params, layout = tiny
    answers = {answer.cine_id: answer for answer in answers_of(layout, name="dual", arm=params.arms["dual"])}
    pools = untrained(layout, name="dual", arm=params.arms["dual"])
    assert all(answers[cine].truth == truth for truths in pools.values() for cine, truth in truths.items())
