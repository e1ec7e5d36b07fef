"""Tables of regions and phases: computed, annotated, refused, doubtful."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import SliceRule
from cinemyo.deid.keys import load_key
from cinemyo.errors import LabelError
from cinemyo.layout import Layout
from cinemyo.preparation.locate import FEW, locate
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.images import read_cine, read_mask
from cinemyo.sources.ingest import ingest
from tests.cohort import name
from tests.preparation.hearts import SHAPE
from tests.preparation.study import CENTRE, IDS, annotated, exam
from tests.preparation.test_region import CONFIG
from tests.shared import ACDC, needs


def _first(
    base: Path, *, frames: list[np.ndarray] | None = None, **cells: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    cines, layout = exam(base, frames=frames)
    regions, phases = locate(cines, layout=layout, labels=annotated(**cells), config=CONFIG)
    return regions.iloc[0].to_dict(), phases.iloc[0].to_dict()


def test_a_heart_is_located_with_its_window_and_phases(tmp_path: Path) -> None:
    region, phases = _first(tmp_path)
    assert np.hypot(region["centre_row_mm"] - CENTRE[0], region["centre_column_mm"] - CENTRE[1]) < 4
    assert (phases["diastole_index"], phases["systole_index"], phases["systole_ms"]) == (0, 5, 350.0)
    flags = [region["review"], region["centre_annotated"], phases["review"], phases["annotated"]]
    assert not any(flags)


def test_rows_keep_the_order_of_the_cines(tmp_path: Path) -> None:
    cines, layout = exam(tmp_path)
    regions, phases = locate(cines.iloc[::-1], layout=layout, labels=annotated(), config=CONFIG)
    assert list(regions["cine_id"]) == list(phases["cine_id"]) == IDS[::-1]


def test_the_tables_hold_to_their_contracts(tmp_path: Path) -> None:
    cines, layout = exam(tmp_path)
    regions, phases = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    tables.check(regions, table=tables.REGIONS, where="here")
    tables.check(phases, table=tables.PHASE_TABLE, where="here")


def test_the_view_label_plays_no_part(tmp_path: Path) -> None:
    assert _first(tmp_path / "a", view="four_chamber") == _first(tmp_path / "b", view="short_axis")


def test_an_annotated_centre_wins(tmp_path: Path) -> None:
    region, _ = _first(tmp_path, centre_row_mm=50.0, centre_column_mm=60.0)
    assert (region["centre_row_mm"], region["centre_column_mm"]) == (50.0, 60.0)
    assert (region["centre_method"], region["centre_confidence"], region["centre_annotated"]) == (
        "annotated",
        1.0,
        True,
    )


def test_an_annotated_window_wins(tmp_path: Path) -> None:
    region, _ = _first(tmp_path, window_low=3.0, window_high=77.0)
    assert (region["window_low"], region["window_high"], region["window_annotated"]) == (3.0, 77.0, True)
    assert not region["centre_annotated"]


def test_annotated_phases_win(tmp_path: Path) -> None:
    _, phases = _first(tmp_path, diastole_index=2, systole_index=7)
    assert (phases["diastole_index"], phases["systole_index"], phases["method"]) == (2, 7, "annotated")
    assert phases["annotated"]
    assert phases["systole_ms"] == 490.0


def test_one_annotated_phase_wins_and_the_other_is_computed(tmp_path: Path) -> None:
    _, phases = _first(tmp_path, systole_index=7)
    assert (phases["diastole_index"], phases["systole_index"]) == (0, 7)
    assert phases["method"] == "annotated_systole+stack_course"
    assert not phases["annotated"]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"diastole_index": 2, "systole_index": 12}, "two different frames of 0 to 11, got 2 and 12"),
        ({"diastole_index": 2, "systole_index": 2}, "two different frames of 0 to 11, got 2 and 2"),
        ({"centre_row_mm": 50.0}, "both centre_row_mm and centre_column_mm, or neither"),
        ({"centre_row_mm": 500.0, "centre_column_mm": 60.0}, "a centre within 238 x 258 mm"),
        ({"window_low": 9.0, "window_high": 9.0}, "window_low < window_high"),
    ],
)
def test_an_impossible_annotation_is_refused(tmp_path: Path, cells: dict[str, Any], said: str) -> None:
    with pytest.raises(LabelError, match=said):
        _first(tmp_path, **cells)


def test_an_image_of_one_value_is_flagged_and_no_crash(tmp_path: Path) -> None:
    region, phases = _first(tmp_path, frames=[np.full((12, *SHAPE), 7, np.float32)] * 3)
    assert (region["centre_confidence"], region["window_confidence"], phases["confidence"]) == (0, 0, 0)
    assert region["review"]
    assert phases["review"]


def test_a_person_who_annotates_everything_settles_the_doubt(tmp_path: Path) -> None:
    centre = {"centre_row_mm": 50.0, "centre_column_mm": 60.0, "window_low": 0.0, "window_high": 9.0}
    blank = [np.full((12, *SHAPE), 7, np.float32)] * 3
    region, phases = _first(tmp_path, frames=blank, diastole_index=0, systole_index=4, **centre)
    assert not region["review"]
    assert not phases["review"]


def test_a_pair_without_annotation_takes_the_larger_as_diastole(tmp_path: Path) -> None:
    _, layout = exam(tmp_path)
    frames = [np.stack([image[5], image[0]]) for image in [_read(layout, cine_id) for cine_id in IDS]]
    _, phases = _first(tmp_path / "pair", frames=frames)
    assert (phases["diastole_index"], phases["systole_index"], phases["method"]) == (1, 0, "blood_area")


def _read(layout: Layout, cine_id: str) -> np.ndarray:
    return read_cine(layout.ingested / f"{cine_id}.mha")[0]


@needs(ACDC)
def test_real_hearts_are_found(tmp_path: Path) -> None:
    root = tmp_path / "source"
    root.mkdir()
    for patient in ("patient003", "patient025", "patient070"):
        (root / patient).symlink_to(ACDC / patient, target_is_directory=True)
    layout = Layout("real", tmp_path)
    groups = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}
    source = AcdcReader(root, slices=SliceRule(first=0.2, last=0.8), groups=groups)
    ingest(source, layout=layout, key=load_key("published"))
    cines = tables.read(layout.cines, table=tables.CINES)
    regions, _ = locate(cines, layout=layout, labels=tables.from_rows([], table=tables.LABELS), config=CONFIG)
    errors = []
    for cine, region in zip(cines.to_dict("records"), regions.to_dict("records"), strict=True):
        rows, columns = np.nonzero(read_mask(layout.masks / f"{cine['cine_id']}.mha")[0] >= 2)
        away = rows.mean() * cine["row_spacing_mm"] - region["centre_row_mm"]
        errors.append(np.hypot(away, columns.mean() * cine["column_spacing_mm"] - region["centre_column_mm"]))
    assert np.median(errors) < 8
    assert max(errors) < 20


def test_the_cines_of_a_stack_have_one_systole(tmp_path: Path) -> None:
    cines, layout = exam(tmp_path)
    _, phases = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    assert set(phases["method"]) == {"stack_course"}
    assert phases["systole_index"].nunique() == 1


def test_many_exams_over_processes_give_the_tables_of_one_process(tmp_path: Path) -> None:
    cines, layout = exam(tmp_path)
    labels = annotated()
    alone, one = locate(cines, layout=layout, labels=labels, config=CONFIG)
    copies = [cines.assign(exam_id=name("e", number)) for number in range(FEW + 1)]
    renamed = []
    for number, copy in enumerate(copies):
        ids = [name("c", 100 * number + at) for at in range(len(copy))]
        for old, new in zip(copy["cine_id"], ids, strict=True):
            (layout.ingested / f"{new}.mha").write_bytes((layout.ingested / f"{old}.mha").read_bytes())
        renamed.append(copy.assign(cine_id=ids))
    regions, phases = locate(pd.concat(renamed), layout=layout, labels=labels.iloc[:0], config=CONFIG)
    for table, single in ((regions, alone), (phases, one)):
        expected = pd.concat([single] * len(copies), ignore_index=True).drop(columns="cine_id")
        pd.testing.assert_frame_equal(table.drop(columns="cine_id").reset_index(drop=True), expected)
