"""Where answers came from: verdicts on heat maps counted beside the paper's, what they rest on, and sanity checks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.evaluation.describe import standing, twin
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import clustered_mean, clustered_share, exact
from cinemyo.evaluation.levels import counts_of, tabulated
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.tables import VERDICTS

METHODS: Final = {"Grad-CAM": "", "gradient x activation": "activation_"}
"""Prefix of a method's columns in the table of attention."""
NEEDS: Final = "run the stage explain on its arms"
PAPER: Final = "Germain 2021"
BY_EYE: Final = (
    ("right", "true = predicted class", 19, 1178),
    ("wrong", "true class", 11, 22),
    ("wrong", "predicted class", 3, 22),
)
"""Cines whose heat lay outside the heart, and of how many. Source: Germain 2021, §3.6"""
VERDICT_NOTE: Final = (
    "heart: by either method some of the heart is about as hot as the hottest place, and the answer goes with the "
    "heart when heart or background is exchanged for that of other cines. outside: neither. undecided: the two "
    "disagree. too_coarse: the cells of the map are too wide to tell heart from surroundings. Shares are of all n; "
    "intervals draw on patients, the paper's on cines."
)
MEASURE_NOTE: Final = (
    "concentration: share of heat in the heart over its share of area, 1 without preference; gaussian: that of a "
    "centred Gaussian, the heat of a network that always looks at the middle. peak: the hottest pixel lies in the "
    "heart. Distance from the centroid of the heat to the centre of the left ventricle. Maps without heat are counted "
    "apart."
)
EXCHANGE_NOTE: Final = (
    "Mean probability of the class: as it is; with the background of other cines of the same view (heart kept); with "
    "their heart (background kept); classes of donors alike. difference: heart kept less background kept; above 0 the "
    "answer goes with the heart."
)
WEIGHTS_NOTE: Final = (
    "Spearman's correlation, cell by cell, with the map of the same network without training; near 1 the maps would "
    "tell nothing of what was learnt."
)
LABELS_NOTE: Final = (
    "Concentration of heat in the heart for the predicted class, of the arm and of its twin trained on labels permuted "
    "between patients; difference: the arm less its twin, cine by cine."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Verdicts, measures, exchanges and sanity checks of every arm that was explained."""
    made = {
        "heat_verdicts": ("Heat and exchange: heart or outside", _verdicts, VERDICT_NOTE),
        "heat_measures": ("Heat maps against the heart", _measures, MEASURE_NOTE),
        "heat_exchange": ("Heart or background exchanged", _exchanges, EXCHANGE_NOTE),
        "heat_random_weights": ("Heat maps of random weights", _random_weights, WEIGHTS_NOTE),
        "heat_permuted_labels": ("Heat maps of permuted labels", _permuted_labels, LABELS_NOTE),
    }
    arms = {scored.name: _attended(evidence.attention, scored=scored) for scored in evidence.arms}
    known = {name: rows for name, rows in arms.items() if len(rows)}
    if not known:
        return [ResultTable.absent(name, title=title, needs=NEEDS) for name, (title, _, _) in made.items()]
    return [
        ResultTable(name, title, _whole(tabulated(rows_of(known, evidence))), note)
        for name, (title, rows_of, note) in made.items()
    ]


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with whole numbers where it counts, also where a row has no count."""
    return frame.astype({name: "Int64" for name in (*VERDICTS, "tried") if name in frame})


def _attended(attention: pd.DataFrame, *, scored: Scored) -> pd.DataFrame:
    """The arm's rows of attention with the patient of each cine and the words for answer and map."""
    rows = attention[attention["arm"] == scored.name].merge(
        scored.answers[["cine_id", "patient_id"]], on="cine_id", how="inner", validate="many_to_one"
    )
    true, predicted = rows["is_true"].astype(bool), rows["is_predicted"].astype(bool)
    both = true & predicted
    words = np.select([both, true], ["true = predicted class", "true class"], default="predicted class")
    return rows.assign(answer=np.where(both, "right", "wrong"), map=words)


def _groups(rows: pd.DataFrame, *by: str) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    keys = [*by, "answer", "map"]
    for values, group in rows.groupby(keys, sort=True):
        yield dict(zip(keys, (str(value) for value in values), strict=True)), group


def _per_cine(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per cine and class: probabilities and verdicts are equal in all phases."""
    return rows.drop_duplicates(["cine_id", "class"])


def _verdicts(arms: Mapping[str, pd.DataFrame], evidence: Evidence) -> Iterator[dict[str, Any]]:
    level = evidence.params.evaluate.level
    for answer, shown, outside, total in BY_EYE:
        low, high = exact(outside, total=total, level=level)
        figures = {"outside": outside, "outside_share": outside / total, "outside_low": low, "outside_high": high}
        head = {"arm": PAPER, "answer": answer, "map": shown, "n": total}
        yield head | figures | {REASON: "not told by the paper", "standing": "Grad-CAM by eye; split by input"}
    for name, rows in arms.items():
        said = standing(evidence.arm(name).arm, study=evidence.params.study)
        for keys, group in _groups(_per_cine(rows)):
            yield {"arm": name} | keys | counts_of(group) | _counted(group, level=level) | {"standing": said}


def _counted(rows: pd.DataFrame, *, level: float) -> dict[str, Any]:
    counts: dict[str, Any] = {verdict: int((rows["verdict"] == verdict).sum()) for verdict in VERDICTS}
    if counts["too_coarse"] == len(rows):
        return counts | {REASON: f"cells of {rows['cell_mm'].max():.0f} mm are too wide for a verdict"}
    hits = (rows["verdict"] == "outside").to_numpy(int)
    low, high = clustered_share(hits, clusters=rows["patient_id"].to_numpy(object), level=level)
    decided = float(rows["verdict"].isin(("heart", "outside")).mean())
    shares = {"outside_share": float(hits.mean()), "outside_low": low, "outside_high": high, "decided_share": decided}
    return counts | shares | {REASON: ""}


def _measures(arms: Mapping[str, pd.DataFrame], evidence: Evidence) -> Iterator[dict[str, Any]]:
    level = evidence.params.evaluate.level
    for name, rows in arms.items():
        said = standing(evidence.arm(name).arm, study=evidence.params.study)
        for method, prefix in METHODS.items():
            for keys, group in _groups(rows, "phase"):
                figures = _measured(group, prefix=prefix, level=level)
                yield {"arm": name, "method": method} | keys | counts_of(group) | figures | {"standing": said}


def _measured(rows: pd.DataFrame, *, prefix: str, level: float) -> dict[str, Any]:
    heated = rows[rows[f"{prefix}code"] != "no_heat"].dropna(subset=f"{prefix}heart_concentration")
    counts = {"no_heat": len(rows) - len(heated), "cell_mm": float(rows["cell_mm"].max())}
    if heated.empty:
        return counts | {REASON: "no map with heat"}
    peaks = heated[f"{prefix}peak_in_heart"].astype(bool).to_numpy(int)
    low, high = clustered_share(peaks, clusters=heated["patient_id"].to_numpy(object), level=level)
    figures: dict[str, Any] = {
        "heart_share": float(heated[f"{prefix}heart_share"].mean()),
        "gaussian": float(heated["gaussian_concentration"].mean()),
        "peak": float(peaks.mean()),
        "peak_low": low,
        "peak_high": high,
    }
    means = [
        _mean(heated[f"{prefix}heart_concentration"], rows=heated, level=level, name="concentration"),
        _mean(heated[f"{prefix}centroid_distance_mm"], rows=heated, level=level, name="distance_mm"),
    ]
    return counts | means[0] | figures | means[1] | {REASON: means[0][REASON]}


def _mean(values: pd.Series, *, rows: pd.DataFrame, level: float, name: str) -> dict[str, Any]:
    """The mean under `name` with its interval; of one patient, no interval and the reason."""
    low, high = clustered_mean(values.to_numpy(float), clusters=rows["patient_id"].to_numpy(object), level=level)
    known = bool(np.isfinite(low) and np.isfinite(high))
    bounds = {f"{name}_low": low if known else np.nan, f"{name}_high": high if known else np.nan}
    return {name: float(values.mean())} | bounds | {REASON: "" if known else "one patient: no interval"}


def _exchanges(arms: Mapping[str, pd.DataFrame], evidence: Evidence) -> Iterator[dict[str, Any]]:
    level = evidence.params.evaluate.level
    for name, rows in arms.items():
        said = standing(evidence.arm(name).arm, study=evidence.params.study)
        for keys, group in _groups(_per_cine(rows)):
            head = {"arm": name} | keys | counts_of(group)
            tried = group.dropna(subset=["kept_heart", "kept_background"])
            if tried.empty:
                yield head | {"tried": 0, REASON: "a class without donors", "standing": said}
                continue
            gain = tried["kept_heart"] - tried["kept_background"]
            columns = ("probability", "kept_heart", "kept_background")
            means = {column: float(tried[column].mean()) for column in columns}
            difference = _mean(gain, rows=tried, level=level, name="difference")
            yield head | {"tried": len(tried)} | means | difference | {"standing": said}


def _random_weights(arms: Mapping[str, pd.DataFrame], evidence: Evidence) -> Iterator[dict[str, Any]]:
    level = evidence.params.evaluate.level
    for name, rows in arms.items():
        said = {"standing": standing(evidence.arm(name).arm, study=evidence.params.study)}
        for method, prefix in METHODS.items():
            head, known = {"arm": name, "method": method}, rows.dropna(subset=f"{prefix}random_likeness")
            if known.empty:
                yield head | {"n": 0, "n_patients": 0, REASON: "no map with heat in both networks"} | said
                continue
            figures = _mean(known[f"{prefix}random_likeness"], rows=known, level=level, name="correlation")
            yield head | counts_of(known) | figures | said


def _permuted_labels(arms: Mapping[str, pd.DataFrame], evidence: Evidence) -> Iterator[dict[str, Any]]:
    for name in arms:
        scored = evidence.arm(name)
        if scored.is_control or scored.arm.target != "pathology":
            continue
        other = twin(scored, arms=evidence.arms, free=("labels",), accept=lambda arm: arm.labels == "permuted")
        said = {"standing": standing(scored.arm, study=evidence.params.study)}
        head = {"arm": name, "twin": other.name if other else "none"}
        if other is None or other.name not in arms:
            yield head | {REASON: "not part of this study: add this arm with labels permuted"} | said
            continue
        for method, prefix in METHODS.items():
            column = f"{prefix}heart_concentration"
            figures = _beside(arms[name], twins=arms[other.name], column=column, level=evidence.params.evaluate.level)
            yield head | {"method": method} | figures | said


def _beside(rows: pd.DataFrame, *, twins: pd.DataFrame, column: str, level: float) -> dict[str, Any]:
    ours, theirs = (_favoured(own, column=column) for own in (rows, twins))
    both = ours.merge(theirs[["cine_id", column]], on="cine_id", suffixes=("", "_twin"), validate="one_to_one")
    if both.empty:
        return {"n": 0, "n_patients": 0, REASON: "no cine with heat in both"}
    means = {"concentration": float(both[column].mean()), "of_twin": float(both[f"{column}_twin"].mean())}
    difference = _mean(both[column] - both[f"{column}_twin"], rows=both, level=level, name="difference")
    return counts_of(both) | means | difference


def _favoured(rows: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """Per cine the mean over phases of the predicted class' map."""
    predicted = rows[rows["is_predicted"].astype(bool)].dropna(subset=column)
    return predicted.groupby(["cine_id", "patient_id"], as_index=False)[[column]].mean()
