"""The cohort as a partition sees it."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from cinemyo.config import Split
from cinemyo.errors import SplitError
from cinemyo.splitting import assign
from cinemyo.trials.partitions import (
    PAPER_SHARES,
    Cohort,
    drawn,
    open_cohort,
    partition_seed,
    thinned,
    variants_of,
)
from tests.cohort import cohort, name

HONEST = Split(protocol="honest", folds=6, holdout_share=0.2, links=None)
PAPER = Split(protocol="paper", folds=6, holdout_share=0, links=None)


def opened(links: pd.DataFrame | None = None, *, relabel_held: bool = False) -> tuple[Cohort, set[str]]:
    """The open cohort of a study of 54 patients, and the held-out cines."""
    cines, labels = cohort(54)
    folds = assign(labels, cines=cines, split=HONEST, seed=7)
    held = set(folds["cine_id"][folds["part"] == "holdout"])
    if relabel_held:
        labels["pathology"] = labels["pathology"].mask(labels["cine_id"].isin(held), "dcm")
    found = open_cohort(cines, labels=labels, folds=folds, prepared=set(cines["cine_id"]), links=links)
    return found, held


def dense(patients: int, *, cines: int) -> Cohort:
    frame, labels = cohort(3)
    first = frame.iloc[0].to_dict()
    rows = [
        {
            **first,
            "cine_id": name("c", patient, order),
            "patient_id": name("p", patient),
            "digest": hashlib.sha256(f"{patient} {order}".encode()).hexdigest(),
        }
        for patient in range(patients)
        for order in range(cines)
    ]
    made = pd.DataFrame(rows)
    labels = pd.DataFrame({"cine_id": made["cine_id"], "pathology": "hcm", "view": "short_axis"})
    return Cohort(made, labels)


def test_the_holdout_is_not_in_the_open_cohort() -> None:
    found, held = opened()
    assert held
    assert not held & set(found.cines["cine_id"])
    assert set(found.cines["cine_id"]) == set(found.labels["cine_id"])


def test_labels_of_the_holdout_reach_nothing() -> None:
    one, other = opened()[0], opened(relabel_held=True)[0]
    for variant in ("all", "permuted"):
        pd.testing.assert_frame_equal(
            drawn(one, variant=variant, seed=3, partition=1).labels,  # type: ignore[arg-type]
            drawn(other, variant=variant, seed=3, partition=1).labels,  # type: ignore[arg-type]
        )


def test_unlabelled_and_unprepared_cines_are_left_out() -> None:
    cines, labels = cohort(54)
    labels.loc[0, "pathology"] = None
    folds = pd.DataFrame({"cine_id": [], "part": []})
    gone = {str(labels["cine_id"][0]), str(labels["cine_id"][1])}
    prepared = set(cines["cine_id"]) - {str(labels["cine_id"][1])}
    found = open_cohort(cines, labels=labels, folds=folds, prepared=prepared, links=None)
    assert set(cines["cine_id"]) - set(found.cines["cine_id"]) == gone


def test_a_study_without_open_cines_is_refused() -> None:
    cines, labels = cohort(6)
    folds = pd.DataFrame({"cine_id": cines["cine_id"], "part": "holdout"})
    with pytest.raises(SplitError, match="outside the hold-out"):
        open_cohort(cines, labels=labels, folds=folds, prepared=set(cines["cine_id"]), links=None)


@pytest.mark.parametrize("seed", range(5))
def test_linked_patients_are_one_person_and_never_on_two_sides(seed: int) -> None:
    # patients of the same class, so that nothing but the link keeps them together
    numbers = [name("p", 0), name("p", 3), name("p", 6)]
    links = pd.DataFrame({"patient": numbers[:2], "same_person_as": numbers[1:]})
    found, _ = opened(links)
    cines, _ = cohort(54)
    own = cines["patient_id"].isin(numbers) & cines["cine_id"].isin(set(found.cines["cine_id"]))
    persons = found.cines["patient_id"][found.cines["cine_id"].isin(set(cines["cine_id"][own]))]
    assert persons.nunique() == 1
    folds = assign(found.labels, cines=found.cines, split=PAPER, seed=seed)
    parts = folds["part"][(folds["scheme"] == "paper") & folds["cine_id"].isin(set(cines["cine_id"][own]))]
    assert parts.nunique() == 1


def test_a_cohort_is_thinned_where_the_middle_patient_has_more_than_two_cines() -> None:
    assert variants_of(dense(5, cines=2)) == ("all", "permuted")
    assert variants_of(dense(5, cines=3)) == ("all", "thinned", "permuted")


def test_patients_keep_one_to_six_cines_with_the_shares_of_the_paper() -> None:
    counts = thinned(dense(2000, cines=8), seed=2, partition=0).cines.groupby("patient_id").size()
    shares = counts.value_counts(normalize=True).sort_index()
    assert shares.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert shares.to_numpy() == pytest.approx(PAPER_SHARES, abs=0.03)
    assert counts.mean() == pytest.approx(2.25, abs=0.08)


def test_a_patient_who_has_few_cines_keeps_them() -> None:
    few = dense(50, cines=1)
    assert len(thinned(few, seed=2, partition=0).cines) == 50


def test_every_partition_draws_other_cines_and_keeps_their_number() -> None:
    whole = dense(60, cines=6)
    one, other = (thinned(whole, seed=2, partition=partition) for partition in (0, 1))
    assert set(one.cines["cine_id"]) != set(other.cines["cine_id"])
    pd.testing.assert_series_equal(*(each.cines.groupby("patient_id").size() for each in (one, other)))
    assert set(one.labels["cine_id"]) == set(one.cines["cine_id"])


def test_seeds_of_partitions_differ_and_come_again() -> None:
    seeds = [partition_seed(seed, partition=partition) for seed in (1, 2) for partition in range(20)]
    assert len(set(seeds)) == 40
    assert seeds[0] == partition_seed(1, partition=0)
    assert np.min(seeds) >= 0
