"""The list of result tables."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.report.contents import LONG, block, entries, parted, table_rows, why_empty

STUDY = tuple[Params, Layout]
ITEM = {"section": "paper", "section_title": "Paper", "name": "table_1", "title": "Table 1", "note": ""}


def listed(layout: Layout, items: list[dict[str, Any]]) -> None:
    tables.write_bytes(layout.contents, json.dumps(items).encode())


def test_the_order_is_that_of_the_list(tiny: STUDY) -> None:
    names = [entry.name for entry in entries(tiny[1])]
    assert names[:3] == ["table_1", "table_2", "arms"]


def test_without_the_list_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="run the stage evaluate"):
        entries(Layout("tiny", tmp_path))


def test_an_item_without_a_title_is_refused(tmp_path: Path) -> None:
    layout = Layout("tiny", tmp_path)
    listed(layout, [{key: value for key, value in ITEM.items() if key != "title"}])
    with pytest.raises(TableError, match="none of title in item 0"):
        entries(layout)


def test_a_listed_table_without_a_file_is_refused(tmp_path: Path) -> None:
    layout = Layout("tiny", tmp_path)
    listed(layout, [ITEM])
    with pytest.raises(TableError, match="no file for table_1"):
        entries(layout)


def test_a_table_that_the_study_lacks_says_why(tiny: STUDY) -> None:
    entry = next(entry for entry in entries(tiny[1]) if entry.name == "robustness")
    own = block(entry, layout=tiny[1], primary="dual", titles={})
    assert (own.absent, own.first) == ("not part of this study: add arms X", None)


def test_a_table_has_the_digest_of_its_file(tiny: STUDY) -> None:
    entry = next(entry for entry in entries(tiny[1]) if entry.name == "arms")
    own = block(entry, layout=tiny[1], primary="dual", titles={})
    assert (own.trace.file, own.trace.command, len(own.trace.digest)) == (
        "reports/tables/arms.csv",
        "dvc repro evaluate",
        12,
    )


def test_a_long_table_opens_with_the_primary_arm(tiny: STUDY) -> None:
    entry = next(entry for entry in entries(tiny[1]) if entry.name == "subgroups")
    own = block(entry, layout=tiny[1], primary="dual", titles={})
    assert own.first is not None
    assert own.rest is not None
    assert (len(own.first.rows), len(own.rest.rows)) == (10, 10)


def test_a_short_table_is_whole() -> None:
    frame = pd.DataFrame({"arm": ["dual", "systole"] * (LONG // 2)})
    assert len(parted(frame, primary="dual")[1]) == 0


def test_a_long_table_without_arms_is_whole() -> None:
    assert len(parted(pd.DataFrame({"reader": ["a"] * 50}), primary="dual")[0]) == 50


def test_rows_that_all_lack_the_same_are_one_reason() -> None:
    frame = pd.DataFrame({"arm": ["a", "b"], "openings": ["0", "0"], "reason": ["closed", "closed"]})
    assert why_empty(frame) == "closed"


@pytest.mark.parametrize("column", [{"n": ["1", None]}, {"reason": ["closed", "other"]}])
def test_a_table_with_figures_or_several_reasons_is_shown(column: dict[str, list[str | None]]) -> None:
    frame = pd.DataFrame({"arm": ["a", "b"], "reason": ["closed", "closed"], **column})
    assert why_empty(frame) == ""


def test_an_unknown_table_is_no_part_of_the_study(tmp_path: Path) -> None:
    rows, why = table_rows(Layout("tiny", tmp_path), name="leakage")
    assert rows.empty
    assert why == "not part of this study: no table leakage"
