"""Differences between arms, tests, what they could have found, and verdicts on a margin."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cinemyo import config
from cinemyo.config import Params
from cinemyo.evaluation.comparison import detectable_difference, holm
from cinemyo.evaluation.contrast import TESTS, adjusted, contrasts, detectable_mean, margin_note
from cinemyo.evaluation.result import ResultTable
from tests.evaluation.example import params, scored
from tests.evaluation.paper_study import paper_evidence, paper_params

OWN = params()


def with_margin(value: float = 0.1) -> Params:
    values = OWN.model_dump(mode="json")
    values["study"]["margin"] = {"value": value, "reason": "ten points would not change a referral"}
    return config.parse(values, where="example")


def rows(own: Params = OWN, *, skill: float = 1.0, other: float = 3.0) -> pd.DataFrame:
    single, dual = scored("diastole", own.arms["diastole"], skill=skill), scored("dual", own.arms["dual"], skill=other)
    return pd.DataFrame(contrasts(single, reference=dual, params=own)).set_index("measure")


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return rows()


def test_every_measure_has_a_row(found: pd.DataFrame) -> None:
    assert list(found.index) == list(TESTS)


def test_a_difference_is_the_arm_less_its_reference(found: pd.DataFrame) -> None:
    assert found.loc["accuracy by patient", "difference"] < 0
    assert found.loc["loss by fold", "difference"] > 0


def test_an_interval_holds_its_difference(found: pd.DataFrame) -> None:
    assert ((found["low"] <= found["difference"]) & (found["difference"] <= found["high"])).all()


def test_the_interval_over_folds_and_its_p_agree() -> None:
    """At p = 0.05 an end of the 95 % interval is nil: both are of the same corrected t."""
    own = rows(skill=2.6).loc["accuracy by fold"]
    assert (own["p"] < 0.05) == (own["high"] < 0 or own["low"] > 0)


def test_what_mcnemar_could_have_found_stands_beside_it(found: pd.DataFrame) -> None:
    own = params()
    pair = [scored(name, own.arms[name], skill=skill).patients for name, skill in (("diastole", 1.0), ("dual", 3.0))]
    discordant = ((pair[0]["truth"] == pair[0]["predicted"]) != (pair[1]["truth"] == pair[1]["predicted"])).mean()
    expected = detectable_difference(len(pair[0]), float(discordant))
    assert found.loc["accuracy by patient", "detectable"] == pytest.approx(expected)


def test_what_a_t_could_have_found_is_found_that_often() -> None:
    """A t test of true mean `detectable` is significant in 80 % of draws, to the accuracy of the usual sum."""
    folds, sd = 6, 0.02
    mean = detectable_mean(sd, folds=folds, test_share=0.0)
    shift = mean / (sd / np.sqrt(folds))
    critical = stats.t.ppf(0.975, folds - 1)
    assert stats.nct.sf(critical, folds - 1, shift) == pytest.approx(0.8, abs=0.04)


def test_shared_training_makes_less_detectable() -> None:
    assert detectable_mean(0.02, folds=6, test_share=0.2) > detectable_mean(0.02, folds=6, test_share=0.0)


def test_without_a_margin_nothing_is_claimed(found: pd.DataFrame) -> None:
    assert not {"equivalence", "non_inferiority"} & set(found.columns)
    assert "margin" not in margin_note(OWN)


def test_with_a_margin_each_row_has_a_verdict() -> None:
    own = rows(with_margin())
    verdicts = own.loc["accuracy by patient", ["equivalence", "non_inferiority"]]
    assert all(word.startswith("not powered: needs") or word == "not shown" for word in verdicts)
    assert (own.drop(index="accuracy by patient")["equivalence"] == "claimed by patient alone").all()


def test_an_arm_is_equivalent_to_its_equal() -> None:
    own = rows(with_margin(0.4), skill=3.0, other=3.0).loc["accuracy by patient"]
    assert (own["equivalence"], own["non_inferiority"]) == ("equivalent", "non-inferior")


def test_the_margin_is_printed_with_its_reason() -> None:
    assert "0.1 was fixed before any fit: ten points would not change a referral" in margin_note(with_margin())


def test_equal_arms_say_why_nothing_could_be_found() -> None:
    own = rows(skill=3.0, other=3.0)
    assert own.loc["accuracy by fold", "reason"] == "the folds do not differ: no spread to tell what could be found"
    assert own.loc["accuracy by patient", "detectable"] < 0.2


def test_few_patients_say_that_nothing_could_be_found() -> None:
    pair = [scored(name, OWN.arms[name]) for name in ("diastole", "dual")]
    few, others = (replace(own, answers=own.answers.head(4)) for own in pair)
    own = pd.DataFrame(contrasts(few, reference=others, params=OWN)).set_index("measure").loc["accuracy by patient"]
    assert np.isnan(own["detectable"])
    assert own["reason"] == "too few patients for McNemar's test to find any difference"


def test_the_rows_make_a_table_without_silent_gaps(found: pd.DataFrame) -> None:
    assert not ResultTable("tests", "Tests", adjusted(found.reset_index())).is_absent


def test_holm_adjusts_within_a_target_and_measure() -> None:
    frame = pd.DataFrame(
        {
            "target": ["pathology"] * 3 + ["view"],
            "measure": ["a", "a", "b", "a"],
            "p": [0.02, 0.03, 0.04, np.nan],
        }
    )
    own = adjusted(frame)["p_holm"]
    assert own[:2].tolist() == pytest.approx(holm([0.02, 0.03]))
    assert own[2] == pytest.approx(0.04)
    assert np.isnan(own[3])


def test_arms_of_other_cines_have_rows_that_say_so() -> None:
    leaky, dual = scored("dual_by_input", OWN.arms["dual_by_input"]), scored("dual", OWN.arms["dual"])
    own = pd.DataFrame(contrasts(leaky, reference=dual, params=OWN))
    assert own["reason"].str.startswith("not paired with dual").all()


def test_a_view_has_no_row_by_patient_without_a_reason() -> None:
    arm: Any = scored("view_dual", OWN.arms["view_dual"])
    own = pd.DataFrame(contrasts(arm, reference=arm, params=OWN)).set_index("measure")
    assert own.loc["accuracy by patient", "reason"] == "a view is the cine's: no figure by patient"


def test_one_fold_is_compared_by_patient_and_not_over_folds() -> None:
    own = paper_params(
        study="demo", dual={"scheme": "paper_holdout"}, systole={"scheme": "paper_holdout", "phases": ["systole"]}
    )
    dual, systole = paper_evidence(own, skills={"dual": 3.0, "systole": 0.5}).arms
    found = pd.DataFrame(contrasts(systole, reference=dual, params=own)).set_index("measure")
    assert found.loc["accuracy by fold", "reason"] == "one fold: no spread over folds"
    assert 0 <= found.loc["accuracy by patient", "p"] <= 1
