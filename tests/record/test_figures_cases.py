"""Sheets of misclassified cines."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import write_pages
from cinemyo.record.figures_cases import SHOWN, case_sheet, read_pairs
from tests.cohort import name
from tests.evaluation.example import params

CINE = name("c", 0, 0)
PREPARED = pd.DataFrame({"cine_id": [CINE], "centre_row_px": [20.0], "centre_column_px": [30.0]})
PHASES = pd.DataFrame({"cine_id": [CINE], "diastole_index": [2], "systole_index": [0]})
SMALL = params(dual={"crop_px": 16}, whole={"crop_px": None})


def cases(count: int) -> pd.DataFrame:
    row = {"cine_id": CINE, "fold": 0, "view": "short_axis", "truth": "hcm", "predicted": "normal", "p_normal": 0.7}
    return pd.DataFrame(
        [row | {"region_review": True, "phase_review": False}] * count, columns=[*row, "region_review", "phase_review"]
    )


def pair() -> np.ndarray:
    return np.full((2, 16, 16), 128, np.uint8)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A study with one canvas of three pages, each of its own gray level."""
    layout = Layout("demo", tmp_path)
    pages = np.stack([np.full((40, 40), level, np.uint8) for level in (10, 20, 30)])
    write_pages(layout.prepared("standard") / f"{CINE}.tif", pages)
    return layout


def test_a_pair_is_diastole_then_systole(layout: Layout) -> None:
    pairs = read_pairs([CINE], arm=SMALL.arms["dual"], layout=layout, prepared=PREPARED, phases=PHASES)
    assert pairs[0][:, 8, 8].tolist() == [30, 10]


@pytest.mark.parametrize(("arm", "side"), [("dual", 16), ("whole", 40)])
def test_a_pair_has_the_size_that_the_arm_saw(layout: Layout, arm: str, side: int) -> None:
    pairs = read_pairs([CINE], arm=SMALL.arms[arm], layout=layout, prepared=PREPARED, phases=PHASES)
    assert pairs[0].shape == (2, side, side)


def test_a_missing_canvas_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=CINE):
        read_pairs([CINE], arm=SMALL.arms["dual"], layout=Layout("x", tmp_path), prepared=PREPARED, phases=PHASES)


def test_a_sheet_is_the_same_bytes_every_time() -> None:
    sheets = [case_sheet(cases(3), pairs=[pair()] * 3, title="dual", note="synthetic") for _ in range(2)]
    assert sheets[0] == sheets[1]


def test_an_arm_without_errors_has_a_sheet_that_says_so() -> None:
    assert case_sheet(cases(0), pairs=[], title="dual", note="synthetic").startswith(b"\x89PNG")


def test_a_sheet_stops_at_its_limit() -> None:
    many, few = (case_sheet(cases(n), pairs=[pair()] * SHOWN, title="dual", note="") for n in (SHOWN + 20, SHOWN))
    size = slice(16, 24)
    assert many[size] == few[size]
