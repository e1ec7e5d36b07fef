"""The flow of a study in counts, and its figure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.record.flow import Flow, Units, flow_of, is_analysed
from tests.tiny_study import build

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def flow(tiny: STUDY) -> Flow:
    params, layout = tiny
    return flow_of(params, layout=layout)


@pytest.fixture
def study(tmp_path: Path) -> STUDY:
    """A tiny study that may be broken."""
    return build(tmp_path)


def test_files_balance(flow: Flow) -> None:
    assert (flow.files, flow.files_used, dict(flow.files_excluded)) == (39, 36, {"scout": 3})


def test_cines_and_patients_are_counted(flow: Flow) -> None:
    assert (flow.found, flow.labelled, flow.unlabelled) == (Units(9, 18), Units(9, 18), Units(0, 0))


def test_the_parts_are_those_of_the_primary_arm(flow: Flow) -> None:
    assert flow.parts["holdout"] == Units(1, 2)
    assert sum(part.cines for part in flow.parts.values()) == 18


def test_the_analysed_are_the_answered(flow: Flow) -> None:
    assert (flow.analysed, flow.unanswered) == (Units(8, 16), Units(0, 0))


def test_the_classes_of_the_analysed_add_up(flow: Flow) -> None:
    assert sum(units.cines for units in flow.analysed_by_class.values()) == 16


def test_canvases_are_counted_by_recipe(flow: Flow) -> None:
    assert (dict(flow.prepared), dict(flow.unprepared)) == ({"coarse": 18}, {"coarse": {}})


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("files", {"files": 40}),
        ("cines", {"unlabelled": Units(1, 1)}),
        ("split", {"unsplit": Units(1, 1)}),
        ("analysed cines", {"unanswered": Units(1, 1)}),
        ("classes", {"analysed_by_class": {"hcm": Units(1, 1)}}),
        ("canvases coarse", {"prepared": {"coarse": 17}}),
    ],
)
def test_counts_that_do_not_balance_are_refused(flow: Flow, step: str, change: dict[str, object]) -> None:
    with pytest.raises(TableError, match=f"flow, {step}"):
        replace(flow, **change).check()


def test_metrics_of_another_cohort_are_refused(study: STUDY) -> None:
    params, layout = study
    content = json.loads(layout.metrics.read_text(encoding="utf-8"))
    content["arms"]["dual"]["n_cines"] = 15
    tables.write_bytes(layout.metrics, json.dumps(content).encode())
    with pytest.raises(TableError, match="expected 15 cines of 8 patients"):
        flow_of(params, layout=layout)


def test_a_cine_without_files_is_refused(study: STUDY) -> None:
    params, layout = study
    files = tables.read(layout.sources, table=tables.SOURCES)
    tables.write(files.iloc[2:], table=tables.SOURCES, path=layout.sources)
    with pytest.raises(TableError, match="in one of the two alone"):
        flow_of(params, layout=layout)


def test_a_file_of_a_whole_stack_stands_for_all_of_its_cines(study: STUDY) -> None:
    params, layout = study
    cines = tables.read(layout.cines, table=tables.CINES).assign(source="acdc")
    tables.write(cines, table=tables.CINES, path=layout.cines)
    files = tables.read(layout.sources, table=tables.SOURCES)
    tables.write(files.iloc[2:], table=tables.SOURCES, path=layout.sources)
    assert flow_of(params, layout=layout).analysed.cines > 0


def test_a_cine_without_a_label_is_counted_as_such(study: STUDY) -> None:
    params, layout = study
    labels = tables.read(layout.labels, table=tables.LABELS)
    held = tables.read(layout.folds, table=tables.FOLDS)
    held = held[held["part"] == "holdout"]["cine_id"]
    labels.loc[labels["cine_id"].isin(set(held)), "pathology"] = None
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    folds = tables.read(layout.folds, table=tables.FOLDS)
    tables.write(folds[folds["part"] != "holdout"], table=tables.FOLDS, path=layout.folds)
    assert flow_of(params, layout=layout).unlabelled == Units(1, 2)


def test_persons_are_counted_where_two_numbers_are_one(study: STUDY, tmp_path: Path) -> None:
    params, layout = study
    first, second = tables.read(layout.cines, table=tables.CINES)["patient_id"].unique()[:2]
    tables.write_bytes(tmp_path / "links.csv", f"patient,same_person_as\n{first},{second}\n".encode())
    content = json.loads(layout.metrics.read_text(encoding="utf-8"))
    content["arms"]["dual"]["n_patients"] = 7
    tables.write_bytes(layout.metrics, json.dumps(content).encode())
    split = params.split.model_copy(update={"links": str(tmp_path / "links.csv")})
    flow = flow_of(params.model_copy(update={"split": split}), layout=layout)
    assert (flow.found.patients, flow.analysed.patients) == (8, 7)


def test_folds_and_the_test_part_are_analysed() -> None:
    assert [is_analysed(part) for part in ("0", "5", "test", "holdout", "train")] == [True, True, True, False, False]
