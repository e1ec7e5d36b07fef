"""The metadata-only model."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.metadata import answers_of, features, tables, told_by
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence

OWN = params()
SCORED = scored("dual", OWN.arms["dual"])
PATHOLOGY = study_tables()[1].set_index("cine_id")["pathology"]


def confounded() -> Evidence:
    """The age tells the pathology."""
    cines = study_tables()[0]
    ages = cines["cine_id"].map(PATHOLOGY).map({"normal": 30, "hcm": 50, "dcm": 70}) + np.arange(len(cines)) % 5
    return evidence(SCORED, cines=cines.assign(age_years=ages.astype("Int64")))


def rows(own: Evidence) -> pd.DataFrame:
    return tables(own)[0].rows.set_index("level")


def test_a_shortcut_is_found() -> None:
    own = rows(confounded())
    assert own.loc["patient", "metadata_accuracy"] == 1
    assert own.loc["patient", "gain_low"] > 0.4


def test_without_a_shortcut_the_metadata_are_no_better_than_chance() -> None:
    cines = study_tables()[0].assign(rows=64)
    labels = study_tables()[1].assign(view="short_axis")
    own = rows(evidence(SCORED, cines=cines, labels=labels))
    assert own.loc["patient", "gain_low"] <= 0


def test_the_difference_is_the_arm_less_the_metadata() -> None:
    own = rows(confounded())
    assert own["difference"].tolist() == pytest.approx((own["accuracy"] - own["metadata_accuracy"]).tolist())


def test_chance_is_the_largest_class() -> None:
    shares = SCORED.answers["truth"].value_counts(normalize=True)
    assert rows(evidence(SCORED)).loc["cine", "chance"] == pytest.approx(shares.max())


def test_patients_are_tested_and_cines_are_not() -> None:
    own = rows(evidence(SCORED))
    assert 0 <= own.loc["patient", "p"] <= 1
    assert "independent" in own.loc["cine", "reason"]


def test_labels_of_a_test_fold_do_not_reach_its_answers() -> None:
    own = confounded()
    first = SCORED.answers["fold"] == 0
    labels = own.labels.copy()
    held = labels["cine_id"].isin(SCORED.answers["cine_id"][first])
    labels.loc[held, "pathology"] = "dcm"
    columns = ["p_normal", "p_hcm", "p_dcm"]
    before = answers_of(SCORED, evidence=own)[columns][first]
    after = answers_of(SCORED, evidence=evidence(SCORED, cines=own.cines, labels=labels))[columns][first]
    pd.testing.assert_frame_equal(before, after)


def test_answers_keep_the_order_of_the_arm() -> None:
    told = answers_of(SCORED, evidence=evidence(SCORED))
    assert told["cine_id"].tolist() == SCORED.answers["cine_id"].tolist()
    assert told["truth"].tolist() == SCORED.answers["truth"].tolist()


def test_the_pathology_is_no_feature() -> None:
    assert "pathology" not in features(evidence(SCORED))


def test_the_share_annotated_by_hand_is_of_phases_centre_and_window() -> None:
    assert set(features(evidence(SCORED))["annotated_share"].round(6)) == {0.0, 0.333333}


def test_a_class_without_training_cines_is_never_called() -> None:
    known = features(evidence(SCORED))
    told = told_by(known[:40], truth=np.arange(40) % 2, tested=known[40:])
    assert (told[:, 2] == 0).all()
    assert told.sum(axis=1) == pytest.approx(1)


def test_of_one_class_alone_it_is_always_called() -> None:
    known = features(evidence(SCORED))
    assert told_by(known[:5], truth=np.ones(5, dtype=int), tested=known[5:7]).tolist() == [[0, 1, 0], [0, 1, 0]]


def test_numbers_that_nobody_gave_do_not_stop_the_model() -> None:
    own = evidence(SCORED)
    bare = evidence(SCORED, phases=own.phases.assign(systole_ms=pd.array([None] * len(own.phases), dtype="Float64")))
    assert rows(bare)["metadata_accuracy"].between(0, 1).all()


def test_a_view_that_training_did_not_have_counts_as_none() -> None:
    known = features(evidence(SCORED))
    other = known[:2].assign(view="five_chamber")
    assert told_by(known[:40], truth=np.arange(40) % 3, tested=other).sum(axis=1) == pytest.approx(1)


def test_twice_gives_the_same_bytes() -> None:
    assert tables(confounded())[0].csv() == tables(confounded())[0].csv()


def test_a_single_test_patient_is_named_as_too_few() -> None:
    alone = SCORED.answers[SCORED.answers["patient_id"] == SCORED.answers["patient_id"].iloc[0]]
    own = rows(evidence(Scored("dual", SCORED.arm, alone, 0.25)))
    assert own.loc["patient", "reason"] == "too few patients to find any difference"


def test_without_an_honest_arm_of_pathology_the_table_is_absent() -> None:
    assert tables(evidence(scored("view_dual", OWN.arms["view_dual"])))[0].is_absent
