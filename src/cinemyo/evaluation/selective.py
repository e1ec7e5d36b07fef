"""Selective prediction: how right an arm is on the share of patients that it is most confident of."""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.estimates import UNKNOWN, Estimate, alike, linearised, numbered
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import of_share
from cinemyo.evaluation.levels import counts_of, hits_of, levels, share_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

SHARES: Final = (0.5, 0.7, 0.8, 0.9, 1.0)
TITLE: Final = "Accuracy against the share answered"
AREA_TITLE: Final = "Area under the curve of accuracy against the share answered"
NOTE: Final = (
    "The most confident are answered first (probability of the favoured class); equal confidences are answered "
    "together, so that share_answered may exceed the share asked for. Thresholds are read off the same rows: on other "
    "patients the share answered will differ. By patient, views by cine; intervals draw on patients."
)
AREA_NOTE: Final = (
    "Mean accuracy over all shares answered. gain: the area less the accuracy of all, nil at random order."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy at five shares answered, and the area under that curve, of every arm.

    Departs from §2.4: the paper answers every input.
    """
    level = evidence.params.evaluate.level
    shares, areas = [], []
    for scored in evidence.arms:
        head = {"arm": scored.name, "target": scored.arm.target}
        tail = {"standing": standing(scored.arm, study=evidence.params.study)}
        name, rows = unit_rows(scored)
        head |= {"level": name}
        shares += [head | row | tail for row in share_rows(scored, rows=rows, level=level)]
        areas.append(head | area_row(scored, rows=rows, level=level) | tail)
    return [
        ResultTable("selective", TITLE, tabulated(shares), NOTE),
        ResultTable("selective_area", AREA_TITLE, tabulated(areas), AREA_NOTE),
    ]


def unit_rows(scored: Scored) -> tuple[str, pd.DataFrame]:
    """The level at which an arm answers, and its rows: patients or, for views, cines."""
    return next(iter(levels(scored.answers, target=scored.arm.target).items()))


def share_rows(scored: Scored, *, rows: pd.DataFrame, level: float) -> Iterator[dict[str, Any]]:
    """A row per share asked for: threshold, rows answered, and accuracy with its interval."""
    confidence = scored.probabilities(rows).max(axis=1)
    falling = np.sort(confidence)[::-1]
    for share in SHARES:
        threshold = falling[math.ceil(share * len(rows) - 1e-9) - 1]
        answered = rows[confidence >= threshold]
        own = {"share_asked": share, "share_answered": len(answered) / len(rows), "threshold": float(threshold)}
        yield own | counts_of(answered) | share_of(hits_of(answered), rows=answered, level=level, name="accuracy")


def area_row(scored: Scored, *, rows: pd.DataFrame, level: float) -> dict[str, Any]:
    """The area under the curve with its interval, and what confidence gains over random order."""
    confidence, hits = scored.probabilities(rows).max(axis=1), hits_of(rows)
    estimate = area(hits, confidence=confidence, clusters=rows["patient_id"].to_numpy(object))
    low, high = of_share(estimate, rows=len(rows), level=level)
    figures = {"area": estimate.value, "area_low": low, "area_high": high, "accuracy": float(hits.mean())}
    return counts_of(rows) | figures | {"gain": estimate.value - float(hits.mean())}


def curve(hits: Int[np.ndarray, " row"], *, confidence: Float[np.ndarray, " row"]) -> pd.DataFrame:
    """A row per distinct confidence, the highest first: share answered, and accuracy of what is answered.

    Source: El-Yaniv and Wiener 2010, JMLR 11:1605
    """
    order = np.argsort(-confidence, kind="stable")
    last = np.append(np.diff(confidence[order]) != 0, True)
    answered = np.arange(1, len(order) + 1)
    accuracy = np.cumsum(hits[order]) / answered
    columns = {"share": (answered / len(order))[last], "accuracy": accuracy[last], "n": answered[last]}
    return pd.DataFrame(columns | {"threshold": confidence[order][last]})


def area(
    hits: Int[np.ndarray, " row"], *, confidence: Float[np.ndarray, " row"], clusters: Shaped[np.ndarray, " row"]
) -> Estimate:
    """Mean accuracy over all shares answered; rows of equal confidence come in random order. Nan of nothing.

    It is the mean of hits, each weighted by the sum of one over the rank from its own on; its variance takes into
    account that the ranks move with the patients drawn.

    Source: Geifman and El-Yaniv 2019, ICML 36:2151 (one less the area under the risk-coverage curve)
    """
    if not len(hits):
        return UNKNOWN
    n, (distinct, tie) = len(hits), np.unique(-confidence, return_inverse=True)
    sizes = np.bincount(tie, minlength=len(distinct)).astype(float)
    upto = np.cumsum(sizes)
    tail = np.cumsum(1 / np.arange(n, 0, -1))[::-1]
    before = np.concatenate([[0.0], np.cumsum(tail)])
    weight = (before[upto.astype(int)] - before[(upto - sizes).astype(int)]) / sizes
    value = float((hits * weight[tie]).mean())
    share = (upto - sizes / 2 + 0.5) / n
    later = np.cumsum((np.bincount(tie, weights=hits, minlength=len(distinct)) / share)[::-1])[::-1] / n
    influence = hits * weight[tie] - value - (later[tie] - hits.mean())
    number, one = numbered(clusters), np.zeros(n, dtype=np.int64)
    return linearised(value, influence=influence - influence.mean(), clusters=number, groups=one, least=alike(number))
