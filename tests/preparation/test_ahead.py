"""Canvases made elsewhere, in shares: the stage finds them finished."""

from pathlib import Path
from typing import Any

import pytest

from cinemyo import tables
from cinemyo.errors import SourceError
from cinemyo.launching.choice import HERE
from cinemyo.launching.jobs import Outcome
from cinemyo.layout import Layout
from cinemyo.preparation import ahead
from cinemyo.preparation.ahead import prepare_ahead
from cinemyo.preparation.locate import locate
from cinemyo.preparation.prepare import Prepared, prepare, work_of
from tests.launching.here import SLURM, Sent
from tests.preparation.study import annotated, exam
from tests.preparation.test_prepare import RECIPE
from tests.preparation.test_region import CONFIG


def located(base: Path) -> Layout:
    cines, layout = exam(base)
    regions, _ = locate(cines, layout=layout, labels=annotated(), config=CONFIG)
    tables.write(regions, table=tables.REGIONS, path=layout.regions)
    return layout


def prepared(layout: Layout) -> Prepared:
    cines = tables.read(layout.cines, table=tables.CINES)
    regions = tables.read(layout.regions, table=tables.REGIONS)
    done = work_of(layout, name="standard", recipe=RECIPE)
    return prepare(cines, layout=layout, regions=regions, name="standard", recipe=RECIPE, finished=done)


def test_the_stage_makes_no_canvas_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, sent = located(tmp_path), Sent()
    monkeypatch.setattr(ahead, "each", sent.each)
    prepare_ahead(layout, name="standard", recipe=RECIPE, launcher=SLURM)
    assert len(sent.jobs) == SLURM.shares
    assert prepared(layout) == Prepared(cines=3, reused=3)


def test_on_this_machine_nothing_is_done_ahead(tmp_path: Path) -> None:
    layout = located(tmp_path)
    prepare_ahead(layout, name="standard", recipe=RECIPE, launcher=HERE)
    assert prepared(layout) == Prepared(cines=3, reused=0)


def test_a_fault_of_a_share_is_that_of_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = SourceError("cine c", expected="a", got="b", remedy="c")

    def each(_work: Any, jobs: list[Any], **_: Any) -> Any:
        return iter([Outcome(jobs[0], None, fault)])

    monkeypatch.setattr(ahead, "each", each)
    with pytest.raises(SourceError, match="cine c"):
        prepare_ahead(located(tmp_path), name="standard", recipe=RECIPE, launcher=SLURM)
