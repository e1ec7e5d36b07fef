"""The split of one fold, a type that cannot leak, and the checks of a table of folds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, Self

import pandas as pd

from cinemyo.errors import SplitError
from cinemyo.labels import LEAKY_SCHEMES, Scheme
from cinemyo.persons import persons_of

HOLDOUT: Final = "holdout"
"""The part that belongs to no fold."""

_REMEDY = "remove folds.csv and run the stage split again"


@dataclass(frozen=True)
class FoldSplit:
    """Cines of one fold: for training, for choices (validation), for the reported figures (test).

    It cannot exist with a patient, or one set of pixels, on two sides. The scheme by input is leaky by definition:
    there the patients may meet, the cines and their pixels may not.

    Raises:
        SplitError: sides overlap, or a side is empty that must not be.

    Source: Germain 2021, §2.4
    Departs from §2.4: by patient, where the paper's folds are by input.
    """

    scheme: Scheme
    fold: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    patients: Mapping[str, str] = field(repr=False)
    """Patient of each cine."""
    digests: Mapping[str, str] = field(repr=False)
    """Digest of the pixels of each cine."""

    def __post_init__(self) -> None:
        where = f"scheme {self.scheme}, fold {self.fold}"
        for name, cines in self._sides().items():
            if not cines and (name != "validation" or self.scheme == "honest"):
                raise SplitError(where, expected=f"cines in {name}", got="none", remedy="lower split.folds")
            unknown = [cine for cine in cines if cine not in self.patients or cine not in self.digests]
            if unknown:
                raise SplitError(where, expected="cines of cines.csv", got=_some(unknown), remedy=_REMEDY)
        for one, other in combinations(self._sides(), 2):
            self._refuse_overlap(one, other, where=where)

    def _sides(self) -> dict[str, tuple[str, ...]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def _refuse_overlap(self, one: str, other: str, *, where: str) -> None:
        left, right = self._sides()[one], self._sides()[other]
        shared = {"cine": set(left) & set(right), "pixels of": self._same_pixels(left, right)}
        if self.scheme not in LEAKY_SCHEMES:
            shared["patient"] = {self.patients[cine] for cine in left} & {self.patients[cine] for cine in right}
        for what, names in shared.items():
            if names:
                expected = f"no {what.removesuffix(' of')} in both {one} and {other}"
                raise SplitError(where, expected=expected, got=f"{what} {_some(names)} in both", remedy=_REMEDY)

    def _same_pixels(self, left: Iterable[str], right: Iterable[str]) -> set[str]:
        digests = {self.digests[cine] for cine in left}
        return {cine for cine in right if self.digests[cine] in digests}

    @classmethod
    def of(cls, sides: Mapping[str, tuple[str, ...]], *, scheme: Scheme, fold: int, cines: pd.DataFrame) -> Self:
        """The split whose patients and digests are those of `cines.csv`."""
        patients = dict(zip(cines["cine_id"].tolist(), cines["patient_id"].tolist(), strict=True))
        digests = dict(zip(cines["cine_id"].tolist(), cines["digest"].tolist(), strict=True))
        return cls(scheme, fold, sides["train"], sides["validation"], sides["test"], patients, digests)


@dataclass(frozen=True)
class Unseen:
    """Cines of another cohort, none of which any fold of a study can have seen.

    It cannot exist with a person, or one set of pixels, that is in the study too, whatever their part there.

    Raises:
        SplitError: a person or pixels of both cohorts.
    """

    cines: tuple[str, ...]
    persons: Mapping[str, str] = field(repr=False)
    """Person of each cine."""
    digests: Mapping[str, str] = field(repr=False)
    """Digest of the pixels of each cine."""
    study_persons: frozenset[str] = field(repr=False)
    study_digests: frozenset[str] = field(repr=False)

    def __post_init__(self) -> None:
        seen = {
            "patient": {self.persons[cine] for cine in self.cines} & self.study_persons,
            "pixels of": {cine for cine in self.cines if self.digests[cine] in self.study_digests},
        }
        for what, names in seen.items():
            if names:
                expected = f"no {what.removesuffix(' of')} of the study"
                remedy = "take them out of the supplementary cohort's folder and sheet"
                raise SplitError("supplementary cohort", expected=expected, got=f"{what} {_some(names)}", remedy=remedy)

    @classmethod
    def of(cls, cines: pd.DataFrame, *, study: pd.DataFrame, links: pd.DataFrame | None) -> Self:
        """The cohort of one `cines.csv` beside that of the study; linked patient numbers are one person."""
        person = persons_of([*cines["patient_id"], *study["patient_id"]], links=links)
        return cls(
            tuple(cines["cine_id"]),
            dict(zip(cines["cine_id"], cines["patient_id"].map(person), strict=True)),
            dict(zip(cines["cine_id"], cines["digest"], strict=True)),
            frozenset(study["patient_id"].map(person)),
            frozenset(study["digest"]),
        )


def split_of(folds: pd.DataFrame, *, scheme: Scheme, fold: int, cines: pd.DataFrame) -> FoldSplit:
    """The split of fold k: test is part k; of scheme honest, validation is part k + 1 and training the other parts.

    The schemes of the paper select nothing, so their validation is empty; `paper_holdout` has its own three parts and
    fold 0 alone. Cines keep the order of the table.

    Raises:
        SplitError: no such scheme or fold in the table, or the split would leak.

    Source: Germain 2021, §2.4
    """
    count = fold_count(folds, scheme=scheme)
    if not 0 <= fold < count:
        got = f"fold {fold}"
        raise SplitError(f"scheme {scheme}", expected=f"a fold from 0 to {count - 1}", got=got, remedy="name another")
    rows = folds[folds["scheme"] == scheme]
    side_of = {str(part): _side(str(part), scheme=scheme, fold=fold, count=count) for part in rows["part"].unique()}
    side = rows["part"].map(side_of)
    sides = {name: tuple(rows["cine_id"][side == name].tolist()) for name in ("train", "validation", "test")}
    return FoldSplit.of(sides, scheme=scheme, fold=fold, cines=cines)


def _side(part: str, *, scheme: Scheme, fold: int, count: int) -> str:
    if scheme == "paper_holdout" or part == HOLDOUT:
        return part
    if part == str(fold):
        return "test"
    if scheme == "honest" and part == str((fold + 1) % count):
        return "validation"
    return "train"


def fold_count(folds: pd.DataFrame, *, scheme: Scheme) -> int:
    """How many folds a scheme has; `paper_holdout` has one.

    Raises:
        SplitError: the table has no row of the scheme, or its parts are not 0, 1, 2 ...
    """
    parts = {str(part) for part in folds["part"][folds["scheme"] == scheme].unique()} - {HOLDOUT}
    if scheme == "paper_holdout" and parts:
        return 1
    if not parts or parts != {str(index) for index in range(len(parts))}:
        expected = f"parts 0, 1, 2 ... of scheme {scheme}"
        raise SplitError("folds.csv", expected=expected, got=_some(parts) or "none", remedy=_REMEDY)
    return len(parts)


def of_folds(cines: pd.DataFrame, *, folds: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """The cines that a scheme shares out to its folds: the hold-out is not among them."""
    rows = folds[(folds["scheme"] == scheme) & (folds["part"] != HOLDOUT)]
    return cines[cines["cine_id"].isin(rows["cine_id"])]


def verify(folds: pd.DataFrame, *, cines: pd.DataFrame) -> None:
    """Checks a table of folds after the fact, whoever wrote it.

    Raises:
        SplitError: a cine is unknown, carries another patient than in `cines.csv`, or a patient (of a scheme by
            patient) or one set of pixels lies in two parts.
    """
    known = cines.set_index("cine_id")
    unknown = set(folds["cine_id"]) - set(known.index)
    if unknown:
        raise SplitError("folds.csv", expected="cines of cines.csv", got=_some(unknown), remedy=_REMEDY)
    rows = folds.assign(digest=folds["cine_id"].map(known["digest"]), owner=folds["cine_id"].map(known["patient_id"]))
    moved = rows["cine_id"][rows["owner"] != rows["patient_id"]]
    if len(moved):
        raise SplitError(
            "folds.csv", expected="the patients of cines.csv", got=f"others for {_some(moved)}", remedy=_REMEDY
        )
    for scheme, part in rows.groupby("scheme", sort=True):
        owners = ("digest",) if scheme in LEAKY_SCHEMES else ("patient_id", "digest")
        for owner in owners:
            _refuse_scattered(part, owner=owner, where=f"folds.csv, scheme {scheme}")


def _refuse_scattered(rows: pd.DataFrame, *, owner: str, where: str) -> None:
    parts = rows.groupby(owner)["part"].nunique()
    scattered = [str(name) for name in parts.index[parts > 1]]
    if scattered:
        expected = f"each {owner} in one part"
        raise SplitError(where, expected=expected, got=f"{_some(scattered)} in several", remedy=_REMEDY)


def _some(names: Iterable[str]) -> str:
    """The first five names in order, and how many more."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return ", ".join(name[:24] for name in ordered[:5]) + more
