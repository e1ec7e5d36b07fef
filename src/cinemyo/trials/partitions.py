"""The cohort as each partition of the price of leakage sees it: whole, thinned, or with permuted labels."""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from cinemyo.errors import SplitError
from cinemyo.folds import HOLDOUT
from cinemyo.persons import permuted, persons_of

Variant = Literal["all", "thinned", "permuted"]

PAPER_SHARES: Final = (0.363, 0.282, 0.187, 0.100, 0.047, 0.021)
"""Shares of patients with one to six cines; fitted to the mean of 2.25 and sd of 1.28 of Germain 2021, §2.1."""
PAPER_MEDIAN: Final = 2
"""Cines of the middle patient by those shares."""


@dataclass(frozen=True)
class Cohort:
    """Cines (of which `patient_id` is the person) and their labels, all of them with a pathology and a canvas."""

    cines: pd.DataFrame
    labels: pd.DataFrame

    def kept(self, cine_ids: AbstractSet[str]) -> "Cohort":
        """The cohort of these cines alone."""
        return Cohort(*(frame[frame["cine_id"].isin(cine_ids)] for frame in (self.cines, self.labels)))


def open_cohort(
    cines: pd.DataFrame,
    *,
    labels: pd.DataFrame,
    folds: pd.DataFrame,
    prepared: AbstractSet[str],
    links: pd.DataFrame | None,
) -> Cohort:
    """The labelled and prepared cines outside the hold-out; linked patients are one person.

    Raises:
        SplitError: there is none.
    """
    held = set(folds["cine_id"][folds["part"] == HOLDOUT])
    labelled = set(labels["cine_id"][labels["pathology"].notna()])
    persons = cines["patient_id"].map(persons_of(cines["patient_id"].tolist(), links=links))
    cohort = Cohort(cines.assign(patient_id=persons), labels).kept((labelled & prepared) - held)
    if cohort.cines.empty:
        remedy = "complete the label sheet"
        raise SplitError("leakage", expected="labelled cines outside the hold-out", got="none", remedy=remedy)
    return cohort


def variants_of(cohort: Cohort) -> tuple[Variant, ...]:
    """What is tried of a cohort: `thinned` only where the middle patient has more cines than the paper's, two.

    A sparser cohort leaks no more than the paper's, and thinning it would leave too little to learn from.
    """
    middle = cohort.cines.groupby("patient_id").size().median()
    return ("all", "thinned", "permuted") if middle > PAPER_MEDIAN else ("all", "permuted")


def drawn(cohort: Cohort, *, variant: Variant, seed: int, partition: int) -> Cohort:
    """The cohort of a variant in one partition; draws hang on seed and pixel digests, never on pseudonyms."""
    if variant == "permuted":
        own = partition_seed(seed, partition=partition)
        return Cohort(cohort.cines, permuted(cohort.labels, cines=cohort.cines, seed=own))
    return cohort if variant == "all" else thinned(cohort, seed=seed, partition=partition)


def thinned(cohort: Cohort, *, seed: int, partition: int) -> Cohort:
    """One to six cines per patient with the paper's shares, or all of a patient who has no more.

    How many a patient keeps is drawn once, so that patients can be told apart by it; which ones, in every partition.

    Source: Germain 2021, §2.1
    """
    keys = [_uniform(str(seed), str(partition), digest) for digest in cohort.cines["digest"]]
    ordered = cohort.cines.assign(key=keys).sort_values(["key", "exam_order", "slice_number"], kind="stable")
    patients = ordered.groupby("patient_id", sort=False)
    limits = np.cumsum(PAPER_SHARES)
    limits[-1] = 1
    counts = {
        patient: int(np.searchsorted(limits, _uniform(str(seed), "count", digest), side="right")) + 1
        for patient, digest in patients["digest"].min().items()
    }
    kept = patients.cumcount() < ordered["patient_id"].map(counts)
    return cohort.kept(set(ordered["cine_id"][kept]))


def partition_seed(seed: int, *, partition: int) -> int:
    """The seed of a partition: of the 64 bits that hang on the study's seed and the partition's number."""
    return int(_uniform(str(seed), "partition", str(partition)) * 2**53)


def _uniform(*words: str) -> float:
    """A number in [0, 1) that hangs on the words alone."""
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
