"""The model card: from the run, with intervals, and with what only a person can say."""

import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.report.page import build

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def card(tiny: STUDY) -> str:
    params, layout = tiny
    return build(params, layout=layout).card


@pytest.mark.parametrize(
    "section",
    [
        "Model",
        "Intended use",
        "Data",
        "Training",
        "Figures",
        "Limitations that follow from the run",
        "Ethical considerations",
    ],
)
def test_it_has_its_sections(card: str, section: str) -> None:
    assert f"\n## {section}\n" in card


def test_synthetic_images_are_named_first(card: str) -> None:
    assert "**Synthetic images: the figures say nothing about patients.**" in card.split("## Model")[0]


def test_figures_have_intervals_and_counts(card: str) -> None:
    assert "- HCM, sensitivity: 0.900 (0.555 to 0.997), 1 of 1 patients" in card


def test_a_figure_that_is_not_there_has_a_reason(card: str) -> None:
    assert "- DCM, sensitivity: –, no case of dcm" in card


def test_what_the_study_does_not_state_is_asked_for(card: str) -> None:
    assert "- Intended use: to be stated by the study: conf/study" in card


def test_what_the_study_lacks_is_a_limitation_said_once(card: str) -> None:
    assert card.count("not part of this study: add arms X\n") == 2  # the price on the figures, and all tables together


def test_a_closed_hold_out_is_a_limitation(card: str) -> None:
    assert "The hold-out is closed" in card


def test_a_table_of_the_hold_out_without_a_row_is_a_closed_one(tiny: STUDY) -> None:
    params, layout = tiny
    for name, arm in params.arms.items():
        table = tables.predictions(arm.target)
        tables.write(tables.from_rows([], table=table), table=table, path=layout.holdout(name))
    card = build(params, layout=layout).card
    for name in params.arms:
        layout.holdout(name).unlink()
    assert "The hold-out is closed" in card


def test_a_study_that_drew_none_does_not_call_it_closed(tiny: STUDY) -> None:
    params, layout = tiny
    own = params.model_copy(update={"split": params.split.model_copy(update={"holdout_share": 0.0})})
    card = build(own, layout=layout).card
    assert "No hold-out was drawn" in card
    assert "folds and no hold-out, drawn by patient" in card


def test_people_s_matters_are_left_to_people(card: str) -> None:
    assert card.count("*For a person:*") == 2


def test_tables_have_the_rows_of_the_primary_arm_alone(card: str) -> None:
    assert "view_systole" not in card.split("### Subgroups")[1].split("##")[0]


def test_a_table_names_its_file_and_digest(card: str) -> None:
    assert "`reports/tables/classes.csv`, sha256 `" in card


def test_it_holds_no_path_of_the_machine(card: str, tiny: STUDY) -> None:
    assert str(tiny[1].base) not in card
