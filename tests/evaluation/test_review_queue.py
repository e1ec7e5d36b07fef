"""Cines are flagged by what the tables say of them, and by views that differ."""

from typing import Any

import pandas as pd
import pytest

from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.review_queue import QUEUE, review_queue, tables, view_arm
from cinemyo.labels import VIEWS
from cinemyo.review import REASONS
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence, phases, regions

CINES, LABELS, _ = study_tables()
VIEW = scored("view_dual", params().arms["view_dual"], skill=50.0)
FIRST, SECOND, THIRD = (str(cine) for cine in CINES["cine_id"].head(3))
TOLD = CINES.assign(
    geometry_view=CINES["cine_id"].map(LABELS.set_index("cine_id")["view"]),
    geometry_margin_degrees=20.0,
    cine_score=0.99,
    phase_key="trigger_time",
    n_frames=25,
    trigger_start_ms=0.0,
    trigger_end_ms=864.0,
    rr_ms=900.0,
    lossy=False,
    text_score=0.0,
)


def changed(cine: str, **values: Any) -> pd.DataFrame:
    """Sure cines, but for one."""
    frame = TOLD.copy()
    for name, value in values.items():
        frame.loc[frame["cine_id"] == cine, name] = value
    return frame


def other_view(cine: str) -> str:
    own = LABELS.set_index("cine_id")["view"][cine]
    return next(view for view in VIEWS if view != own)


def counted(own: Evidence) -> pd.DataFrame:
    (table,) = tables(own)
    return table.rows.set_index("flag")


def test_sure_study_has_an_empty_queue() -> None:
    queue = review_queue(evidence(cines=TOLD))
    assert queue.empty
    assert tuple(queue.columns) == QUEUE


def test_plane_that_contradicts_the_label_is_flagged() -> None:
    queue = review_queue(evidence(cines=changed(FIRST, geometry_view=other_view(FIRST))))
    assert queue["cine_id"].tolist() == [FIRST]
    assert queue["reasons"].tolist() == ["view_label_geometry"]
    assert queue["severity"].tolist() == [3]


def test_plane_without_margin_is_not_flagged() -> None:
    cines = changed(FIRST, geometry_view=other_view(FIRST), geometry_margin_degrees=1.0)
    assert review_queue(evidence(cines=cines)).empty


def test_network_is_asked_where_it_did_not_train() -> None:
    own = evidence(VIEW, cines=TOLD)
    wrong = VIEW.answers["cine_id"][VIEW.answers["truth"] != VIEW.answers["predicted"]]
    queue = review_queue(own)
    assert sorted(queue["cine_id"]) == sorted(wrong)
    assert set(queue["reasons"]) <= {"view_cnn_label view_cnn_geometry"}


def test_wrong_label_is_told_by_plane_and_network_alike() -> None:
    labels = LABELS.copy()
    labels.loc[labels["cine_id"] == SECOND, "view"] = other_view(SECOND)
    sure = VIEW.answers.assign(predicted=[VIEWS.index(view) for view in VIEW.answers["view"]])
    own = evidence(type(VIEW)(VIEW.name, VIEW.arm, sure, VIEW.test_share), cines=TOLD, labels=labels)
    assert SECOND in set(VIEW.answers["cine_id"])
    assert review_queue(own)["reasons"].tolist() == ["view_label_geometry view_cnn_label"]


def test_the_most_severe_cines_come_first() -> None:
    cines = changed(FIRST, lossy=True)
    cines.loc[cines["cine_id"] == THIRD, "text_score"] = 0.9
    cines.loc[cines["cine_id"] == SECOND, ["lossy", "n_frames"]] = [True, 10]
    assert review_queue(evidence(cines=cines))["cine_id"].tolist() == [THIRD, SECOND, FIRST]


def test_preparation_in_doubt_is_flagged() -> None:
    doubtful = regions(TOLD).assign(review=TOLD["cine_id"] == FIRST, centre_confidence=0.2)
    queue = review_queue(
        evidence(cines=TOLD, regions=doubtful, phases=phases(TOLD).assign(review=TOLD["cine_id"] == FIRST))
    )
    assert queue["reasons"].tolist() == ["region_low_confidence phase_low_confidence"]


def test_counts_name_every_reason_once() -> None:
    assert counted(evidence(cines=TOLD)).index.tolist() == list(REASONS)


def test_counts_are_those_of_the_queue() -> None:
    own = evidence(VIEW, cines=changed(FIRST, lossy=True, text_score=0.9))
    listed = review_queue(own)["reasons"].str.split().explode().value_counts()
    counts = counted(own)["cines"]
    assert counts[counts > 0].to_dict() == listed.to_dict()


def test_share_is_of_the_cines_that_could_be_checked() -> None:
    cines = changed(FIRST, lossy=True)
    cines["lossy"] = cines["lossy"].astype(object).where(cines["cine_id"].isin([FIRST, SECOND]), None)
    row = counted(evidence(cines=cines)).loc["lossy"]
    assert (row["cines"], row["n"], row["share"]) == (1, 2, 0.5)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("view_cnn_label", "not part of this study: add an arm of views"),
        ("view_cnn_geometry", "not part of this study: add an arm of views"),
    ],
)
def test_study_without_an_arm_of_views_says_so(flag: str, words: str) -> None:
    own = evidence(cines=TOLD)
    assert view_arm(own) is None
    assert counted(own).loc[flag, "reason"] == words


def test_source_without_headers_says_so() -> None:
    bare = TOLD.assign(cine_score=None, geometry_view=None, lossy=None, text_score=None, trigger_start_ms=None)
    reasons = counted(evidence(cines=bare))["reason"]
    assert reasons["cine_score_low"] == "not checked: the source has no headers"
    assert reasons["view_none_of_four"] == "not checked: the source tells no orientation"
    assert reasons["first_frame_late"] == "not checked: no trigger times"


def test_no_id_stands_in_the_table_of_counts() -> None:
    (table,) = tables(evidence(cines=changed(FIRST, lossy=True)))
    assert not {"cine_id", "patient_id"} & set(table.rows.columns)
    assert FIRST not in table.csv().decode()
