"""Whether probabilities mean what they say: scores, slopes and calibration errors, before and after a temperature."""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from cinemyo.config import Evaluate, Params
from cinemyo.evaluation import recalibration
from cinemyo.evaluation.describe import joined, standing
from cinemyo.evaluation.estimates import Estimate
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import (
    UNSEEN_BRIER,
    UNSEEN_NLL,
    clustered_mean,
    t_quantile,
)
from cinemyo.evaluation.levels import counts_of, hits_of, levels, loss_of, mean_of, tabulated
from cinemyo.evaluation.metrics import losses
from cinemyo.evaluation.reliability import calibration_error, errors_if_calibrated, reliability
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.evaluation.temperature import fold_temperatures, with_temperature

DRAWS: Final = 500
"""Cohorts drawn from the probabilities, for the calibration error of chance."""
BEFORE, AFTER = "as trained", "after temperature"
TITLE: Final = "Calibration of the probabilities"
CLASSES_TITLE: Final = "Calibration intercept and slope of each class"
NOTE: Final = (
    "nll: mean negative log likelihood, natural logarithm. brier: squared distance to the truth summed over classes, "
    "0 to 2. overconfidence: mean probability of the favoured class less accuracy. ece: expected calibration error of "
    "the favoured class in at most 15 bins of as many rows and at least {bins} patients; ece_if_calibrated and its "
    "95th percentile are what a perfectly calibrated model with these probabilities would show at this n ({draws} "
    "draws). After temperature: each test fold at the temperature that its own validation cines ask for, no test label "
    "in it; temperature is the mean over folds. Intervals draw on patients."
)
CLASSES_NOTE: Final = (
    "Each class against the others. intercept: what must be added to the log odds to meet the share of the class, 0 if "
    "calibrated in the large; slope: 1 if the spread of the log odds is right, below 1 if they are too extreme."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Scores and errors of every arm by level, and intercept and slope by class, before and after temperature.

    Departs from §2.4: the paper does not look at calibration.
    """
    params, scores, slopes = evidence.params, [], []
    for scored in evidence.arms:
        for head, rows, reason in versions(scored, predictions=evidence.predictions[scored.name]):
            tail = {"standing": standing(scored.arm, study=params.study)}
            scores.append(
                head | score_row(rows, scored=scored, level=head["level"], params=params, reason=reason) | tail
            )
            slopes += [head | row | tail for row in slope_rows(rows, scored=scored, params=params, reason=reason)]
    note = NOTE.format(bins=params.evaluate.bin_patients, draws=DRAWS)
    return [
        ResultTable("calibration", TITLE, tabulated(scores), note),
        ResultTable("calibration_classes", CLASSES_TITLE, tabulated(slopes), CLASSES_NOTE),
    ]


def versions(scored: Scored, *, predictions: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame | None, str]]:
    """What names a row, the rows by level before and after temperature, and why there are none after."""
    found = fold_temperatures(predictions, classes=scored.classes)
    after = with_temperature(scored.answers, temperatures=found, classes=scored.classes)
    none = f"scheme {scored.arm.scheme} selects nothing: no validation cines to fit a temperature on"
    own = [found[fold] for fold in sorted(set(scored.answers["fold"]))] if after is not None else [np.nan]
    head = {"arm": scored.name, "target": scored.arm.target}
    before = levels(scored.answers, target=scored.arm.target)
    for name, rows in before.items():
        fixed = {"temperature": 1.0, "temperature_lowest": 1.0, "temperature_highest": 1.0}
        yield head | {"level": name, "probabilities": BEFORE} | fixed, rows, ""
        spread = {"temperature": float(np.mean(own)), "temperature_lowest": min(own), "temperature_highest": max(own)}
        changed = None if after is None else levels(after, target=scored.arm.target)[name]
        yield head | {"level": name, "probabilities": AFTER} | spread, changed, none if after is None else ""


def score_row(rows: pd.DataFrame | None, *, scored: Scored, level: str, params: Params, reason: str) -> dict[str, Any]:
    """Scores of the probabilities of one level, with intervals and the error that chance alone would show."""
    if rows is None:
        lacking = dict.fromkeys(("nll", "brier", "overconfidence", "ece", "ece_if_calibrated"), np.nan)
        return {"n": 0, "n_patients": 0, **lacking, "bins": 0, "reason": reason}
    clusters, evaluate = rows["patient_id"].to_numpy(object), params.evaluate
    shares, truth = scored.probabilities(rows), rows["truth"].to_numpy(int)
    bins, chance = binned(rows, scored=scored, level=level, params=params)
    brier = ((shares - np.eye(len(scored.classes))[truth]) ** 2).sum(axis=1)
    of_losses = {"nll": (losses(truth, probabilities=shares), UNSEEN_NLL), "brier": (brier, UNSEEN_BRIER)}
    figures: dict[str, float] = {}
    for name, (values, unseen) in of_losses.items():
        figures |= loss_of(values, rows=rows, unseen=unseen, level=evaluate.level, name=name)
    excess = shares.max(axis=1) - hits_of(rows)
    ends = clustered_mean(excess, clusters=clusters, level=evaluate.level)
    figures |= mean_of(excess, ends=ends, name="overconfidence")
    errors = {"ece": calibration_error(bins), "ece_if_calibrated": float(chance.mean())}
    errors |= {"ece_if_calibrated_95": float(np.quantile(chance, 0.95)), "bins": len(bins)}
    alike = "rows without spread: no interval" if np.isnan(list(figures.values())).any() else ""
    return {**counts_of(rows), **figures, **errors, "reason": joined([claim(rows, evaluate=evaluate), alike])}


def slope_rows(rows: pd.DataFrame | None, *, scored: Scored, params: Params, reason: str) -> Iterator[dict[str, Any]]:
    """Calibration intercept and slope of each class against the others, with intervals."""
    for number, name in enumerate(scored.classes):
        if rows is None:
            yield {"class": name, "n": 0, "cases": 0, "intercept": np.nan, "slope": np.nan, "reason": reason}
            continue
        positive = rows["truth"].to_numpy(int) == number
        odds = recalibration.log_odds(scored.probabilities(rows)[:, number])
        clusters, level = rows["patient_id"].to_numpy(object), params.evaluate.level
        add = recalibration.intercept(positive, odds=odds, clusters=clusters)
        turn = recalibration.slope(positive, odds=odds, clusters=clusters)
        reasons = [claim(rows, evaluate=params.evaluate), lack_of(positive, slope=turn)]
        figures = interval_of(add, level=level, name="intercept") | interval_of(turn, level=level, name="slope")
        yield {"class": name, "n": len(rows), "cases": int(positive.sum())} | figures | {"reason": joined(reasons)}


def claim(rows: pd.DataFrame, *, evaluate: Evaluate) -> str:
    """Why nothing is claimed, of few patients; nothing where there are enough."""
    patients, least = rows["patient_id"].nunique(), evaluate.calibration_patients
    return f"no claim: fewer than {least} patients ({patients})" if patients < least else ""


def lack_of(positive: Shaped[np.ndarray, " row"], *, slope: Estimate) -> str:
    """Why a class has no intercept or no slope; nothing where it has both."""
    if not positive.any():
        return "no row of the class"
    if positive.all():
        return "no row of another class"
    if np.isnan(slope.value):
        return "no slope: a threshold parts the class from the others without overlap"
    return "" if slope.freedom > 0 else "too few patients: no interval"


def interval_of(estimate: Estimate, *, level: float, name: str) -> dict[str, float]:
    """The estimate under `name` and Student's interval over patients, empty where there is none."""
    half = t_quantile(estimate.freedom, level=level) * estimate.variance**0.5 if estimate.freedom > 0 else np.nan
    return {name: estimate.value, f"{name}_low": estimate.value - half, f"{name}_high": estimate.value + half}


def reliabilities(
    scored: Scored, *, predictions: pd.DataFrame, params: Params, level: str
) -> dict[str, tuple[pd.DataFrame, Float[np.ndarray, " row"], float]]:
    """Bins, confidences and calibration error of chance of one level of an arm, before and after temperature."""
    found = {}
    for head, rows, _ in versions(scored, predictions=predictions):
        if head["level"] == level and rows is not None:
            bins, chance = binned(rows, scored=scored, level=level, params=params)
            confidence = scored.probabilities(rows).max(axis=1)
            found[head["probabilities"]] = bins, confidence, float(chance.mean())
    return found


def binned(
    rows: pd.DataFrame, *, scored: Scored, level: str, params: Params
) -> tuple[pd.DataFrame, Float[np.ndarray, " draw"]]:
    """Bins of confidence against accuracy, and the calibration errors that a perfect model would show in them."""
    shares, clusters = scored.probabilities(rows), rows["patient_id"].to_numpy(object)
    least, seed = params.evaluate.bin_patients, zlib.crc32(f"calibration {scored.name} {level}".encode())
    bins = reliability(
        shares, truth=rows["truth"].to_numpy(int), clusters=clusters, least=least, level=params.evaluate.level
    )
    chance = errors_if_calibrated(
        shares,
        clusters=clusters,
        shared=clusters if scored.arm.target == "pathology" else np.arange(len(rows)),
        least=least,
        draws=DRAWS,
        generator=np.random.default_rng([params.seed, seed]),
    )
    return bins, chance
