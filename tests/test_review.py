from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.deid.text_detector import REVIEW_SCORE
from cinemyo.review import (
    REASONS,
    SURE_CINE,
    TEXT_SUSPECTED,
    TIMED,
    ranked,
    reasons_at_ingest,
    reasons_of_preparation,
    reasons_of_views,
    severity,
)
from cinemyo.sources.cine_score import REFUSED_BELOW
from cinemyo.sources.dicom_phases import LADDER

CINE: dict[str, Any] = {
    "n_frames": 25,
    "trigger_start_ms": 0.0,
    "trigger_end_ms": 864.0,
    "rr_ms": 900.0,
    "phase_key": "trigger_time",
    "lossy": False,
    "cine_score": 0.99,
    "geometry_view": "short_axis",
    "geometry_margin_degrees": 30.0,
    "text_score": 0.0,
}
REGION = {"review": False, "centre_confidence": 0.9, "window_confidence": 0.9}
PHASES = {"review": False}


def test_sure_cine_gives_no_reason() -> None:
    assert reasons_at_ingest(CINE) == ()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"text_score": 0.8}, "text_suspected"),
        ({"cine_score": 0.4}, "cine_score_low"),
        ({"geometry_view": "other"}, "view_none_of_four"),
        ({"n_frames": 10, "trigger_end_ms": 810.0}, "few_phases"),
        ({"lossy": True}, "lossy"),
        ({"phase_key": "instance_number", "trigger_start_ms": None, "trigger_end_ms": None}, "no_trigger_times"),
        ({"trigger_end_ms": 700.0}, "last_frames_missing"),
        ({"trigger_start_ms": 150.0, "trigger_end_ms": 1014.0}, "first_frame_late"),
    ],
)
def test_row_of_a_cine_gives_its_reason(changed: dict[str, Any], reason: str) -> None:
    assert reasons_at_ingest(CINE | changed) == (reason,)


@pytest.mark.parametrize(
    "changed",
    [
        {"geometry_view": "other", "geometry_margin_degrees": 1.0},
        {"rr_ms": None, "trigger_end_ms": 300.0},
        {"cine_score": None, "phase_key": "frame_index"},
        dict.fromkeys(("cine_score", "text_score", "geometry_view", "lossy", "trigger_start_ms", "rr_ms")),
        {"cine_score": float("nan"), "text_score": float("nan"), "lossy": float("nan"), "geometry_view": float("nan")},
    ],
)
def test_what_is_not_known_is_no_reason(changed: dict[str, Any]) -> None:
    assert reasons_at_ingest(CINE | changed) == ()


def test_columns_of_an_older_table_may_be_absent() -> None:
    assert reasons_at_ingest({"n_frames": 20, "phase_key": "trigger_time"}) == ()


@pytest.mark.parametrize(
    ("region", "phases", "reasons"),
    [
        ({}, {}, ()),
        ({"review": True, "centre_confidence": 0.2}, {}, ("region_low_confidence",)),
        ({"review": True, "window_confidence": 0.2}, {}, ("window_low_confidence",)),
        ({}, {"review": True}, ("phase_low_confidence",)),
    ],
)
def test_preparation_in_doubt_gives_its_reason(
    region: dict[str, Any], phases: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    assert reasons_of_preparation(REGION | region, PHASES | phases) == reasons


@pytest.mark.parametrize(
    ("told", "label", "answer", "reasons"),
    [
        ("short_axis", "short_axis", "short_axis", ()),
        ("short_axis", "four_chamber", None, ("view_label_geometry",)),
        ("short_axis", None, "four_chamber", ("view_cnn_geometry",)),
        ("short_axis", "short_axis", "four_chamber", ("view_cnn_label", "view_cnn_geometry")),
        ("other", "four_chamber", "four_chamber", ("view_label_geometry",)),
        ("vla_left", "vla_right", "vla_right", ("view_label_geometry", "view_cnn_geometry")),
        (None, "four_chamber", "short_axis", ("view_cnn_label",)),
        (None, None, None, ()),
    ],
)
def test_views_that_differ_are_named(
    told: str | None, label: str | None, answer: str | None, reasons: tuple[str, ...]
) -> None:
    assert reasons_of_views(CINE | {"geometry_view": told}, label=label, answer=answer) == reasons


def test_a_view_without_margin_contradicts_nobody() -> None:
    assert reasons_of_views(CINE | {"geometry_margin_degrees": 2.0}, label="four_chamber") == ()


def test_reasons_stand_in_order_of_severity() -> None:
    severities = [reason.severity for reason in REASONS.values()]
    assert severities == sorted(severities, reverse=True)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(sorted(REASONS))))
def test_ranking_keeps_each_reason_once_and_moves_no_severity(reasons: list[str]) -> None:
    found = ranked(reasons)
    assert set(found) == set(reasons)
    assert len(found) == len(set(reasons))
    assert ranked(found) == found
    assert severity(found)[0] == max((REASONS[reason].severity for reason in reasons), default=0)


def test_every_reason_says_what_to_do() -> None:
    assert all(reason.meaning and reason.remedy for reason in REASONS.values())


def test_bounds_agree_with_those_of_the_readers() -> None:
    assert TEXT_SUSPECTED == REVIEW_SCORE
    assert REFUSED_BELOW < SURE_CINE


def test_how_to_names_every_reason_with_its_severity() -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to-review.md").read_text(encoding="utf-8")
    assert [name for name, reason in REASONS.items() if f"| `{name}` | {reason.severity} |" not in page] == []


def test_times_after_the_r_wave_are_rungs_of_the_ladder() -> None:
    assert set(TIMED) < set(LADDER)
