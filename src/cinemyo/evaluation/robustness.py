"""How far answers change when the preparation of a test cine is put off."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.config import Params, Robustness
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import counts_of, difference_of, hits_of, levels, share_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES, Target

AS_IS: Final = "as_is"
TITLE: Final = "Robustness to preparation"
NOTE: Final = (
    "Change of accuracy and share of answers that are no longer the same, against the preparation as it is. All "
    "directions: their mean; n counts the answers of all of them. Worst: the direction that loses most accuracy, then "
    "flips most answers, chosen after the fact, so that its interval is too sure of itself."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Change of accuracy and flipped answers of each honest arm, per kind of preparation."""
    tried = [scored for scored in evidence.honest if len(evidence.robustness.get(scored.name, ()))]
    if not tried:
        needs = "add the stage robustness, and arms by patient with labels as given"
        return [ResultTable.absent("robustness", title=TITLE, needs=needs)]
    rows = (
        row
        for scored in tried
        for row in rows_of(evidence.robustness[scored.name], scored=scored, params=evidence.params)
    )
    return [ResultTable("robustness", TITLE, tabulated(rows), NOTE)]


def kinds(settings: Robustness) -> dict[str, tuple[str, ...]]:
    """Directions of each kind of preparation, by the words that a table has for it."""
    return {
        f"centre {settings.centre_mm:g} mm off": ("centre_up", "centre_down", "centre_left", "centre_right"),
        f"frame {settings.frames} off": ("frame_before", "frame_after"),
        f"window {settings.window_share:.0%} off": ("window_narrower", "window_wider"),
        f"turned {settings.rotation_degrees:g} degrees": ("turned_left", "turned_right"),
    }


def rows_of(answers: pd.DataFrame, *, scored: Scored, params: Params) -> Iterator[dict[str, Any]]:
    """Rows per kind of preparation and level: all directions, and the worst one."""
    prepared = _by_preparation(answers, scored=scored)
    head, tail = {"arm": scored.name}, {"standing": standing(scored.arm, study=params.study)}
    for kind, names in kinds(params.robustness).items():
        directions = [name for name in names if name in prepared]
        if not directions:
            yield head | {"preparation": kind, "reason": "not tried on any cine of this arm"} | tail
            continue
        for name in prepared[AS_IS]:
            pairs = {each: _paired(prepared[AS_IS][name], put_off=prepared[each][name]) for each in directions}
            worst = min(pairs, key=lambda each: _loss(pairs[each]))
            shown = {"all directions": pd.concat(pairs.values()), f"worst: {worst}": pairs[worst]}
            for direction, rows in shown.items():
                own = {"preparation": kind, "level": name, "direction": direction} | _figures(rows, params=params)
                yield head | own | {"reason": ""} | tail


def _by_preparation(answers: pd.DataFrame, *, scored: Scored) -> dict[str, dict[str, pd.DataFrame]]:
    """By preparation and level: rows as in `Scored.answers`, of the test cines alone."""
    target: Target = scored.arm.target
    columns = [f"p_{name}" for name in scored.classes]
    known = scored.answers[["cine_id", "patient_id"]]
    rows = known.merge(answers, on="cine_id", how="inner", validate="one_to_many")
    rows["truth"] = rows["truth"].map({name: index for index, name in enumerate(CLASSES[target])}).astype(int)
    rows["predicted"] = np.argmax(rows[columns].to_numpy(float), axis=1)
    return {str(name): levels(own, target=target) for name, own in rows.groupby("preparation", sort=False)}


def _paired(as_is: pd.DataFrame, *, put_off: pd.DataFrame) -> pd.DataFrame:
    """Rows that both preparations answered: patient, truth, the answer as it is and the one put off."""
    keys = ["cine_id"] if "cine_id" in as_is else ["patient_id", "truth"]
    kept = as_is[[*dict.fromkeys([*keys, "patient_id", "truth", "predicted"])]]
    return kept.merge(put_off[[*keys, "predicted"]], on=keys, suffixes=("", "_off"), validate="one_to_one")


def _loss(rows: pd.DataFrame) -> tuple[float, float]:
    """Change of accuracy, then minus the share flipped: the worst direction has the least of it."""
    flipped = (rows["predicted"] != rows["predicted_off"]).mean()
    return float((rows["predicted_off"] == rows["truth"]).mean() - hits_of(rows).mean()), -float(flipped)


def _figures(rows: pd.DataFrame, *, params: Params) -> dict[str, Any]:
    level = params.evaluate.level
    before, after = hits_of(rows), (rows["predicted_off"] == rows["truth"]).to_numpy(int)
    flipped = (rows["predicted"] != rows["predicted_off"]).to_numpy(int)
    figures: dict[str, Any] = counts_of(rows)
    figures |= {"accuracy_as_is": float(before.mean()), "accuracy": float(after.mean())}
    figures |= difference_of(before, second=after, rows=rows, level=level, name="change")
    return figures | share_of(flipped, rows=rows, level=level, name="flipped")
