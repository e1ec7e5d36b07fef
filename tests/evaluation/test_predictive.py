"""Predictive values at stated prevalences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo import config
from cinemyo.config import Params
from cinemyo.evaluation.intervals import Interval, exact
from cinemyo.evaluation.metrics import per_class, predictive
from cinemyo.evaluation.predictive import intervals_of, tables
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

DUAL = scored("dual", params().arms["dual"], skill=1.5)


def at(**settings_: dict[str, float]) -> Params:
    values = params(dual={}).model_dump(mode="json")
    values["evaluate"]["prevalences"] = settings_
    return config.parse(values, where="example")


def rows_of(own: Params, *arms: Scored) -> pd.DataFrame:
    return tables(evidence(*(arms or (DUAL,)), own=own))[0].rows.set_index("class")


def test_at_the_cohorts_own_shares_they_are_those_of_its_matrix() -> None:
    matrix = DUAL.confusion(DUAL.patients)
    own = dict(zip(("normal", "hcm", "dcm"), matrix.sum(axis=1) / matrix.sum(), strict=True))
    rows = rows_of(at(own=own))
    expected = per_class(matrix)
    assert rows["ppv"].tolist() == pytest.approx([one.ppv for one in expected])
    assert rows["npv"].tolist() == pytest.approx([one.npv for one in expected])


def test_bayes_by_hand() -> None:
    shares = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]])
    positive, negative = predictive(shares, prevalence=np.array([0.98, 0.01, 0.01]))
    assert positive[1] == pytest.approx(0.008 / (0.008 + 0.098))
    assert negative[1] == pytest.approx((0.98 * 0.9 + 0.01) / (0.98 * 0.9 + 0.01 + 0.002))


def test_a_rare_disease_lowers_the_positive_value() -> None:
    even = rows_of(at(even={"normal": 0.34, "hcm": 0.33, "dcm": 0.33}))
    rare = rows_of(at(rare={"normal": 0.98, "hcm": 0.01, "dcm": 0.01}))
    assert rare.loc["dcm", "ppv"] < even.loc["dcm", "ppv"] / 2


def test_every_interval_holds_its_value() -> None:
    rows = rows_of(params(dual={}))
    for name in ("ppv", "npv"):
        assert ((rows[f"{name}_low"] <= rows[name]) & (rows[name] <= rows[f"{name}_high"])).all()


def test_no_false_alarm_seen_does_not_make_a_value_certain() -> None:
    perfect = replace(DUAL, answers=DUAL.answers.assign(predicted=DUAL.answers["truth"], **_certain()))
    rows = rows_of(at(rare={"normal": 0.98, "hcm": 0.01, "dcm": 0.01}), perfect)
    assert rows.loc["hcm", "ppv"] == 1
    assert rows.loc["hcm", "ppv_low"] < 0.3


def _certain() -> dict[str, np.ndarray]:
    truth = DUAL.answers["truth"].to_numpy(int)
    return {f"p_{name}": (truth == k).astype(float) for k, name in enumerate(DUAL.classes)}


def test_a_class_that_is_never_called_has_no_positive_value_and_says_so() -> None:
    answers = DUAL.answers.assign(**{f"p_{name}": float(name == "normal") for name in DUAL.classes}, predicted=0)
    rows = rows_of(params(dual={}), replace(DUAL, answers=answers))
    assert np.isnan(rows.loc["hcm", "ppv"])
    assert rows.loc["hcm", "reason"] == "no patient was called so"
    assert rows.loc["normal", "reason"] == "no patient was called otherwise"


def test_a_class_without_patients_has_no_value_where_it_occurs() -> None:
    rows = rows_of(params(dual={}), replace(DUAL, answers=DUAL.answers[DUAL.answers["truth"] != 2]))
    assert set(rows["reason"]) == {"no patient of dcm"}


def test_a_class_without_patients_does_no_harm_where_it_does_not_occur() -> None:
    rows = rows_of(at(two={"normal": 0.5, "hcm": 0.5}), replace(DUAL, answers=DUAL.answers[DUAL.answers["truth"] != 2]))
    assert rows.loc[["normal", "hcm"], "ppv"].between(0, 1).all()


def test_without_a_setting_there_is_no_value_and_it_says_so() -> None:
    own = tables(evidence(DUAL, own=at()))[0]
    assert own.rows["reason"].tolist() == ["not part of this study: add settings to evaluate.prevalences"]


def test_arms_of_views_have_no_value_and_say_so() -> None:
    view = scored("view_dual", params().arms["view_dual"])
    assert tables(evidence(view))[0].is_absent


@given(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.integers(0, 2))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_intervals_stay_between_0_and_1(called: list[int], index: int) -> None:
    ends = [exact(hits, total=30) for hits in called]
    found = intervals_of([hits / 30 for hits in called], ends=ends, prevalence=[0.7, 0.2, 0.1], index=index)
    assert all(0 <= own.low <= own.high <= 1 for own in found)


def test_the_intervals_cover() -> None:
    """At the prevalences of a referral the positive value of HCM lies within its 95 % interval as often as it says."""
    draw, n, covered, times = np.random.default_rng(0), 40, 0, 400
    prevalence, called = np.array([0.7, 0.15, 0.15]), np.array([0.04, 0.9, 0.03])
    truth = prevalence[1] * called[1] / (prevalence @ called)
    for _ in range(times):
        hits = draw.binomial(n, called)
        ends = [exact(int(one), total=n) for one in hits]
        found, _ = intervals_of((hits / n).tolist(), ends=ends, prevalence=prevalence.tolist(), index=1)
        covered += found.low <= truth <= found.high
    assert covered / times >= 0.93


def test_an_interval_of_nothing_is_everything() -> None:
    unknown = [Interval(0.0, 1.0)] * 3
    found, _ = intervals_of([0.0, 0.0, 0.0], ends=unknown, prevalence=[0.4, 0.3, 0.3], index=0)
    assert found == (0, 1)
