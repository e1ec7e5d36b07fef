"""The folder of a recipe: canvases, their table, what was left out."""

from pathlib import Path

import numpy as np
import pytest

from cinemyo import tables
from cinemyo.config import Recipe
from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import read_pages
from cinemyo.preparation.locate import locate
from cinemyo.preparation.prepare import Prepared, prepare, work_of
from tests.preparation.hearts import SHAPE, heart, radii
from tests.preparation.study import CENTRE, IDS, annotated, exam
from tests.preparation.test_region import CONFIG

RECIPE = Recipe(pixel_mm=1.5, canvas_px=192, window="heart")


def _prepare(base: Path, *, frames: list[np.ndarray] | None = None) -> Layout:
    cines, layout = exam(base, frames=frames)
    regions, _ = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    prepare(cines, layout=layout, regions=regions, name="standard", recipe=RECIPE)
    return layout


def _again(base: Path, *, workers: int | None = None) -> tuple[Prepared, Layout]:
    """Prepares without clearing what is finished."""
    cines, layout = exam(base)
    regions, _ = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    done = work_of(layout, name="standard", recipe=RECIPE)
    found = prepare(
        cines, layout=layout, regions=regions, name="standard", recipe=RECIPE, finished=done, workers=workers
    )
    return found, layout


def _digest(layout: Layout) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(layout.prepared("standard").iterdir())}


def test_each_cine_has_a_page_per_phase(tmp_path: Path) -> None:
    layout = _prepare(tmp_path)
    assert read_pages(layout.prepared("standard") / f"{IDS[2]}.tif").shape == (12, 192, 192)


def test_blood_is_white_at_the_recorded_centre(tmp_path: Path) -> None:
    layout = _prepare(tmp_path)
    row = tables.read(layout.prepared("standard") / "prepared.csv", table=tables.PREPARED).iloc[0]
    page = read_pages(layout.prepared("standard") / f"{row['cine_id']}.tif", [0])[0]
    assert page[round(row["centre_row_px"]), round(row["centre_column_px"])] > 245


def test_a_cine_without_a_window_is_excluded_by_name(tmp_path: Path) -> None:
    beating = heart(CENTRE, radii(12))
    layout = _prepare(tmp_path, frames=[beating, np.full((12, *SHAPE), 7, np.float32), beating])
    left = tables.read(layout.prepared("standard") / "exclusions.csv", table=tables.EXCLUSIONS)
    kept = tables.read(layout.prepared("standard") / "prepared.csv", table=tables.PREPARED)
    assert list(left["item"]) == [IDS[1]]
    assert list(left["code"]) == ["empty_window"]
    assert list(kept["cine_id"]) == [IDS[0], IDS[2]]


def test_the_same_images_give_the_same_bytes(tmp_path: Path) -> None:
    assert _digest(_prepare(tmp_path / "a")) == _digest(_prepare(tmp_path / "b"))


def test_a_second_run_replaces_the_folder(tmp_path: Path) -> None:
    layout = _prepare(tmp_path)
    (layout.prepared("standard") / "stale.tif").write_bytes(b"old")
    _prepare(tmp_path)
    assert "stale.tif" not in _digest(layout)


def test_a_fault_leaves_nothing_half_written(tmp_path: Path) -> None:
    cines, layout = exam(tmp_path)
    regions, _ = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    (layout.ingested / f"{IDS[2]}.mha").unlink()
    with pytest.raises(SourceError, match="run the stage ingest"):
        prepare(cines, layout=layout, regions=regions, name="standard", recipe=RECIPE)
    assert not (layout.data / "prepared").exists()


def test_a_study_without_any_window_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected at least one cine, got 3 excluded"):
        _prepare(tmp_path, frames=[np.full((12, *SHAPE), 7, np.float32)] * 3)


def test_a_finished_canvas_is_not_made_again(tmp_path: Path) -> None:
    first, layout = _again(tmp_path)
    before = _digest(layout)
    second, _ = _again(tmp_path)
    assert (first, second) == (Prepared(3, 0), Prepared(3, 3))
    assert _digest(layout) == before


def test_a_canvas_cut_short_is_made_again(tmp_path: Path) -> None:
    _, layout = _again(tmp_path)
    before = _digest(layout)
    (cut := work_of(layout, name="standard", recipe=RECIPE).path(f"{IDS[0]}.tif")).unlink()
    cut.write_bytes(b"half")
    assert _again(tmp_path)[0] == Prepared(3, 2)
    assert _digest(layout) == before


def test_another_recipe_takes_nothing_over(tmp_path: Path) -> None:
    _, layout = _again(tmp_path)
    other = work_of(layout, name="standard", recipe=RECIPE.model_copy(update={"canvas_px": 96}))
    assert list(other.folder.iterdir()) == []


def test_finished_canvases_are_cleared_once_all_is_written(tmp_path: Path) -> None:
    _prepare(tmp_path)
    assert not (tmp_path / ".cache").exists()


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_processes_changes_no_byte(tmp_path: Path, workers: int) -> None:
    _, layout = _again(tmp_path / "a", workers=workers)
    assert _digest(layout) == _digest(_prepare(tmp_path / "b"))
