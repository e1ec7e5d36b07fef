"""Verdicts counted beside the paper's, on attention that is made up."""

from typing import Any

import pandas as pd
import pytest

from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.heat import METHODS, tables
from cinemyo.evaluation.intervals import clustered_share
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PHASES
from cinemyo.tables import ATTENTION, from_rows
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

HEAT = {
    "lv_share": 0.3,
    "heart_share": 0.4,
    "lv_concentration": 2.5,
    "heart_concentration": 2.0,
    "peak_in_heart": True,
    "centroid_distance_mm": 12.0,
    "code": "ok",
    "random_likeness": 0.1,
    "hotness": 1.0,
}


def attended(arm: Scored, **changes: Any) -> list[dict[str, Any]]:
    """Rows of an arm whose heat always lies in the heart; every fifth cine answers with its background."""
    rows = []
    for number, answer in enumerate(arm.answers.to_dict("records")):
        truth, said = arm.classes[answer["truth"]], arm.classes[answer["predicted"]]
        outside = number % 5 == 0
        own = {
            "arm": arm.name,
            "cine_id": answer["cine_id"],
            "fold": str(answer["fold"]),
            "cell_mm": 24.0,
            "heart_from": "mask",
            "gaussian_concentration": 2.2,
            "probability": 0.8,
            "kept_heart": 0.3 if outside else 0.7,
            "kept_background": 0.7 if outside else 0.3,
            "donors": 6,
            "verdict": "outside" if outside else "heart",
            **HEAT,
            **{f"activation_{key}": value for key, value in HEAT.items()},
        }
        for wanted in dict.fromkeys((truth, said)):
            facts = {"class": wanted, "is_true": wanted == truth, "is_predicted": wanted == said}
            rows += [own | facts | {"phase": phase} | changes for phase in PHASES]
    return rows


def attention(*rows: list[dict[str, Any]]) -> pd.DataFrame:
    return from_rows([row for own in rows for row in own], table=ATTENTION)


def found(evidence_of: Evidence) -> dict[str, ResultTable]:
    return {table.name: table for table in tables(evidence_of)}


@pytest.fixture(scope="module")
def dual() -> Scored:
    return scored("dual", params().arms["dual"])


@pytest.fixture(scope="module")
def made(dual: Scored) -> dict[str, ResultTable]:
    return found(evidence(dual, attention=attention(attended(dual))))


def of_arm(table: ResultTable, **wanted: str) -> pd.DataFrame:
    rows = table.rows[table.rows["arm"] == "dual"]
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def test_the_papers_count_by_eye_stands_first(made: dict[str, ResultTable]) -> None:
    rows = made["heat_verdicts"].rows.head(3)
    assert rows[["outside", "n"]].to_numpy().tolist() == [[19, 1178], [11, 22], [3, 22]]


def test_the_papers_count_has_an_exact_interval(made: dict[str, ResultTable]) -> None:
    wrong = made["heat_verdicts"].rows.iloc[1]
    # Clopper and Pearson of 11 in 22, as R's binom.test prints it
    assert (wrong["outside_low"], wrong["outside_high"]) == pytest.approx((0.2822, 0.7178), abs=5e-5)


def test_right_answers_are_counted_once_a_cine(made: dict[str, ResultTable], dual: Scored) -> None:
    (row,) = of_arm(made["heat_verdicts"], answer="right").to_dict("records")
    right = dual.answers["truth"] == dual.answers["predicted"]
    assert row["n"] == right.sum()
    assert row["outside"] == sum(good and number % 5 == 0 for number, good in enumerate(right))


def test_wrong_answers_have_a_row_per_map(made: dict[str, ResultTable]) -> None:
    rows = of_arm(made["heat_verdicts"], answer="wrong")
    assert rows["map"].tolist() == ["predicted class", "true class"]


def test_shares_have_intervals_by_patient(made: dict[str, ResultTable], dual: Scored) -> None:
    row = of_arm(made["heat_verdicts"], answer="right").iloc[0]
    right = dual.answers[dual.answers["truth"] == dual.answers["predicted"]]
    hits = (right.index % 5 == 0).astype(int)
    low, high = clustered_share(hits, clusters=right["patient_id"].to_numpy(object))
    assert (row["outside_low"], row["outside_high"]) == pytest.approx((low, high))


