"""Figures of every arm by cine and by patient."""

from dataclasses import replace

import pandas as pd
import pytest

from cinemyo.evaluation.by_arm import figures_of, tables
from cinemyo.evaluation.intervals import clustered_share
from cinemyo.evaluation.metrics import balanced_accuracy, macro_f1
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

OWN = params()
DUAL = scored("dual", OWN.arms["dual"], skill=1.5)


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    view = scored("view_dual", OWN.arms["view_dual"])
    return tables(evidence(DUAL, view, own=OWN))[0].rows.set_index(["arm", "level"])


def test_an_arm_of_pathology_has_both_levels_and_one_of_views_its_cines(found: pd.DataFrame) -> None:
    assert list(found.index) == [("dual", "patient"), ("dual", "cine"), ("view_dual", "cine")]


def test_figures_are_those_of_the_matrix(found: pd.DataFrame) -> None:
    matrix = DUAL.confusion(DUAL.patients)
    row = found.loc[("dual", "patient")]
    assert row["balanced_accuracy"] == pytest.approx(balanced_accuracy(matrix))
    assert row["macro_f1"] == pytest.approx(macro_f1(matrix))
    assert row["largest_class"] == pytest.approx(matrix.sum(axis=1).max() / matrix.sum())


def test_the_interval_of_the_accuracy_is_that_of_patients(found: pd.DataFrame) -> None:
    hits = (DUAL.answers["truth"] == DUAL.answers["predicted"]).to_numpy(int)
    expected = clustered_share(hits, clusters=DUAL.answers["patient_id"].to_numpy(object))
    assert found.loc[("dual", "cine"), ["accuracy_low", "accuracy_high"]].tolist() == pytest.approx(list(expected))


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_every_interval_holds_its_figure(found: pd.DataFrame, name: str) -> None:
    assert ((found[f"{name}_low"] <= found[name]) & (found[name] <= found[f"{name}_high"])).all()


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_the_bootstrap_stands_beside(found: pd.DataFrame, name: str) -> None:
    own = found.loc["dual"]
    assert ((own[f"{name}_bca_low"] < own[name]) & (own[name] < own[f"{name}_bca_high"])).all()


def test_answers_without_an_error_keep_a_width() -> None:
    perfect = replace(DUAL, answers=DUAL.answers.assign(predicted=DUAL.answers["truth"]))
    own = figures_of(perfect, rows=perfect.answers, evaluate=OWN.evaluate, seed=3)
    assert own["accuracy_low"] < 0.97
    assert own["macro_f1_low"] < 0.97
    assert own["macro_f1_bca_low"] == 1


def test_a_single_patient_has_figures_and_wide_intervals() -> None:
    one = DUAL.answers.head(1)
    own = figures_of(replace(DUAL, answers=one), rows=one, evaluate=OWN.evaluate, seed=3)
    assert (own["n"], own["n_patients"]) == (1, 1)
    assert own["accuracy_high"] - own["accuracy_low"] > 0.9


def test_draws_hang_on_the_seed_and_the_arm_alone() -> None:
    one, two = (figures_of(DUAL, rows=DUAL.answers, evaluate=OWN.evaluate, seed=3) for _ in range(2))
    assert one == two
