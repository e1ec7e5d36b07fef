"""Simulated readers with known error rates are found to have them."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cinemyo import sheets
from cinemyo.errors import TableError
from cinemyo.evaluation.panel import NONE, majority, panel_of
from cinemyo.evaluation.readers import error_rows, tables
from cinemyo.evaluation.result import ResultTable
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import empty, evidence
from tests.evaluation.reading_panel import DUAL, called, lone_panel, sheet, study, three


def by_name(
    readers: pd.DataFrame, *, reference: str = "labeller", margin: float | None = None
) -> dict[str, ResultTable]:
    return {table.name: table for table in tables(study(readers, reference=reference, margin=margin))}


def rows(name: str, readers: pd.DataFrame | None = None, **changes: Any) -> pd.DataFrame:
    return by_name(three() if readers is None else readers, **changes)[name].rows


def one() -> pd.DataFrame:
    return three().query("reader == 'reader_1'").reset_index(drop=True)


def test_errors_of_a_reader_are_counted() -> None:
    labels = study_tables()[1].set_index("cine_id")["pathology"]
    own = three().query("reader == 'reader_3' and reading == 1")
    wrong = int((own["pathology"] != own["cine_id"].map(labels)).sum())
    assert rows("readers").query("reader == 'reader_3' and reading == 1")["errors"].tolist() == [wrong]


def test_the_model_is_counted_on_exactly_the_same_cines() -> None:
    few = one().head(20)
    answers = DUAL.answers[DUAL.answers["cine_id"].isin(few["cine_id"])]
    found = rows("readers", few).iloc[0]
    assert found["n"] == len(answers)
    assert found["model_errors"] == int((answers["truth"] != answers["predicted"]).sum())


def test_rereadings_are_rows_of_their_own() -> None:
    assert rows("readers")["reading"].tolist() == [1, 2] * 3


@pytest.mark.parametrize("together", [0.0, 0.5])
@pytest.mark.parametrize("rate", [0.03, 0.2])
def test_known_error_rates_lie_within_their_intervals(rate: float, together: float) -> None:
    draw, covered = np.random.default_rng(11), 0
    patient = pd.factorize(DUAL.answers["patient_id"])[0]
    truth = DUAL.answers["truth"].to_numpy(int)
    for _ in range(1000):
        alike = (draw.random(patient.max() + 1) < together)[patient]
        fate = np.where(alike, draw.random(patient.max() + 1)[patient], draw.random(len(patient)))
        panel = lone_panel(called(truth, wrong=fate < rate, draw=draw))
        found = next(error_rows(panel, level=0.95))
        covered += found["error_share_low"] <= rate <= found["error_share_high"]
    assert covered / 1000 >= 0.93


def test_an_inferior_reader_is_found() -> None:
    found = rows("readers").query("reader == 'reader_3' and reading == 1").iloc[0]
    assert found["model_gain_low"] > 0


def test_a_reader_like_the_model_is_not_called_inferior() -> None:
    readers = sheet(
        {"reader_1": float((DUAL.answers["truth"] != DUAL.answers["predicted"]).mean())}, draw=np.random.default_rng(2)
    )
    found = rows("readers", readers).iloc[0]
    assert found["model_gain_low"] < 0 < found["model_gain_high"]


def test_the_majority_leaves_ties_out() -> None:
    calls = np.array([[0, 0, 1], [0, 1, 2], [2, NONE, NONE], [NONE, NONE, NONE]])
    assert majority(calls).tolist() == [0, NONE, 2, NONE]


def test_an_independent_reference_is_that_of_the_others() -> None:
    panel = panel_of(study(three(), reference="independent"), model=DUAL)
    others = panel.calls[["reader_2", "reader_3"]].to_numpy()
    assert (panel.reference(without=["reader_1"]) == majority(others)).all()


def test_a_consensus_counts_every_reader() -> None:
    panel = panel_of(study(three(), reference="consensus"), model=DUAL)
    assert (panel.reference(without=["reader_1"]) == majority(panel.calls.to_numpy())).all()


def test_ties_are_left_out_and_counted() -> None:
    found = rows("readers", reference="independent").query("reader == 'reader_1' and reading == 1").iloc[0]
    assert found["without_reference"] > 0
    assert found["n"] + found["without_reference"] == len(DUAL.answers)


def test_the_reference_is_named() -> None:
    assert rows("readers", reference="consensus")["reference"].unique().tolist() == ["consensus"]
    assert "majority of all readers" in by_name(three(), reference="consensus")["readers"].note


def test_a_reader_agrees_with_himself_as_often_as_counted() -> None:
    own = three().query("reader == 'reader_3'").pivot(index="cine_id", columns="reading", values="pathology").dropna()
    found = rows("readers_rereading").query("reader == 'reader_3'").iloc[0]
    assert [found["n"], found["agreed"]] == [len(own), int((own[1] == own[2]).sum())]


def test_a_reader_without_rereadings_says_so() -> None:
    single = three().query("reading == 1").reset_index(drop=True)
    assert set(rows("readers_rereading", single)["reason"]) == {"no rereadings"}


def test_shared_errors_are_counted_for_every_two() -> None:
    found = rows("readers_shared_errors")
    assert len(found) == 6
    wrong = {
        reader: set(
            own["cine_id"][own["pathology"] != own["cine_id"].map(study_tables()[1].set_index("cine_id")["pathology"])]
        )
        for reader, own in three().query("reading == 1").groupby("reader")
    }
    pair = found.query("first == 'reader_1' and second == 'reader_3'").iloc[0]
    assert pair["shared"] == len(wrong["reader_1"] & wrong["reader_3"])


def test_errors_that_readers_copy_exceed_those_of_chance() -> None:
    copied = pd.concat([one(), one().assign(reader="reader_2")], ignore_index=True)
    pair = rows("readers_shared_errors", copied).query("first == 'reader_1'").iloc[0]
    assert pair["shared"] == pair["same_class"] == pair["first_errors"] > 4 * pair["expected"]


def test_two_readers_have_no_independent_reference_for_what_they_share() -> None:
    two = three().query("reader != 'reader_3'").reset_index(drop=True)
    found = rows("readers_shared_errors", two, reference="independent").query("first == 'reader_1'").iloc[0]
    assert found["reason"] == "no third reader to be the reference"


def test_kappas_stand_between_readers_model_and_reference() -> None:
    found = rows("readers_kappa", one())
    expected = ["another reader", "model dual", "reference (labeller)", "reference (labeller)"]
    assert found["second"].tolist() == expected


def test_fleiss_kappa_stands_with_and_without_the_model() -> None:
    assert rows("readers_fleiss")["n_raters"].tolist() == [3, 4]


@pytest.mark.parametrize("name", ["readers_shared_errors", "readers_kappa", "readers_fleiss"])
def test_one_reader_alone_is_named(name: str) -> None:
    assert rows(name, one())["reason"].str.contains("one reader only").any()


def test_one_reader_alone_has_no_independent_reference() -> None:
    assert rows("readers", one(), reference="independent")["reason"].str.contains("one reader only").all()


def test_without_a_margin_nothing_is_claimed() -> None:
    assert rows("readers_non_inferiority")["reason"].str.startswith("no claim").all()


def test_with_a_wide_margin_the_model_is_no_worse_than_the_inferior_reader() -> None:
    found = rows("readers_non_inferiority", margin=0.05).query("reader == 'reader_3'").iloc[0]
    assert found["verdict"] == "non-inferior"


def test_too_few_patients_for_a_margin_are_named() -> None:
    found = rows("readers_non_inferiority", one(), margin=0.01).iloc[0]
    assert found["verdict"].startswith("not powered: needs ")


def test_a_tie_of_a_reader_counts_for_the_reader() -> None:
    both = DUAL.answers.groupby("patient_id").filter(lambda own: len(own) == 2)
    truth = [PATHOLOGIES[k] for k in both["truth"]]
    other = [PATHOLOGIES[(k + 1) % 3] for k in both["truth"]]
    calls = [truth[k] if first else other[k] for k, first in enumerate(~both["patient_id"].duplicated())]
    given = {"cine_id": both["cine_id"], "reader": "reader_1", "reading": 1, "pathology": calls, "confidence": None}
    readers = pd.DataFrame(given).astype({"reading": "Int64"}).reset_index(drop=True)
    assert rows("readers_non_inferiority", readers)["reader_accuracy"].tolist() == [1.0]


def test_without_a_sheet_every_table_says_what_it_needs() -> None:
    found = tables(evidence(DUAL))
    assert len(found) == 6
    assert all("cinemyo readers export" in table.rows["reason"].iloc[0] for table in found)


def test_without_an_arm_of_pathology_every_table_says_so() -> None:
    view = scored("view_dual", params().arms["view_dual"])
    own = params(view_dual={"target": "view"})
    found = tables(evidence(view, own=own, readers=three()))
    assert all("arm of target pathology" in table.rows["reason"].iloc[0] for table in found)


def test_a_cine_of_another_study_is_refused() -> None:
    foreign = three().head(2).assign(cine_id=["c-" + "a" * 16, "c-" + "b" * 16])
    with pytest.raises(TableError, match="cines of the study"):
        tables(study(foreign))


def test_cines_that_the_model_did_not_answer_are_counted() -> None:
    held = sorted(set(study_tables()[0]["cine_id"]) - set(DUAL.answers["cine_id"]))[0]
    readers = pd.concat([one(), one().head(1).assign(cine_id=held)], ignore_index=True)
    assert "1 cines were read that dual did not answer" in by_name(readers)["readers"].note


def test_a_linked_person_is_one_patient() -> None:
    merged = DUAL.answers.assign(patient_id="p")
    own = dataclasses.replace(DUAL, answers=merged)
    found = tables(evidence(own, readers=one()))[0].rows.iloc[0]
    assert found["n_patients"] == 1


def test_a_single_cine_leaves_no_gap_without_a_reason() -> None:
    found = by_name(one().head(1), margin=0.05)
    assert all(len(table.rows) for table in found.values())


def test_no_rows_of_a_sheet_are_an_absent_table() -> None:
    assert all(table.is_absent for table in tables(study(empty(sheets.READERS))))
