"""The last three stages, one after the other, on the tiny study."""

import json
from pathlib import Path

import pytest

from cinemyo import tables
from cinemyo.layout import Layout
from pipelines import explain, record, report
from tests.tiny_study import build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The study after explain, report and record."""
    base = tmp_path_factory.mktemp("stages")
    _, layout = build(base)
    for name in ("src", "pipelines"):
        (base / name).symlink_to(ROOT / name)
    stale = layout.heat_maps / "removed" / "overview.png"
    tables.write_bytes(stale, b"png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for stage in (explain, report, record):
            stage.main()
    return layout


def test_both_arms_are_measured(layout: Layout) -> None:
    frame = tables.read(layout.attention, table=tables.ATTENTION)
    assert set(frame["arm"]) == {"dual", "view_systole"}


def test_both_arms_have_an_overview(layout: Layout) -> None:
    assert len(list(layout.heat_maps.glob("*/overview.png"))) == 2


def test_drawings_of_a_removed_arm_are_gone(layout: Layout) -> None:
    assert not (layout.heat_maps / "removed").exists()


def test_explain_leaves_its_provenance(layout: Layout) -> None:
    found = json.loads(layout.provenance("explain").read_text(encoding="utf-8"))
    assert "reports/attention.csv" in found["outputs"]


def test_the_report_is_written(layout: Layout) -> None:
    assert layout.report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_out_of_record_holds_content_alone(layout: Layout) -> None:
    found = json.loads(layout.recorded.read_text(encoding="utf-8"))
    assert set(found) == {"study", "arms"}
    assert all(len(digest) == 64 for digest in found["arms"].values())


def test_the_store_lies_beside_the_out_of_record(layout: Layout) -> None:
    assert (layout.recorded.parent / "mlflow.db").is_file()
