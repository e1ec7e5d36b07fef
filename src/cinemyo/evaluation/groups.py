"""Which subgroup each cine belongs to, by attribute."""

from typing import Final

import numpy as np
import pandas as pd

from cinemyo.labels import DISPLAY, VIEWS

NOT_GIVEN: Final = "not given"
_HEADER: Final = {"sex": "PatientSex", "age tertile": "PatientAge", "scanner": "a scanner"}
"""Attributes that come with the images, and what names them there."""


def groupings(cines: pd.DataFrame, *, labels: pd.DataFrame) -> dict[str, pd.Series]:
    """By attribute: the subgroup of each cine (index), as ordered categories; `not given` is the last of them.

    Source: Germain 2021, Table 1
    """
    known, said = cines.set_index("cine_id"), labels.set_index("cine_id")
    flags = {name: said[name].map({True: "yes", False: "no"}) for name in ("post_contrast", "effusion", "typical")}
    return {
        "sex": _ordered(known["sex"].map({"F": "female", "M": "male"}), order=["female", "male"]),
        "age tertile": age_tertiles(cines[cines["cine_id"].isin(said.index[said["pathology"].notna()])]),
        "view": _ordered(said["view"].map(DISPLAY), order=[DISPLAY[view] for view in VIEWS]),
        "scanner": scanners(cines),
        **{name: _ordered(values, order=["yes", "no"]) for name, values in flags.items()},
    }


def lacking(values: pd.Series) -> bool:
    """Whether no cine has the attribute."""
    return bool((values == NOT_GIVEN).all())


def lack_of(attribute: str) -> str:
    """What a study must add to have the attribute."""
    if attribute in _HEADER:
        return f"add a source whose images carry {_HEADER[attribute]}"
    return f"add the column {attribute} to the label sheet"


def age_tertiles(cines: pd.DataFrame) -> pd.Series:
    """The third of the patients that a cine's patient is in, by age in whole years at the first exam.

    Equal ages stay together, so that the printed bounds never overlap; thirds that ties leave empty are left out.
    """
    first = cines.sort_values("exam_order", kind="stable").groupby("patient_id", sort=False)["age_years"].first()
    ages = first.dropna().astype(int)
    if ages.empty:
        return _ordered(pd.Series(None, index=cines["cine_id"], dtype="object"), order=[])
    bounds = np.quantile(ages, [1 / 3, 2 / 3], method="inverted_cdf")
    third = pd.Series(np.searchsorted(bounds, ages.to_numpy()), index=ages.index)
    names = {number: _range(own) for number, own in ages.groupby(third)}
    named = cines.set_index("cine_id")["patient_id"].map(third.map(names))
    return _ordered(named, order=list(names.values()))


def scanners(cines: pd.DataFrame) -> pd.Series:
    """The scanner of each cine as a number, 1 for the one with most patients: no code of it reaches a report."""
    patients = cines.groupby("scanner", sort=False).agg(n=("patient_id", "nunique"), digest=("digest", "min"))
    ranked = patients.sort_values(["n", "digest"], ascending=[False, True], kind="stable").index
    names = {code: f"scanner {rank}" for rank, code in enumerate(ranked, start=1)}
    return _ordered(cines.set_index("cine_id")["scanner"].map(names), order=list(names.values()))


def _range(ages: pd.Series) -> str:
    low, high = int(ages.min()), int(ages.max())
    return f"{low} years" if low == high else f"{low} to {high} years"


def _ordered(values: pd.Series, *, order: list[str]) -> pd.Series:
    texts = values.astype("object").where(values.notna(), NOT_GIVEN)
    return pd.Series(pd.Categorical(texts, categories=[*order, NOT_GIVEN]), index=values.index)
