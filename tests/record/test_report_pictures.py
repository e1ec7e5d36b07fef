"""Figures of the page, and what made each file."""

from pathlib import Path

import pytest

from cinemyo import tables
from cinemyo.layout import Layout
from cinemyo.record.report.pictures import pictures, place
from cinemyo.record.report.traces import stage_of, trace
from tests.record.pictures import png


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout("tiny", tmp_path)
    for name in ("accuracy", "confusion_dual", "learning_dual", "learning_gone", "something_new"):
        tables.write_bytes(layout.figures / f"{name}.png", png(4, 4))
    return layout


def test_figures_of_the_study_alone_are_shown(layout: Layout) -> None:
    titles = [picture.title for picture in pictures(layout, arms=["dual"])]
    assert titles == ["Accuracy of the arms", "Learning curves, arm dual", "Something new"]


def test_a_figure_stands_in_its_section(layout: Layout) -> None:
    assert [picture.section for picture in pictures(layout, arms=["dual"])] == ["performance", "paper", "performance"]


def test_the_longest_arm_name_wins(layout: Layout) -> None:
    tables.write_bytes(layout.figures / "learning_view_dual.png", png(4, 4))
    arms = [picture.arm for picture in pictures(layout, arms=["dual", "view_dual"])]
    assert arms == ["", "dual", "view_dual", ""]


def test_the_longest_beginning_wins() -> None:
    assert place("figure_3_dual")[0] == "errors"


def test_a_figure_has_command_and_digest(layout: Layout) -> None:
    made = pictures(layout, arms=["dual"])[0].trace
    assert (made.command, made.file, len(made.digest)) == ("dvc repro evaluate", "reports/figures/accuracy.png", 12)


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("reports/tables/arms.csv", "evaluate"),
        ("reports/metrics.json", "evaluate"),
        ("reports/errors/dual.png", "evaluate"),
        ("reports/heat_maps/dual/overview.png", "explain@dual"),
        ("reports/contact_sheets/coarse/sheet_1.png", "contact_sheet@coarse"),
        ("reports/flow.svg", "report"),
        ("data/tiny/cines.csv", "ingest"),
        ("data/tiny/exclusions.csv", "ingest"),
        ("data/tiny/folds.csv", "split"),
        ("data/tiny/phases.csv", "locate"),
        ("data/tiny/prepared/coarse/prepared.csv", "prepare@coarse"),
        ("data/tiny/predictions/dual.csv", "train@dual"),
    ],
)
def test_every_file_has_its_stage(path: str, stage: str, tmp_path: Path) -> None:
    assert stage_of(tmp_path / path, layout=Layout("tiny", tmp_path)) == stage


def test_a_trace_changes_with_the_file(layout: Layout) -> None:
    path = layout.figures / "accuracy.png"
    before = trace(path, layout=layout).digest
    path.write_bytes(png(5, 5))
    assert trace(path, layout=layout).digest != before
