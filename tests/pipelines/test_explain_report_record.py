"""The last three stages, one after the other, on the tiny study."""

import json
import sys

import pytest

from cinemyo import tables
from cinemyo.layout import Layout
from pipelines import explain, record, report
from tests.pipelines.project import link_code
from tests.tiny_study import build


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The study after explain, report and record."""
    base = tmp_path_factory.mktemp("stages")
    _, layout = build(base)
    link_code(base)
    tables.write_bytes(layout.heat_maps / "dual" / "removed.png", b"png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for arm in ("dual", "view_systole"):
            patch.setattr(sys, "argv", ["explain", arm])
            explain.main()
        for stage in (report, record):
            stage.main()
    return layout


def test_both_arms_are_measured(layout: Layout) -> None:
    for name in ("dual", "view_systole"):
        frame = tables.read(layout.attention(name), table=tables.ATTENTION)
        assert set(frame["arm"]) == {name}


def test_both_arms_have_an_overview(layout: Layout) -> None:
    assert len(list(layout.heat_maps.glob("*/overview.png"))) == 2


def test_stale_drawings_are_gone(layout: Layout) -> None:
    assert not (layout.heat_maps / "dual" / "removed.png").exists()


def test_explain_leaves_its_provenance(layout: Layout) -> None:
    found = json.loads(layout.provenance("explain@dual").read_text(encoding="utf-8"))
    assert "data/tiny/attention/dual.csv" in found["outputs"]


def test_the_report_is_written(layout: Layout) -> None:
    assert layout.report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_out_of_record_holds_content_alone(layout: Layout) -> None:
    found = json.loads(layout.recorded.read_text(encoding="utf-8"))
    assert set(found) == {"study", "arms"}
    assert all(len(digest) == 64 for digest in found["arms"].values())


def test_the_store_lies_beside_the_out_of_record(layout: Layout) -> None:
    assert (layout.recorded.parent / "mlflow.db").is_file()
