"""The cohort by class."""

import numpy as np
import pandas as pd
import pytest

from cinemyo.evaluation.cohort_tests import chi_square
from cinemyo.evaluation.published import TABLE_1
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.table_1 import tables
from cinemyo.persons import LINKS
from cinemyo.schema import from_rows
from tests.evaluation.example import params, study_tables
from tests.evaluation.made_up import evidence, phases


def described(**changes: pd.DataFrame) -> ResultTable:
    return tables(evidence(**({"cines": with_people()} | changes)))[0]


def with_people() -> pd.DataFrame:
    """The made-up cines with a sex and an age of each patient."""
    cines = study_tables()[0]
    number = pd.factorize(cines["patient_id"])[0]
    sex = pd.Series(np.where(number % 3 == 0, "F", "M"), index=cines.index, dtype="str")
    return cines.assign(sex=sex, age_years=pd.Series(40 + number % 30, dtype="Int64"))


def block(own: ResultTable, name: str) -> pd.DataFrame:
    return own.rows[own.rows["characteristic"] == name]


@pytest.fixture(scope="module")
def found() -> ResultTable:
    return described()


def test_every_characteristic_of_the_paper_is_there(found: ResultTable) -> None:
    names = ["cohort", "cines per patient", "sex", "age, years", "view", "systolic time, ms", "scanner"]
    assert list(dict.fromkeys(found.rows["characteristic"])) == names


def test_patients_and_cines_add_up_to_the_cohort(found: ResultTable) -> None:
    cines, labels, _ = study_tables()
    row = block(found, "cohort").iloc[0]
    counts = labels["pathology"].value_counts()
    assert [row[f"{name}_cines"] for name in ("normal", "hcm", "dcm")] == [
        counts[name] for name in ("normal", "hcm", "dcm")
    ]
    assert row["all_patients"] == cines["patient_id"].nunique()


@pytest.mark.parametrize("name", ["sex", "view", "scanner"])
def test_categories_divide_the_cines(found: ResultTable, name: str) -> None:
    assert block(found, name)["all_cines"].sum() == len(study_tables()[0])


def test_sex_is_tested_on_patients_and_on_cines(found: ResultTable) -> None:
    rows = block(found, "sex")
    for unit in ("patients", "cines"):
        counts = rows[[f"{name}_{unit}" for name in ("normal", "hcm", "dcm")]].to_numpy(int)
        assert rows[f"p_{unit}"].iloc[0] == pytest.approx(chi_square(counts).p, rel=1e-3)


def test_a_patient_counts_once_in_each_view(found: ResultTable) -> None:
    rows = block(found, "view")
    assert (rows["all_patients"] <= rows["all_cines"]).all()
    assert (rows["p_patients"] > 0).all()


def test_the_table_says_which_p_is_right(found: ResultTable) -> None:
    assert "p_patients is the right one" in found.note


def test_unknown_sexes_have_a_row_that_enters_no_test() -> None:
    known = with_people()
    some = known.assign(sex=known["sex"].where(known["patient_id"] != known["patient_id"].iloc[0]))
    rows = block(described(cines=some), "sex")
    assert rows["category"].tolist() == ["F", "M", "not given"]
    counts = rows[["normal_cines", "hcm_cines", "dcm_cines"]].to_numpy(int)[:2]
    assert rows["p_cines"].iloc[0] == pytest.approx(chi_square(counts).p, rel=1e-3)


@pytest.mark.parametrize("name", ["sex", "age, years"])
def test_what_a_study_does_not_record_says_so(name: str) -> None:
    rows = block(described(cines=study_tables()[0]), name)
    assert rows["reason"].tolist() == ["not recorded in this study"]


def test_systolic_times_may_be_absent() -> None:
    cines = study_tables()[0]
    none = phases(cines).assign(systole_ms=pd.Series(pd.NA, index=range(len(cines)), dtype="Float64"))
    assert block(described(phases=none), "systolic time, ms")["reason"].tolist() == ["not recorded in this study"]


def test_one_scanner_alone_is_not_tested(found: ResultTable) -> None:
    assert block(found, "scanner")["reason"].tolist() == ["one category only"]


def test_one_class_alone_is_counted_and_not_tested() -> None:
    labels = study_tables()[1]
    own = described(labels=labels.assign(pathology=labels["pathology"].where(labels["pathology"] == "hcm")))
    assert set(block(own, "sex")["reason"]) == {"one class only"}
    assert set(block(own, "age, years")["reason"]) == {"fewer than two classes with two values"}


def test_one_view_alone_is_not_tested() -> None:
    labels = study_tables()[1]
    own = described(labels=labels.assign(view=pd.Series("short_axis", index=labels.index, dtype="str")))
    assert set(block(own, "view")["reason"]) == {"one category only"}


def test_a_cohort_without_views_says_so() -> None:
    labels = study_tables()[1]
    own = described(labels=labels.assign(view=pd.Series(None, index=labels.index, dtype="str")))
    assert block(own, "view")["reason"].tolist() == ["not recorded in this study"]


def test_the_papers_lines_stand_beside_ours_in_its_study_alone(found: ResultTable) -> None:
    own = tables(evidence(cines=with_people(), own=params(study="paper", synthetic=False)))[0]
    assert set(block(own, "age, years")["paper_hcm"]) == {TABLE_1["age"].hcm}
    assert set(block(own, "scanner")["paper_p"]) == {"none printed"}
    assert not any(column.startswith("paper") for column in found.rows.columns)


def test_a_very_small_p_does_not_end_as_nil() -> None:
    known = with_people()
    number = pd.factorize(known["patient_id"])[0]
    truth = known["cine_id"].map(study_tables()[1].set_index("cine_id")["pathology"])
    apart = known.assign(age_years=pd.Series(30 + 20 * (truth == "dcm") + number % 2, dtype="Int64"))
    row = block(described(cines=apart), "age, years").iloc[0]
    assert 0 < row["p_patients"] < 1e-12
    assert repr(row["p_patients"]) in described(cines=apart).csv().decode()


def test_linked_patients_are_counted_as_one() -> None:
    cines, labels, _ = study_tables()
    known = cines.merge(labels, on="cine_id")
    one, other = known.loc[known["pathology"] == "hcm", "patient_id"].unique()[:2]
    links = from_rows([{"patient": one, "same_person_as": other}], table=LINKS)
    alone, together = (
        block(tables(evidence(cines=with_people(), links=sheet))[0], "cohort").iloc[0] for sheet in (None, links)
    )
    assert together["hcm_patients"] == alone["hcm_patients"] - 1
    assert together["hcm_cines"] == alone["hcm_cines"]
