"""Contact sheets: order, marks, bytes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cinemyo import tables
from cinemyo.config import Recipe
from cinemyo.layout import Layout
from cinemyo.preparation.locate import locate
from cinemyo.preparation.prepare import prepare
from cinemyo.record.contact_sheet import CELL, CROSS, FLAG, HEAD, MARGIN, TILE, contact_sheet, entries_of, shortened
from tests.preparation.study import annotated, exam
from tests.preparation.test_region import CONFIG

RECIPE = Recipe(pixel_mm=3.0, canvas_px=128, window="heart")


Study = tuple[Layout, dict[str, pd.DataFrame]]


def _study(base: Path, *, doubtful: dict[int, float] | None = None) -> Study:
    """Three prepared slices, some of them with a centre and phases in doubt."""
    cines, layout = exam(base)
    labels = annotated(diastole_index=0, systole_index=5)
    regions, phases = locate(cines, layout=layout, labels=labels, config=CONFIG)
    for row, confidence in (doubtful or {}).items():
        regions.loc[row, ["centre_confidence", "review"]] = [confidence, True]
        phases.loc[row, "review"] = True
    prepare(cines, layout=layout, regions=regions, name="coarse", recipe=RECIPE)
    prepared = tables.read(layout.prepared("coarse") / "prepared.csv", table=tables.PREPARED)
    return layout, {
        "prepared": prepared,
        "cines": cines,
        "labels": labels,
        "regions": regions,
        "phases": phases,
    }


def _sheet(base: Path, *, doubtful: dict[int, float] | None = None) -> list[Path]:
    layout, frames = _study(base, doubtful=doubtful)
    return contact_sheet(**frames, layout=layout, recipe="coarse", title="Three slices")


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_small_cohort_is_one_page(tmp_path: Path) -> None:
    assert [path.name for path in _sheet(tmp_path)] == ["page_01.png"]


def test_the_cross_is_in_the_middle_of_both_tiles(tmp_path: Path) -> None:
    page = _pixels(_sheet(tmp_path)[0])
    for left in (MARGIN, MARGIN + TILE + 1):
        assert tuple(page[HEAD + MARGIN + TILE // 2, left + TILE // 2]) == CROSS


def test_no_doubt_is_no_red(tmp_path: Path) -> None:
    assert not (_pixels(_sheet(tmp_path)[0]) == FLAG).all(axis=-1).any()


def test_doubtful_cines_come_first_in_a_red_frame(tmp_path: Path) -> None:
    page = _pixels(_sheet(tmp_path, doubtful={2: 0.2, 1: 0.4})[0])
    framed = [tuple(page[HEAD + CELL[1] // 2, at * CELL[0] + 1]) == FLAG for at in range(3)]
    assert framed == [True, True, False]


def test_a_cine_that_may_show_text_stands_before_a_doubtful_one(tmp_path: Path) -> None:
    _, frames = _study(tmp_path, doubtful={1: 0.2})
    frames["cines"] = frames["cines"].assign(text_score=[0.0, 0.0, 0.9])
    listed = entries_of(**frames)
    assert [entry.cine_id for entry in listed] == frames["cines"]["cine_id"].iloc[[2, 1, 0]].tolist()
    assert [entry.flags[-1:] for entry in listed] == [["text suspected"], ["phases 1.00"], []]


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (["lossy"], "lossy"),
        (["centre 0.20", "lossy"], "centre 0.20, lossy"),
        (["centre 0.20", "view label geometry", "lossy"], "centre 0.20 +2"),
        (["last frames missing", "first frame late"], "last frames missing +1"),
    ],
)
def test_flags_are_cut_to_the_room_there_is(flags: list[str], shown: str) -> None:
    assert shortened(flags) == shown


def test_the_same_cohort_is_the_same_bytes(tmp_path: Path) -> None:
    first, second = (_sheet(tmp_path / part)[0].read_bytes() for part in ("a", "b"))
    assert first == second


def test_a_page_holds_no_word_on_its_making(tmp_path: Path) -> None:
    with Image.open(_sheet(tmp_path)[0]) as picture:
        assert not picture.info


@pytest.mark.parametrize("stale", ["page_09.png"])
def test_pages_of_an_earlier_cohort_go(tmp_path: Path, stale: str) -> None:
    page = _sheet(tmp_path)[0]
    (page.parent / stale).write_bytes(b"old")
    assert len(_sheet(tmp_path)) == 1
