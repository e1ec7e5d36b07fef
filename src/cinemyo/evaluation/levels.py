"""Answers by patient and by cine, and shares and differences of them with intervals whose unit is the patient."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cinemyo.evaluation.intervals import Interval, clustered_difference, clustered_loss, clustered_share
from cinemyo.evaluation.metrics import by_patient
from cinemyo.labels import CLASSES, Target


def levels(answers: pd.DataFrame, *, target: Target) -> dict[str, pd.DataFrame]:
    """Rows by patient, where the class is the patient's, and by cine; `answers` as in `Scored.answers`."""
    if target != "pathology":
        return {"cine": answers}
    return {"patient": by_patient(answers, classes=CLASSES[target]), "cine": answers}


def hits_of(rows: pd.DataFrame) -> Int[np.ndarray, " row"]:
    """1 where the called class is the true one, else 0."""
    return (rows["truth"] == rows["predicted"]).to_numpy(int)


def share_of(hits: Int[np.ndarray, " row"], *, rows: pd.DataFrame, level: float, name: str) -> dict[str, float]:
    """The share of hits among rows under `name`, and its interval under `<name>_low` and `<name>_high`; nan of none."""
    if not len(hits):
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    low, high = clustered_share(hits, clusters=rows["patient_id"].to_numpy(object), level=level)
    return {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}


def sides_of(rows: pd.DataFrame, *, number: int, level: float) -> dict[str, float]:
    """Sensitivity and specificity of one class (its number) with their intervals; nan for a side without rows."""
    own = rows["truth"] == number
    cases, others = rows[own], rows[~own]
    called, spared = (cases["predicted"] == number).to_numpy(int), (others["predicted"] != number).to_numpy(int)
    sensitivity = share_of(called, rows=cases, level=level, name="sensitivity")
    return sensitivity | share_of(spared, rows=others, level=level, name="specificity")


def loss_of(
    values: Float[np.ndarray, " row"], *, rows: pd.DataFrame, unseen: float, level: float, name: str
) -> dict[str, float]:
    """The mean of a loss over rows under `name`, and its interval, nan where a single patient allows none."""
    ends = clustered_loss(values, clusters=rows["patient_id"].to_numpy(object), unseen=unseen, level=level)
    return mean_of(values, ends=ends, name=name)


def mean_of(values: Float[np.ndarray, " row"], *, ends: Interval, name: str) -> dict[str, float]:
    """The mean under `name` and its interval, nan where the rows allow none."""
    low, high = ends if np.isfinite(ends.high) else (np.nan, np.nan)
    return {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}


def difference_of(
    first: Int[np.ndarray, " row"], *, second: Int[np.ndarray, " row"], rows: pd.DataFrame, level: float, name: str
) -> dict[str, float]:
    """Mean of second less first over the same rows under `name`, and its interval."""
    clusters = rows["patient_id"].to_numpy(object)
    low, high = clustered_difference(first, second=second, clusters=clusters, level=level)
    return {name: float(np.mean(second - first)), f"{name}_low": low, f"{name}_high": high}


def counts_of(rows: pd.DataFrame) -> dict[str, int]:
    """How many rows and patients there are."""
    return {"n": len(rows), "n_patients": int(rows["patient_id"].nunique())}


def tabulated(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a table; counts stay whole numbers where a row has none."""
    frame = pd.DataFrame(list(rows))
    return frame.astype({name: "Int64" for name in ("n", "n_patients") if name in frame})


def apart(first: Mapping[str, Any], *, second: Mapping[str, Any], name: str) -> tuple[float, Interval]:
    """The share `name` of second less that of first, two cohorts of other patients, and its interval.

    Newcombe's hybrid: the distances of each share to its own bounds are added as squares, so that clustered intervals
    go in and a share of one keeps a width.

    Source: Newcombe 1998, Statistics in Medicine 17:873, method 10
    """
    one, other = first[name], second[name]
    gap = other - one
    down = np.hypot(other - second[f"{name}_low"], first[f"{name}_high"] - one)
    up = np.hypot(second[f"{name}_high"] - other, one - first[f"{name}_low"])
    return float(gap), Interval(float(gap - down), float(gap + up))
