"""Predictive values where classes occur as often as in a stated setting, from the confusion of patients."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import Interval, clustered_share
from cinemyo.evaluation.metrics import confusion, predictive
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PATHOLOGIES

NAME: Final = "predictive_values"
TITLE: Final = "Predictive values by patient at stated prevalences"
NOTE: Final = (
    "The shares of each true class that were called each class, reweighted by the prevalences of evaluate.prevalences "
    "(Bayes). They hold where the classes occur so often, the patients of a class are like these, and nobody has "
    "another disease. Intervals from those of the shares (MOVER)."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Positive and negative predictive value of each class, by arm and setting.

    Departs from §3: the paper's design of equal classes carries no predictive value over to a clinic.
    """
    arms = [scored for scored in evidence.arms if scored.arm.target == "pathology" and not scored.is_control]
    settings = evidence.params.evaluate.prevalences
    if not arms or not settings:
        needs = "add arms of target pathology" if settings else "add settings to evaluate.prevalences"
        return [ResultTable.absent(NAME, title=TITLE, needs=needs)]
    rows = [row for scored in arms for row in _rows(scored, params=evidence.params)]
    return [ResultTable(NAME, TITLE, pd.DataFrame(rows), note=NOTE)]


def _rows(scored: Scored, *, params: Params) -> list[dict[str, Any]]:
    patients, found = scored.patients, []
    for setting, prevalences in params.evaluate.prevalences.items():
        shares = np.array([prevalences.get(name, 0.0) for name in PATHOLOGIES])
        for index, name in enumerate(PATHOLOGIES):
            row = {"arm": scored.name, "setting": setting, "class": name, "prevalence": shares[index]}
            row |= _values(patients, index=index, prevalence=shares, level=params.evaluate.level)
            reason = row.pop(REASON)
            found.append(row | {"standing": standing(scored.arm, study=params.study), REASON: reason})
    return found


def _values(patients: pd.DataFrame, *, index: int, prevalence: np.ndarray, level: float) -> dict[str, Any]:
    """Both values of a class with their intervals; nan and a reason where a class that occurs has no patient."""
    truth, predicted = patients["truth"].to_numpy(int), patients["predicted"].to_numpy(int)
    lacking = [name for k, name in enumerate(PATHOLOGIES) if prevalence[k] > 0 and not (truth == k).any()]
    if lacking:
        return _value_columns() | {REASON: f"no patient of {', '.join(lacking)}"}
    rows = np.maximum(1, np.bincount(truth, minlength=len(PATHOLOGIES)))[:, None]
    shares = confusion(truth, predicted=predicted, n_classes=len(PATHOLOGIES)) / rows
    positive, negative = (float(values[index]) for values in predictive(shares, prevalence=prevalence))
    clusters, called = patients["patient_id"].to_numpy(object), (predicted == index).astype(int)
    ends = [
        clustered_share(called[truth == k], clusters=clusters[truth == k], level=level) for k in range(len(PATHOLOGIES))
    ]
    for_class, against = intervals_of(shares[:, index].tolist(), ends=ends, prevalence=prevalence.tolist(), index=index)
    found = _value_columns(ppv=(positive, *for_class), npv=(negative, *against))
    empty = [word for word, value in (("so", positive), ("otherwise", negative)) if math.isnan(value)]
    return found | {REASON: f"no patient was called {' or '.join(empty)}" if empty else ""}


UNKNOWN: Final = (math.nan, math.nan, math.nan)


def _value_columns(
    *, ppv: tuple[float, float, float] = UNKNOWN, npv: tuple[float, float, float] = UNKNOWN
) -> dict[str, float]:
    columns: dict[str, float] = {}
    for name, (value, low, high) in (("ppv", ppv), ("npv", npv)):
        known = UNKNOWN if math.isnan(value) else (value, low, high)
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), known, strict=True))
    return columns


def intervals_of(
    called: Sequence[float], *, ends: Sequence[Interval], prevalence: Sequence[float], index: int
) -> tuple[Interval, Interval]:
    """Intervals of the positive and negative predictive value of class `index`.

    `called` is the share of each true class that was called class `index`, `ends` its interval.

    Source: Donner and Zou 2012, Statistical Methods in Medical Research 21:347 (MOVER of sums and ratios)
    """
    spared_ends = [Interval(1 - end.high, 1 - end.low) for end in ends]
    so = [_weighted(*part) for part in zip(prevalence, called, ends, strict=True)]
    otherwise = [
        _weighted(weight, 1 - share, end) for weight, share, end in zip(prevalence, called, spared_ends, strict=True)
    ]
    false, spared = (_sum([part for k, part in enumerate(parts) if k != index]) for parts in (so, otherwise))
    return _value(_ratio(false, so[index])), _value(_ratio(otherwise[index], spared))


Part = tuple[float, Interval]


def _weighted(weight: float, share: float, interval: Interval) -> Part:
    return weight * share, Interval(weight * interval.low, weight * interval.high)


def _sum(parts: list[Part]) -> Part:
    """The sum of independent parts, the distances to their bounds added as squares."""
    value = sum(part for part, _ in parts)
    down = math.sqrt(sum((part - ends.low) ** 2 for part, ends in parts))
    up = math.sqrt(sum((ends.high - part) ** 2 for part, ends in parts))
    return value, Interval(max(0.0, value - down), value + up)


def _ratio(above: Part, below: Part) -> Interval:
    """Interval of the ratio of two independent positive figures; up to infinity where the lower may be nil."""
    (one, (l1, u1)), (two, (l2, u2)) = above, below
    both = one * two
    root = math.sqrt(max(0.0, both**2 - l1 * (2 * one - l1) * u2 * (2 * two - u2)))
    low = l1 * (2 * one - l1) / (both + root) if both + root > 0 else 0.0
    if l2 <= 0:
        return Interval(max(0.0, low), math.inf)
    root = math.sqrt(max(0.0, both**2 - u1 * (2 * one - u1) * l2 * (2 * two - l2)))
    return Interval(max(0.0, low), (both + root) / (l2 * (2 * two - l2)))


def _value(odds: Interval) -> Interval:
    """The interval of 1 / (1 + odds against)."""
    return Interval(1 / (1 + odds.high), 1 / (1 + odds.low))
