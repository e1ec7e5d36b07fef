from typing import Any

from cinemyo.sources.outcome import left_out
from cinemyo.sources.told import told_lines

INGESTED: dict[str, Any] = {
    **{"root": "R", "source": "dicom", "out": "O", "key": "abcd", "parts": 9, "parts_reused": 0},
    **{"found": 30, "used": 20, "excluded": 10, "patients": 1, "exams": 1, "series": 1, "cines": 2, "frames": 20},
    "counts": {"phase keys": {"trigger_time": 2}, "decoders": {}},
    "left": [
        {"code": "scout", "reason": "a localiser", "items": 1, "files": 10},
        {"code": "map", "reason": "a parametric map", "items": 12, "files": 0},
    ],
    "review": {"lossy": 2},
}


def block(lines: list[str], title: str) -> list[str]:
    """The lines under a title."""
    rest = lines[lines.index(title) + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


def test_columns_are_one_below_the_other() -> None:
    lines = block(told_lines(INGESTED), "left out: code, files, items, reason")
    assert lines == ["  scout  10   1  a localiser", "  map     0  12  a parametric map"]


def test_a_title_without_values_is_left_out() -> None:
    lines = told_lines(INGESTED)
    assert "phase keys" in lines
    assert "decoders" not in lines


def test_what_a_person_should_look_at_is_told_in_words() -> None:
    assert block(told_lines(INGESTED), "to review (cines)") == ["  lossy  2  the pixels went through lossy compression"]


def test_work_of_an_earlier_run_is_told() -> None:
    assert "finished before: 4 of 9 parts" in told_lines(INGESTED | {"parts_reused": 4})


def test_items_and_files_are_counted_by_code_most_files_first() -> None:
    rows = [
        {"code": "map", "reason": "a", "n_files": 1},
        {"code": "scout", "reason": "b", "n_files": 5},
        {"code": "map", "reason": "c", "n_files": 2},
        {"code": "map", "reason": "c", "n_files": 0},
    ]
    found = [(item.code, item.reason, item.items, item.files) for item in left_out(rows)]
    assert found == [("scout", "b", 1, 5), ("map", "c", 3, 3)]
