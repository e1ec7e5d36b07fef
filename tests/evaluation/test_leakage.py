"""The price of leakage, on answers whose price is known."""

import numpy as np
import pandas as pd
import pytest

from cinemyo import measures, schema
from cinemyo.evaluation.leakage import gap_rows, pairs_of, permuted_rows, tables
from cinemyo.evaluation.scoring import Scored
from tests.evaluation.example import params, scored
from tests.evaluation.leaky import answers
from tests.evaluation.made_up import evidence

OWN = params()
PLANTED = answers(patients=120, seed=1, accuracy=0.7, signature=0.6)


def test_made_up_answers_are_a_table_of_leakage() -> None:
    assert len(schema.check(PLANTED, table=measures.LEAKAGE, where="made up")) == len(PLANTED)


def rows(leakage: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(gap_rows(leakage, level=0.95)).set_index("cines_per_patient")


def test_a_planted_signature_is_found() -> None:
    row = rows(PLANTED).loc["all"]
    assert row["gap_low"] > 0.05
    assert row["gap"] == pytest.approx(row["accuracy_by_input"] - row["accuracy_by_patient"])


def test_patients_with_one_cine_pay_nothing() -> None:
    row = rows(PLANTED).loc["1"]
    assert row["gap_low"] < 0 < row["gap_high"]


def test_the_price_grows_with_the_cines_of_a_patient() -> None:
    own = rows(answers(patients=600, seed=1, accuracy=0.7, signature=0.6))
    assert own.loc["1", "gap"] < 0.05 < 0.1 < own.loc["2", "gap"] < own.loc["4 or more", "gap"]


def test_groups_divide_the_cines() -> None:
    own = rows(PLANTED)
    assert own.loc[["1", "2", "3", "4 or more"], "n"].sum() == own.loc["all", "n"]


def test_the_gap_is_the_mean_over_cines_of_each_one_s_gap_over_partitions() -> None:
    right = (PLANTED["truth"] == PLANTED["predicted"]).groupby([PLANTED["cine_id"], PLANTED["split"]]).mean().unstack()
    assert rows(PLANTED).loc["all", "gap"] == pytest.approx((right["by_input"] - right["by_patient"]).mean())


def test_a_cine_that_one_split_did_not_answer_is_left_out() -> None:
    first = PLANTED["cine_id"].iloc[0]
    some = PLANTED[~((PLANTED["cine_id"] == first) & (PLANTED["split"] == "by_input"))]
    assert first not in set(pairs_of(some)["cine_id"])


def test_partitions_that_hold_other_cines_count_alike() -> None:
    frame = answers(patients=30, seed=2, cines=2, accuracy=0.7)
    other = frame.assign(
        cine_id=frame["cine_id"].where(frame["partition"] != 4, frame["cine_id"].str.replace("c-", "d-"))
    )
    assert rows(other).loc["all", "gap"] == pytest.approx(rows(frame).loc["all", "gap"])
    assert rows(other).loc["all", "n"] == 60


def test_the_variance_over_partitions_stands_apart() -> None:
    shares = PLANTED.assign(right=PLANTED["truth"] == PLANTED["predicted"])
    table = shares.groupby(["partition", "split"])["right"].mean().unstack()
    spread = (table["by_input"] - table["by_patient"]).std(ddof=1)
    assert rows(PLANTED).loc["all", "partition_sd"] == pytest.approx(spread)


def test_a_missing_number_of_cines_is_named() -> None:
    own = rows(answers(patients=12, seed=1, cines=1))
    assert own.loc["3", "reason"] == "no patient with so many cines"


def test_a_single_patient_has_a_gap_and_no_interval() -> None:
    row = rows(answers(patients=1, seed=1, cines=3)).loc["all"]
    assert np.isnan(row["gap_low"])
    assert row["reason"] == "one patient: no interval"


def covered(*, patients: int, cines: int | None, accuracy: float, repetitions: int = 200) -> float:
    inside = 0
    for seed in range(repetitions):
        frame = answers(patients=patients, seed=seed, cines=cines, accuracy=accuracy)
        row = next(gap_rows(frame, level=0.95))
        inside += row["gap_low"] <= 0 <= row["gap_high"]
    return inside / repetitions


@pytest.mark.parametrize("patients", [20, 60])
@pytest.mark.parametrize("accuracy", [0.8, 0.95])
def test_the_interval_covers_nil_where_each_patient_has_one_cine(patients: int, accuracy: float) -> None:
    assert covered(patients=patients, cines=1, accuracy=accuracy) >= 0.93


def test_the_interval_covers_nil_without_a_signature() -> None:
    assert covered(patients=60, cines=None, accuracy=0.8) >= 0.93


def test_a_signature_is_found_nearly_always() -> None:
    found = 0
    for seed in range(40):
        frame = answers(patients=60, seed=seed, accuracy=0.7, signature=0.6)
        found += next(gap_rows(frame, level=0.95))["gap_low"] > 0
    assert found >= 36


def test_permuted_labels_stay_at_chance_by_patient() -> None:
    row = permuted_rows(answers(patients=90, seed=3, accuracy=1 / 3, variant="permuted"), level=0.95)[0]
    assert row["split"] == "by_patient"
    assert row["verdict"] == "at chance"
    assert row["chance_low"] <= row["accuracy"] <= row["chance_high"]


def test_permuted_labels_that_are_known_by_patient_are_above_chance() -> None:
    row = permuted_rows(answers(patients=90, seed=3, accuracy=0.9, variant="permuted"), level=0.95)[0]
    assert row["verdict"] == "above chance"


def test_patients_are_called_by_the_majority_of_their_cines() -> None:
    frame = answers(patients=30, seed=3, cines=3, accuracy=0.75, variant="permuted", partitions=1)
    own = frame[frame["split"] == "by_patient"]
    right = (own["truth"] == own["predicted"]).groupby(own["patient_id"]).sum()
    row = permuted_rows(frame, level=0.95)[0]
    assert (right >= 2).mean() <= row["accuracy"] <= (right >= 1).mean()


def test_tables_say_what_the_figures_are_made_with() -> None:
    note = tables(evidence(leakage=PLANTED))[0].note
    assert "gray values of a shrunken crop with a linear head, not the trained arms: 5 partitions" in note


def test_without_the_stage_two_tables_are_absent() -> None:
    assert [table.is_absent for table in tables(evidence())] == [True, True, True]


def test_without_permuted_labels_one_table_is_absent() -> None:
    assert [table.is_absent for table in tables(evidence(leakage=PLANTED))] == [False, True, True]


def test_every_row_says_that_by_input_is_leaky() -> None:
    frame = pd.concat([PLANTED, answers(patients=30, seed=3, variant="permuted")])
    for table in tables(evidence(leakage=frame))[:2]:
        assert table.rows["standing"].str.contains("leaky").all()


def twins(*, skill: float = 3.0) -> list[Scored]:
    dual, leaky = OWN.arms["dual"], OWN.arms["dual_by_input"]
    return [scored("dual", dual, skill=1.5), scored("dual_by_input", leaky, skill=skill)]


def test_a_trained_arm_is_compared_with_its_twin_by_input() -> None:
    own = tables(evidence(*twins()))[2].rows.set_index("cines_per_patient")
    assert own.loc["all", ["arm", "leaky_arm"]].tolist() == ["dual", "dual_by_input"]
    assert own.loc["all", "gap"] > 0
    assert own.loc["all", "n"] == len(twins()[0].answers)


def test_the_twin_s_accuracies_are_those_of_the_arms() -> None:
    honest, leaky = twins()
    row = tables(evidence(honest, leaky))[2].rows.iloc[0]
    own = leaky.answers[leaky.answers["cine_id"].isin(set(honest.answers["cine_id"]))]
    assert row["accuracy_by_patient"] == pytest.approx((honest.answers["truth"] == honest.answers["predicted"]).mean())
    assert row["accuracy_by_input"] == pytest.approx((own["truth"] == own["predicted"]).mean())


def test_another_arm_is_no_twin() -> None:
    systole = scored("systole", OWN.arms["systole"])
    assert tables(evidence(systole, twins()[1]))[2].is_absent
