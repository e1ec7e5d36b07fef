"""Persons under several numbers, and pathologies permuted between patients."""

import pandas as pd

from cinemyo.persons import LINKS, permuted, persons_of, read_links
from cinemyo.schema import from_rows
from tests.cohort import cohort, name

CINES, LABELS = cohort(60)


def by_patient(labels: pd.DataFrame) -> pd.Series:
    owned = labels.merge(CINES[["cine_id", "patient_id"]], on="cine_id").dropna(subset="pathology")
    return owned.groupby("patient_id")["pathology"].agg(lambda values: "/".join(sorted(set(values))))


def test_a_study_without_a_links_sheet_has_no_links() -> None:
    assert read_links(None) is None


def test_linked_numbers_are_one_person() -> None:
    one, other = name("p", 0), name("p", 1)
    links = from_rows([{"patient": one, "same_person_as": other}], table=LINKS)
    found = persons_of([one, other, name("p", 2)], links=links)
    assert found[one] == found[other] == other
    assert found[name("p", 2)] == name("p", 2)


def test_a_permutation_keeps_whole_patients_and_the_numbers_of_each_class() -> None:
    before, after = by_patient(LABELS), by_patient(permuted(LABELS, cines=CINES, seed=1))
    assert not after.str.contains("/").any()
    assert after.value_counts().to_dict() == before.value_counts().to_dict()
    assert (after != before).any()


def test_a_person_under_two_numbers_gets_one_pathology() -> None:
    links = from_rows([{"patient": name("p", 3), "same_person_as": name("p", 8)}], table=LINKS)
    drawn = [by_patient(permuted(LABELS, cines=CINES, seed=seed, links=links)) for seed in range(20)]
    assert all(after[name("p", 3)] == after[name("p", 8)] for after in drawn)
    alone = [by_patient(permuted(LABELS, cines=CINES, seed=seed)) for seed in range(20)]
    assert any(after[name("p", 3)] != after[name("p", 8)] for after in alone)


def test_a_sheet_without_links_changes_no_permutation() -> None:
    none = permuted(LABELS, cines=CINES, seed=1, links=from_rows([], table=LINKS))
    assert none.equals(permuted(LABELS, cines=CINES, seed=1))


def test_the_seed_alone_decides_a_permutation() -> None:
    drawn = [permuted(LABELS, cines=CINES, seed=seed)["pathology"].tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_pseudonyms_do_not_enter_a_permutation() -> None:
    cines, labels = cohort(60, key="other")
    moved = permuted(labels, cines=cines, seed=1).merge(cines[["cine_id", "digest"]], on="cine_id")
    here = permuted(LABELS, cines=CINES, seed=1).merge(CINES[["cine_id", "digest"]], on="cine_id")
    assert len(moved) == len(here)
    by_digest = here.set_index("digest")["pathology"]
    same = moved[moved["digest"].isin(by_digest.index)]
    assert len(same) == len(here)
    assert (same["pathology"] == same["digest"].map(by_digest)).all()


def test_cines_that_are_kept_away_decide_nothing_and_get_no_label() -> None:
    held = CINES[CINES["patient_id"] == name("p", 5)]["cine_id"]
    open_cines = CINES[~CINES["cine_id"].isin(held)]
    other = LABELS.assign(pathology=LABELS["pathology"].mask(LABELS["cine_id"].isin(held), "dcm"))
    first, second = (permuted(labels, cines=open_cines, seed=1) for labels in (LABELS, other))
    assert first["pathology"].equals(second["pathology"])
    assert first[first["cine_id"].isin(held)]["pathology"].isna().all()
