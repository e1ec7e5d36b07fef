"""The list of misclassified cines."""

import pandas as pd

from cinemyo.evaluation.cases import misclassified
from tests.evaluation.example import params, scored, study_tables

OWN = scored("dual", params().arms["dual"], skill=1.0)


def flags(*, review: bool) -> pd.DataFrame:
    return study_tables()[0][["cine_id"]].assign(review=review)


def listed() -> pd.DataFrame:
    return misclassified(OWN, regions=flags(review=True), phases=flags(review=False))


def test_every_error_is_listed_once() -> None:
    wrong = OWN.answers["cine_id"][OWN.answers["truth"] != OWN.answers["predicted"]]
    assert sorted(listed()["cine_id"]) == sorted(wrong)


def test_truth_and_call_differ_and_are_named() -> None:
    assert (listed()["truth"] != listed()["predicted"]).all()
    assert set(listed()["truth"]) <= {"normal", "hcm", "dcm"}


def test_the_most_confident_error_is_first() -> None:
    confidence = listed()[["p_normal", "p_hcm", "p_dcm"]].max(axis=1)
    assert confidence.is_monotonic_decreasing


def test_review_flags_of_the_preparation_are_shown() -> None:
    assert listed()["region_review"].all()
    assert not listed()["phase_review"].any()


def test_no_patient_stands_in_the_list() -> None:
    assert not set(listed().columns) & {"patient_id", "exam_id"}
