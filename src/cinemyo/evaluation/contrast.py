"""How one arm stands against another: differences, tests, what could have been found, and verdicts on a margin."""

from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from cinemyo.config import Params
from cinemyo.evaluation.comparison import corrected_t, detectable_difference, holm, mcnemar, non_inferiority, tost
from cinemyo.evaluation.describe import (
    ALIKE,
    NO_PATIENTS,
    fold_differences,
    is_paired,
    joined,
    standing,
    untestable,
)
from cinemyo.evaluation.intervals import Interval, clustered_difference, t_quantile
from cinemyo.evaluation.scoring import Scored

POWER: Final = 0.8
"""Of the smallest difference that a test would have found, and of the patients that a margin takes."""
TESTS: Final = {
    "accuracy by fold": "corrected t (Nadeau-Bengio)",
    "loss by fold": "corrected t (Nadeau-Bengio)",
    "accuracy by patient": "exact McNemar",
    "accuracy by cine": "interval alone",
}
NOTE: Final = (
    "difference: the arm less its reference; intervals draw on patients. detectable: the smallest difference that the "
    "test would have found with a power of 80 %. p_holm adjusts for the comparisons of one target by one measure. Not "
    "significant is not the same as equivalent."
)
MARGIN_NOTE: Final = "The margin of {value} was fixed before any fit: {reason}"


def margin_note(params: Params) -> str:
    """What a table of contrasts must say of itself."""
    margin = params.study.margin
    return NOTE if margin is None else f"{NOTE} {MARGIN_NOTE.format(value=margin.value, reason=margin.reason)}"


def contrasts(scored: Scored, *, reference: Scored, params: Params) -> list[dict[str, Any]]:
    """A row per measure by which an arm is compared with its reference; what cannot be is named in `reason`.

    Departs from §2.7: the paper's Student t takes inputs and folds as independent.
    """
    head = {"arm": scored.name, "reference": reference.name, "target": scored.arm.target}
    tail = {"standing": standing(scored.arm, study=params.study)}
    if not is_paired(scored, reference=reference):
        reason = f"not paired with {reference.name}: other cines, folds or truths"
        return [head | _empty(measure, params=params) | tail | {"reason": reason} for measure in TESTS]
    gained, lost = fold_differences(scored, reference=reference)
    share, level = scored.test_share, params.evaluate.level
    rows = [
        _by_fold("accuracy by fold", gained, test_share=share, level=level),
        _by_fold("loss by fold", lost, test_share=share, level=level),
    ]
    rows = [_unclaimed(row, params=params) for row in rows]
    if scored.arm.target == "pathology":
        rows.append(_by_patient(scored, reference=reference, params=params))
    else:
        rows.append(_empty("accuracy by patient", params=params) | {"reason": NO_PATIENTS})
    rows.append(_unclaimed(_by_cine(scored, reference=reference, level=level), params=params))
    return [head | {key: value for key, value in row.items() if key != "reason"} | tail | _reason(row) for row in rows]


def adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `p_holm` after `p`, a family being the comparisons of one target by one measure.

    Source: Holm 1979
    """
    p_holm = rows.groupby(["target", "measure"])["p"].transform(lambda own: holm(own.astype(float).tolist()))
    frame = rows.copy()
    frame.insert(list(frame.columns).index("p") + 1, "p_holm", p_holm)
    return frame


def detectable_mean(sd: float, *, folds: int, test_share: float, level: float = 0.95, power: float = POWER) -> float:
    """Smallest mean of fold differences that the corrected t would have found with that power."""
    quantiles = t_quantile(folds - 1, level=level) + float(stats.t.ppf(power, folds - 1))
    return float(quantiles * sd * np.sqrt(1 / folds + test_share))


def _by_fold(
    measure: str, differences: Float[np.ndarray, " fold"], *, test_share: float, level: float
) -> dict[str, Any]:
    mean, folds, reason = float(differences.mean()), len(differences), untestable(differences)
    row: dict[str, Any] = {"measure": measure, "n": folds, "difference": mean}
    if reason:
        return row | _figures(measure) | {"reason": reason}
    spread = float(np.std(differences, ddof=1))
    half = t_quantile(folds - 1, level=level) * spread * np.sqrt(1 / folds + test_share)
    p, found = corrected_t(differences, test_share=test_share).p, spread >= ALIKE
    detectable = detectable_mean(spread, folds=folds, test_share=test_share, level=level) if found else np.nan
    row |= _figures(measure, low=mean - half, high=mean + half, p=p, detectable=detectable)
    return row | {"reason": "" if found else "the folds do not differ: no spread to tell what could be found"}


def _by_patient(scored: Scored, *, reference: Scored, params: Params) -> dict[str, Any]:
    ours, theirs, clusters = _right(scored.patients), _right(reference.patients), scored.patients["patient_id"]
    level, n, measure = params.evaluate.level, len(ours), "accuracy by patient"
    change = ours - theirs
    between = clustered_difference(theirs, second=ours, clusters=clusters.to_numpy(), level=level)
    discordant = float((change != 0).mean())
    detectable = detectable_difference(n, discordant, level=level, power=POWER)
    none = "" if np.isfinite(detectable) else "too few patients for McNemar's test to find any difference"
    p = mcnemar(int((change > 0).sum()), only_second=int((change < 0).sum()))
    row: dict[str, Any] = {"measure": measure, "n": n, "difference": float(change.mean())}
    row |= _figures(measure, low=between.low, high=between.high, p=p, detectable=np.nan if none else detectable)
    claims = _claims(row["difference"], between=between, n=n, discordant=discordant, params=params)
    return row | claims | {"reason": none}


def _claims(difference: float, *, between: Interval, n: int, discordant: float, params: Params) -> dict[str, str]:
    """Verdicts on the margin of the study; no column where it has none."""
    if params.study.margin is None:
        return {}
    margin, level = params.study.margin.value, params.evaluate.level
    common = {"low": between.low, "high": between.high, "margin": margin, "level": level, "power": POWER}
    equal = tost(difference, n=n, discordant_share=discordant, **common)
    no_worse = non_inferiority(difference, n=n, discordant_share=discordant, **common)
    return {"equivalence": equal.verdict, "non_inferiority": no_worse.verdict}


def _by_cine(scored: Scored, *, reference: Scored, level: float) -> dict[str, Any]:
    ours, theirs, measure = _right(scored.answers), _right(reference.answers), "accuracy by cine"
    clusters = scored.answers["patient_id"].to_numpy()
    low, high = clustered_difference(theirs, second=ours, clusters=clusters, level=level)
    row = {"measure": measure, "n": len(ours), "difference": float((ours - theirs).mean())}
    reason = "cines of a patient are not independent: the interval speaks, no test"
    return row | _figures(measure, low=low, high=high) | {"reason": reason}


def _right(rows: pd.DataFrame) -> np.ndarray:
    return (rows["truth"] == rows["predicted"]).to_numpy(int)


def _figures(
    measure: str, *, low: float = np.nan, high: float = np.nan, p: float = np.nan, detectable: float = np.nan
) -> dict[str, Any]:
    return {"low": low, "high": high, "test": TESTS[measure], "p": p, "detectable": detectable}


def _unclaimed(row: dict[str, Any], *, params: Params) -> dict[str, Any]:
    """A row of a measure on which no margin was set."""
    if params.study.margin is None:
        return row
    by_patient = "claimed by patient alone"
    return row | {"equivalence": by_patient, "non_inferiority": by_patient}


def _empty(measure: str, *, params: Params) -> dict[str, Any]:
    return _unclaimed({"measure": measure, "n": 0, "difference": np.nan} | _figures(measure), params=params)


def _reason(row: dict[str, Any]) -> dict[str, str]:
    return {"reason": joined([row.get("reason", "")])}