def test_maps_too_coarse_have_a_reason_and_no_share(dual: Scored) -> None:
    coarse = {"verdict": "too_coarse", "cell_mm": 48.0}
    rows = of_arm(found(evidence(dual, attention=attention(attended(dual, **coarse))))["heat_verdicts"])
    assert rows["outside_share"].isna().all()
    assert rows["reason"].str.startswith("cells of 48 mm").all()


def test_measures_are_by_phase_and_method(made: dict[str, ResultTable]) -> None:
    rows = of_arm(made["heat_measures"], answer="right")
    assert len(rows) == len(PHASES) * len(METHODS)


def test_measures_stand_beside_the_gaussian(made: dict[str, ResultTable]) -> None:
    row = of_arm(made["heat_measures"], answer="right").iloc[0]
    assert row[["concentration", "gaussian", "peak", "distance_mm"]].tolist() == pytest.approx([2.0, 2.2, 1.0, 12.0])


def test_maps_without_heat_are_counted_apart(dual: Scored) -> None:
    none = dict.fromkeys(HEAT) | {"code": "no_heat"}
    rows = of_arm(
        found(evidence(dual, attention=attention(attended(dual, **none))))["heat_measures"], method="Grad-CAM"
    )
    assert (rows["no_heat"] == rows["n"]).all()
    assert (rows["reason"] == "no map with heat").all()


def test_the_exchange_shows_what_is_lost(made: dict[str, ResultTable]) -> None:
    row = of_arm(made["heat_exchange"], answer="right").iloc[0]
    assert row["difference"] == pytest.approx(row["kept_heart"] - row["kept_background"])
    assert row["difference_low"] < row["difference"] < row["difference_high"]


def test_a_class_without_donors_is_named(dual: Scored) -> None:
    alone = {"kept_heart": None, "kept_background": None, "donors": 0}
    rows = of_arm(found(evidence(dual, attention=attention(attended(dual, **alone))))["heat_exchange"])
    assert set(rows["reason"]) == {"a class without donors"}


def test_random_weights_are_compared_cell_by_cell(made: dict[str, ResultTable]) -> None:
    assert of_arm(made["heat_random_weights"])["correlation"].tolist() == pytest.approx([0.1, 0.1])


def test_a_study_without_permuted_labels_says_so(made: dict[str, ResultTable]) -> None:
    assert of_arm(made["heat_permuted_labels"])["reason"].str.startswith("not part of this study: add").all()


def test_permuted_labels_are_compared_cine_by_cine(dual: Scored) -> None:
    arm = dual.arm.model_copy(update={"labels": "permuted"})
    twin = Scored("dual_permuted", arm, dual.answers, dual.test_share)
    rows = attention(attended(dual), attended(twin, heart_concentration=1.2))
    table = found(evidence(dual, twin, attention=rows))["heat_permuted_labels"]
    (row,) = of_arm(table, method="Grad-CAM").to_dict("records")
    assert (row["concentration"], row["of_twin"], row["difference"]) == pytest.approx((2.0, 1.2, 0.8))


def test_one_patient_has_no_interval_and_a_reason(dual: Scored) -> None:
    rows = attention(attended(dual))
    first = dual.answers["cine_id"][dual.answers["patient_id"] == dual.answers["patient_id"].iloc[0]]
    own = found(evidence(dual, attention=rows[rows["cine_id"].isin(first)]))["heat_exchange"].rows
    assert own["difference_low"].isna().all()
    assert (own["reason"] == "one patient: no interval").all()


def test_a_study_that_was_not_explained_says_what_it_lacks() -> None:
    assert all(table.is_absent for table in tables(evidence()))


def test_nothing_is_left_empty_without_a_reason(made: dict[str, ResultTable]) -> None:
    assert len(made) == 5
    assert all(len(table.csv()) for table in made.values())
