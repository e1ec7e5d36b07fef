"""What a person should look at: each cine with its reasons, the most severe first, and how often each is given."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import tabulated
from cinemyo.evaluation.result import REASON, ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.persons import persons_of
from cinemyo.review import (
    REASONS,
    ranked,
    reasons_at_ingest,
    reasons_of_preparation,
    reasons_of_views,
    severity,
    told_view,
)

TITLE: Final = "Why cines should be looked at"
NOTE: Final = (
    "Cines by reason; n: those for which it could be checked. severity 3: the cine may be the wrong thing or show "
    "who it is; 2: a measure on it may be wrong; 1: good to know. A cine may have several reasons. Three views "
    "are told without each other: that of the label sheet, that of the plane in the patient, and that of {arm}. "
    "The cines themselves stand in reports/errors/review_queue.csv."
)
QUEUE: Final = (
    *("cine_id", "patient_id", "severity", "reasons", "view", "geometry_view", "geometry_margin_degrees"),
    *("answered_view", "cine_score"),
)
"""Columns of the queue; `reasons` are words of `cinemyo.review.REASONS` parted by blanks."""

READ: Final = {
    "cines": (
        *("cine_id", "patient_id", "n_frames", "phase_key", "trigger_start_ms", "trigger_end_ms", "rr_ms", "lossy"),
        *("cine_score", "geometry_view", "geometry_margin_degrees", "text_score"),
    ),
    "labels": ("cine_id", "view"),
    "regions": ("cine_id", "review", "centre_confidence", "window_confidence"),
    "phases": ("cine_id", "review"),
}
"""Columns that the reasons hang on."""

Row = dict[str, Any]
_Known = Callable[[Row], bool]


def tables(evidence: Evidence) -> list[ResultTable]:
    """How many cines each reason is given for, and for how many it could be checked; counts alone, no id.

    Departs from §2.3: there a person prepared, labelled and saw each input.
    """
    rows = _rows(evidence)
    persons = persons_of([row["patient_id"] for row in rows], links=evidence.links)
    counts = [_count(name, rows=rows, persons=persons) for name in REASONS]
    arm = view_arm(evidence)
    named = f"arm {arm.name} where it did not train on the cine" if arm else "an arm of views (none here)"
    return [ResultTable("review_reasons", TITLE, tabulated(counts), NOTE.format(arm=named))]


def review_queue(evidence: Evidence) -> pd.DataFrame:
    """A row per cine that a person should look at: the most severe first, then those with more reasons."""
    flagged = [row | {"severity": severity(row["reasons"])[0]} for row in _rows(evidence) if row["reasons"]]
    flagged.sort(key=lambda row: severity(row["reasons"]), reverse=True)
    listed = [row | {"reasons": " ".join(row["reasons"])} for row in flagged]
    return pd.DataFrame(listed, columns=list(QUEUE))


def view_arm(evidence: Evidence) -> Scored | None:
    """The first honest arm of views, or None."""
    return next((scored for scored in evidence.honest if scored.arm.target == "view"), None)


def _rows(evidence: Evidence) -> list[Row]:
    """Every cine with its three views and its reasons, in the order of the cines."""
    labels, regions, phases = (
        {str(row["cine_id"]): row for row in _records(evidence, name)} for name in ("labels", "regions", "phases")
    )
    answered = _answers(view_arm(evidence))
    return [
        _row(row, label=labels.get(cine, {}), region=regions[cine], phases=phases[cine], answer=answered.get(cine))
        for row in _records(evidence, "cines")
        if (cine := str(row["cine_id"])) in regions
    ]


def _row(row: Row, *, label: Row, region: Row, phases: Row, answer: str | None) -> Row:
    view = label.get("view")
    reasons = (
        *reasons_at_ingest(row),
        *reasons_of_preparation(region, phases),
        *reasons_of_views(row, label=view, answer=answer),
    )
    return row | {"view": view, "told": told_view(row), "answered_view": answer, "reasons": ranked(reasons)}


def _answers(arm: Scored | None) -> dict[str, str]:
    """The view that the arm called for each cine that it did not train on."""
    if arm is None:
        return {}
    called = zip(arm.answers["cine_id"], arm.answers["predicted"], strict=True)
    return {str(cine): arm.classes[int(number)] for cine, number in called}


def _count(name: str, *, rows: list[Row], persons: Mapping[str, str]) -> Row:
    is_known, needs = CHECKS.get(name, (_always, ""))
    checked = [row for row in rows if is_known(row)]
    given = [row for row in checked if name in row["reasons"]]
    reason = REASONS[name]
    return {
        "flag": name,
        "severity": reason.severity,
        "cines": len(given),
        "n": len(checked),
        "n_patients": len({persons[row["patient_id"]] for row in given}),
        "share": len(given) / len(checked) if checked else np.nan,
        "meaning": reason.meaning,
        "remedy": reason.remedy,
        REASON: "" if checked else needs,
    }


def _always(row: Row) -> bool:
    """Whatever the cine."""
    return True


def _has(*names: str) -> _Known:
    return lambda row: all(row.get(name) is not None for name in names)


_HEADERS: Final = "not checked: the source has no headers"
CHECKS: Final[dict[str, tuple[_Known, str]]] = {
    "text_suspected": (_has("text_score"), "not checked: no score of text"),
    "cine_score_low": (_has("cine_score"), _HEADERS),
    "no_trigger_times": (_has("cine_score"), _HEADERS),
    "lossy": (_has("lossy"), "not checked: nothing tells how the pixels were stored"),
    "view_label_geometry": (_has("view", "told"), "not checked: no label of the view, or no orientation"),
    "view_none_of_four": (_has("told"), "not checked: the source tells no orientation"),
    "view_cnn_label": (_has("view", "answered_view"), "not part of this study: add an arm of views"),
    "view_cnn_geometry": (_has("told", "answered_view"), "not part of this study: add an arm of views"),
    "last_frames_missing": (_has("trigger_start_ms", "trigger_end_ms", "rr_ms"), "not checked: no trigger times"),
    "first_frame_late": (_has("trigger_start_ms", "trigger_end_ms", "rr_ms"), "not checked: no trigger times"),
}
"""What must be known of a cine for a reason to be checked, and what to say where that is known of none."""


def _records(evidence: Evidence, name: str) -> list[Row]:
    """Rows of a table as mappings, missing cells as None."""
    frame: pd.DataFrame = getattr(evidence, name)
    own = frame[[column for column in READ[name] if column in frame]].astype(object)
    names = [str(column) for column in own]
    return [dict(zip(names, cells, strict=True)) for cells in own.where(own.notna(), None).to_numpy().tolist()]
