"""Subgroups of cines."""

import re
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.evaluation.groups import NOT_GIVEN, age_tertiles, groupings, lack_of, lacking, scanners
from tests.cohort import cohort

CINES, LABELS = cohort(36)


def aged(ages: list[int | None]) -> pd.DataFrame:
    rows = [
        {"cine_id": f"c{number}", "patient_id": f"p{number}", "exam_order": 1, "age_years": age}
        for number, age in enumerate(ages)
    ]
    return pd.DataFrame(rows).astype({"age_years": "Int64"})


def test_ages_are_divided_into_thirds() -> None:
    assert age_tertiles(aged(list(range(20, 50)))).value_counts(sort=False).to_dict() == {
        "20 to 29 years": 10,
        "30 to 39 years": 10,
        "40 to 49 years": 10,
        NOT_GIVEN: 0,
    }


def test_equal_ages_stay_together() -> None:
    assert age_tertiles(aged([30] * 8 + [60])).unique().tolist() == ["30 years", "60 years"]


def test_a_patient_without_age_is_not_given() -> None:
    assert age_tertiles(aged([30, 40, 50, None])).tolist()[-1] == NOT_GIVEN


def test_a_patient_who_came_back_older_has_the_age_of_the_first_exam() -> None:
    cines = aged([30, 50, 70, 72]).assign(patient_id=["a", "b", "c", "c"], exam_order=[1, 1, 1, 2])
    assert age_tertiles(cines).tolist()[2:] == ["70 years", "70 years"]


def test_thirds_are_of_patients_and_not_of_cines() -> None:
    cines = aged([20] + [80] * 10 + [50]).assign(patient_id=["a"] + ["b"] * 10 + ["c"])
    assert sorted(age_tertiles(cines).unique()) == ["20 years", "50 years", "80 years"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(0, 90), min_size=1, max_size=40))
def test_bounds_of_thirds_do_not_overlap(ages: list[int]) -> None:
    names = [name for name in age_tertiles(aged(list(ages))).cat.categories if name != NOT_GIVEN]
    bounds = [[int(number) for number in re.findall(r"\d+", name)] for name in names]
    assert all(earlier[-1] < later[0] for earlier, later in pairwise(bounds))


def test_scanners_are_numbered_by_their_patients() -> None:
    codes = ["d-b"] * 3 + ["d-a"] * 1
    cines = aged([1, 2, 3, 4]).assign(scanner=codes, digest=list("1234"))
    assert scanners(cines).tolist() == ["scanner 1"] * 3 + ["scanner 2"]


def test_no_code_of_a_scanner_is_told() -> None:
    assert not groupings(CINES, labels=LABELS)["scanner"].astype(str).str.contains("d-").any()


def test_an_attribute_that_no_cine_has_is_lacking() -> None:
    groups = groupings(CINES, labels=LABELS)
    assert [name for name, values in groups.items() if lacking(values)] == [
        "sex",
        "age tertile",
        "post_contrast",
        "effusion",
        "typical",
    ]


def test_flags_of_the_sheet_are_yes_and_no() -> None:
    flags = [True, False, None] * len(LABELS)
    labels = LABELS.assign(effusion=pd.array(flags[: len(LABELS)], dtype="boolean"))
    assert groupings(CINES, labels=labels)["effusion"].tolist()[:3] == ["yes", "no", NOT_GIVEN]


@pytest.mark.parametrize(("attribute", "words"), [("effusion", "label sheet"), ("sex", "PatientSex")])
def test_what_is_lacking_can_be_added(attribute: str, words: str) -> None:
    assert words in lack_of(attribute)
